"""Opening-range breakout retest (scalp, one-minute bars).

Setup: a close breaks out of the first 15 minutes' range; the price comes back to the edge that it broke; a bar turns
there and closes beyond the edge again.  Source: T. Crabel, Day Trading with Short Term Price Patterns and Opening Range
Breakout (1990) for the range; the retest is the classical throwback (Edwards and Magee, Technical Analysis of Stock
Trends) on the intraday scale.  Short: the mirror, below the range.
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
    """Minutes after the open; distances in one-minute ATR; range width in daily ATR."""

    first: float = 18
    """The range takes 15 minutes, a breakout and a retest at least three more."""
    last: float = 150
    """A range of the open has said what it has to say by noon."""
    broke: float = 1.0
    """A close one average bar beyond the edge: more than noise."""
    touch: float = 0.5
    """Half a bar around the edge counts as back at it (three bars may hold the touch) ..."""
    undercut: float = 1.5
    """... and a dip below it by more than one and a half bars is a failed breakout."""
    beyond: float = 0.2
    chase: float = 2.5
    """The turn closes beyond the edge, and near enough for the stop to lie behind it."""
    width: tuple[float, float] = (0.1, 0.8)
    """A range of nearly a whole day's ATR leaves no room; a tenth of one is no range (Crabel's stretch)."""
    location: float = 0.6
    busy: float = 1.0
    floor: float = 0.7


P: Final = Parameters()


def broke_out(f: MinuteFeatures) -> Floats:
    """How far the best close since the range was complete lay beyond its edge."""
    return (f.best_close - f.range15_high) / f.atr


def retest(f: MinuteFeatures) -> Floats:
    """How far the lowest of the last three lows stands off the edge."""
    return (f.recent_low - f.range15_high) / f.atr


def closes_beyond(f: MinuteFeatures) -> Floats:
    """How far the close lies beyond the edge."""
    return (f.close - f.range15_high) / f.atr


DETECTOR: Final[Detector[MinuteFeatures]] = Detector(
    strategy="opening_range_retest",
    style=Style.SCALP,
    interval=Interval.M1,
    floor=P.floor,
    atr="atr",
    window=("minute", P.first, P.last),
    gates=INTRADAY_GATES,
    rules=(
        Rule("closes_beyond", closes_beyond, P.beyond, P.chase, weight=1),
        Rule("retest", retest, -P.undercut, P.touch, weight=2),
        Rule("broke_out", broke_out, P.broke, weight=2),
        Rule("turned_up", lambda f: (f.close - f.open) / f.atr, 0.0, weight=1),
        Rule("time", lambda f: f.minute, P.first, P.last, weight=0),
        Rule("above_vwap", lambda f: (f.close - f.vwap) / f.atr, 0.0, weight=1, required=False),
        Rule("close_location", close_location, P.location, weight=1, required=False),
        Rule("range_width", lambda f: (f.range15_high - f.range15_low) / f.atr_1d, *P.width, weight=1, required=False),
        Rule("busy", lambda f: f.relative_volume, P.busy, weight=1, required=False),
    ),
)
