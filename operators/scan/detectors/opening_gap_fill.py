"""Opening gap fill (scalp, one-minute bars).

Setup, long: the session opens below the prior close by a gap of ordinary size, and the price breaks the first five
minutes' high towards the prior close, which it has not reached yet.  Source: the gap fade; R. Edwards and J. Magee
(Technical Analysis of Stock Trends) tell the common gap, soon closed, from the breakaway gap, which news makes and
which stays open: hence the bounds on its size.  Short: the mirror, a gap up that breaks the first five minutes' low.
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
    """Minutes after the open; gaps in daily ATR, distances at the bar in one-minute ATR."""

    first: float = 6
    """The first bar after the five minutes' range."""
    last: float = 90
    """Most fills come within the first hour and a half."""
    gap: tuple[float, float] = (0.2, 1.5)
    """Under a fifth of a day's range there is nothing to earn; over one and a half it is news."""
    room: float = 0.1
    """Left to the prior close: the first target must be worth the risk."""
    beyond: float = 0.1
    chase: float = 4.0
    """How far beyond the five minutes' range the bar may close."""
    extended: float = 0.5
    """How far the session may have gone on in the gap's direction."""
    location: float = 0.6
    busy: float = 1.0
    floor: float = 0.6


P: Final = Parameters()


def gap(f: MinuteFeatures) -> Floats:
    """The gap to be filled."""
    return (f.prior_close - f.session_open) / f.atr_1d


def breaks_range(f: MinuteFeatures) -> Floats:
    """How far the close lies beyond the five minutes' range."""
    return (f.close - f.range5_high) / f.atr


def room(f: MinuteFeatures) -> Floats:
    """What is left of the gap at the close."""
    return (f.prior_close - f.close) / f.atr_1d


def unfilled(f: MinuteFeatures) -> Floats:
    """What was left of the gap at the session's best price."""
    return (f.prior_close - f.session_high) / f.atr_1d


DETECTOR: Final[Detector[MinuteFeatures]] = Detector(
    strategy="opening_gap_fill",
    style=Style.SCALP,
    interval=Interval.M1,
    floor=P.floor,
    atr="atr",
    window=("minute", P.first, P.last),
    gates=INTRADAY_GATES,
    rules=(
        Rule("gap", gap, *P.gap, weight=2),
        Rule("breaks_range", breaks_range, P.beyond, P.chase, weight=2),
        Rule("room", room, P.room, weight=1),
        Rule("unfilled", unfilled, 0.0, weight=1),
        Rule("time", lambda f: f.minute, P.first, P.last, weight=0),
        Rule("above_vwap", lambda f: (f.close - f.vwap) / f.atr, 0.0, weight=1, required=False),
        Rule(
            "not_extended",
            lambda f: (f.session_open - f.session_low) / f.atr_1d,
            at_most=P.extended,
            weight=1,
            required=False,
        ),
        Rule(
            "inside_prior_range",
            lambda f: (f.session_open - f.prior_low) / f.atr_1d,
            0.0,
            weight=1,
            required=False,
        ),
        Rule("close_location", close_location, P.location, weight=1, required=False),
        Rule("busy", lambda f: f.relative_volume, P.busy, weight=1, required=False),
    ),
)
