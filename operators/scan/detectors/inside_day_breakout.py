"""Inside-day breakout (swing, daily bars).

Setup: a session whose range lay inside the range of the one before it, then a session that closes beyond the inside
day's high.  Source: T. Crabel, Day Trading with Short Term Price Patterns and Opening Range Breakout (1990): inside
days and the narrowest range of seven (NR7) precede expansion.  Short: the mirror, a close below the inside day's low.
"""

from dataclasses import dataclass
from typing import Final

from operators.bars.columns import Floats, Interval
from operators.plans import Style
from operators.scan.detectors.detector import Detector, Rule
from operators.scan.detectors.gates import SWING_GATES
from operators.scan.detectors.measures import close_location
from operators.scan.features.daily import DailyFeatures


@dataclass(frozen=True, slots=True)
class Parameters:
    """Distances in daily ATR."""

    beyond: float = 0.1
    chase: float = 1.5
    """The close lies beyond the inside day, and its stop (behind it) is still near."""
    location: float = 0.6
    busy: float = 1.0
    floor: float = 0.6


P: Final = Parameters()


def breaks_out(f: DailyFeatures) -> Floats:
    """How far the close lies above the high of the session before."""
    return (f.close - f.before_high) / f.atr


DETECTOR: Final[Detector[DailyFeatures]] = Detector(
    strategy="inside_day_breakout",
    style=Style.SWING,
    interval=Interval.D1,
    floor=P.floor,
    atr="atr_60m",
    gates=SWING_GATES,
    rules=(
        Rule("breaks_out", breaks_out, P.beyond, P.chase, weight=2),
        Rule("inside_high", lambda f: (f.mother_high - f.before_high) / f.atr, 0.0, weight=1),
        Rule("inside_low", lambda f: (f.before_low - f.mother_low) / f.atr, 0.0, weight=1),
        Rule("narrowest_of_7", lambda f: f.wider / f.atr, at_most=0.0, weight=1, required=False),
        Rule("beyond_mother", lambda f: (f.close - f.mother_high) / f.atr, 0.0, weight=1, required=False),
        Rule("with_trend", lambda f: (f.close - f.ema_slow) / f.atr, 0.0, weight=1, required=False),
        Rule("close_location", close_location, P.location, weight=1, required=False),
        Rule("busy", lambda f: f.volume_ratio, P.busy, weight=1, required=False),
    ),
)
