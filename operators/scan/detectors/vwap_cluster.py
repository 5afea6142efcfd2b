"""VWAP cluster (scalp, one-minute bars).

Setup: the session's VWAP and a VWAP anchored at the prior session's high or low lie close together; the price comes
down to this cluster from above, touches it and turns up.  Source: B. Shannon, Maximum Trading Gains with Anchored VWAP
(2023): where averages of several groups of holders meet, the level is defended.  Short: the mirror, from below.
"""

from dataclasses import dataclass
from typing import Final

from operators.bars.columns import Floats, Interval
from operators.plans import Style
from operators.scan.detectors.detector import Detector, Rule
from operators.scan.detectors.gates import INTRADAY_GATES
from operators.scan.detectors.measures import close_location
from operators.scan.features.minute import MinuteFeatures


@dataclass(frozen=True, slots=True)
class Parameters:
    """Minutes after the open and before the close; distances in one-minute ATR."""

    first: float = 20
    """A VWAP of fewer minutes is the opening print and little else."""
    left: float = 20
    """A scalp needs some of the session to work out."""
    narrow: float = 1.5
    """One and a half average bars wide at most: one stop covers both averages."""
    touch: float = 0.5
    undercut: float = 1.0
    """Half a bar off the cluster is a touch; a whole bar below its lower edge is a break."""
    beyond: float = 0.1
    chase: float = 2.5
    came_from: float = 3.0
    """Within ten bars the price stood this far above: it came back, it did not just drift along the averages."""
    location: float = 0.6
    busy: float = 1.0
    floor: float = 0.7


P: Final = Parameters()


def narrow(f: MinuteFeatures) -> Floats:
    """How far apart the two averages are."""
    return (f.cluster_top - f.cluster_bottom) / f.atr


def touch(f: MinuteFeatures) -> Floats:
    """How far the lowest of the last three lows stands off the cluster's upper edge."""
    return (f.recent_low - f.cluster_top) / f.atr


def holds(f: MinuteFeatures) -> Floats:
    """How far the lowest of the last three lows stands off the cluster's lower edge."""
    return (f.recent_low - f.cluster_bottom) / f.atr


def closes_beyond(f: MinuteFeatures) -> Floats:
    """How far the close lies beyond the cluster's upper edge."""
    return (f.close - f.cluster_top) / f.atr


def came_from(f: MinuteFeatures) -> Floats:
    """How far the highest of the last ten highs lay beyond the cluster."""
    return (f.wide_high - f.cluster_top) / f.atr


DETECTOR: Final[Detector[MinuteFeatures]] = Detector(
    strategy="vwap_cluster",
    style=Style.SCALP,
    interval=Interval.M1,
    floor=P.floor,
    atr="atr",
    gates=INTRADAY_GATES,
    rules=(
        Rule("narrow", narrow, at_most=P.narrow, weight=2),
        Rule("closes_beyond", closes_beyond, P.beyond, P.chase, weight=1),
        Rule("touch", touch, at_most=P.touch, weight=1),
        Rule("holds", holds, -P.undercut, weight=1),
        Rule("came_from", came_from, P.came_from, weight=1),
        Rule("turned_up", lambda f: (f.close - f.open) / f.atr, 0.0, weight=1),
        Rule("time", lambda f: f.minute, P.first, weight=0),
        Rule("time_left", lambda f: f.minutes_left, P.left, weight=0),
        Rule("close_location", close_location, P.location, weight=1, required=False),
        Rule("day_trend", lambda f: (f.close - f.session_open) / f.atr, 0.0, weight=1, required=False),
        Rule("above_prior_close", lambda f: (f.close - f.prior_close) / f.atr, 0.0, weight=1, required=False),
        Rule("busy", lambda f: f.relative_volume, P.busy, weight=1, required=False),
    ),
)
