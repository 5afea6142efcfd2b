"""VWAP reclaim (intraday, five-minute bars).

Setup: after half an hour or more of closes below the session's VWAP a bar closes above it: who sold at the day's
average is now at a loss.  Source: B. Shannon, Technical Analysis Using Multiple Timeframes (2008), who reads VWAP as
the line between buyers' and sellers' control of a session.  Short: the mirror, a VWAP lost.
"""

from dataclasses import dataclass
from typing import Final

from operators.bars.columns import Floats, Interval
from operators.plans import Style
from operators.scan.detectors.detector import Detector, Rule
from operators.scan.detectors.gates import INTRADAY_GATES
from operators.scan.detectors.measures import close_location
from operators.scan.features.five import FiveFeatures


@dataclass(frozen=True, slots=True)
class Parameters:
    """Minutes after the open and before the close; five-minute bars; distances in five-minute ATR."""

    first: float = 45
    """The opening rush is over, and six bars can have closed below."""
    left: float = 45
    below: float = 6
    """Closes in a row: half an hour."""
    beyond: float = 0.1
    chase: float = 1.5
    flat: float = -0.75
    """How far VWAP may have fallen in half an hour: a steep one carries on."""
    location: float = 0.6
    busy: float = 1.0
    floor: float = 0.6


P: Final = Parameters()


def was_below(f: FiveFeatures) -> Floats:
    """Closes in a row below VWAP before this bar."""
    return -f.side_run


def reclaims(f: FiveFeatures) -> Floats:
    """How far the close lies above VWAP."""
    return (f.close - f.vwap) / f.atr


DETECTOR: Final[Detector[FiveFeatures]] = Detector(
    strategy="vwap_reclaim",
    style=Style.INTRADAY,
    interval=Interval.M5,
    floor=P.floor,
    atr="atr",
    gates=INTRADAY_GATES,
    rules=(
        Rule("was_below", was_below, P.below, weight=2),
        Rule("reclaims", reclaims, P.beyond, P.chase, weight=2),
        Rule("time", lambda f: f.minute, P.first, weight=0),
        Rule("time_left", lambda f: f.minutes_left, P.left, weight=0),
        Rule("flat_vwap", lambda f: (f.vwap - f.vwap_ago) / f.atr, P.flat, weight=1, required=False),
        Rule("averages", lambda f: (f.ema_fast - f.ema_slow) / f.atr, 0.0, weight=1, required=False),
        Rule("close_location", close_location, P.location, weight=1, required=False),
        Rule("above_prior_close", lambda f: (f.close - f.prior_close) / f.atr, 0.0, weight=1, required=False),
        Rule("busy", lambda f: f.relative_volume, P.busy, weight=1, required=False),
    ),
)
