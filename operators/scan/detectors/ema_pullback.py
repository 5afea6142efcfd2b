"""EMA pullback in a trend (swing, daily bars).

Setup: in a rising market (20-session average above the 50-session one, both rising) the price comes back to the
20-session average and closes up again.  Source: L. Raschke and L. Connors, Street Smarts (1995), "Holy Grail": ADX
high, first pullback to the 20-period exponential average, entry above the bar that turned.  Short: the mirror.
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

    apart: float = 0.5
    """Half a day's range between the averages: a trend one can see."""
    rising: float = 0.0
    """What the 20-session average gained in 5 sessions: the pullback has slowed it, not turned it."""
    touch: tuple[float, float] = (-1.0, 0.4)
    """The two sessions' low lies around the average: not through it by more than a day's range."""
    close: tuple[float, float] = (0.0, 1.5)
    """The close is back above it, and not gone."""
    turned: float = 0.1
    came_from: float = 1.25
    """The month's high lies above: it was a pullback, not a pause."""
    trend: float = 20.0
    """Raschke asks for an ADX of 30 and rising at the high; by the pullback it has come down."""
    location: float = 0.6
    floor: float = 0.7


P: Final = Parameters()


def averages(f: DailyFeatures) -> Floats:
    """How far the 20-session average lies above the 50-session one."""
    return (f.ema_fast - f.ema_slow) / f.atr


def touch(f: DailyFeatures) -> Floats:
    """How far the two sessions' low lies off the 20-session average."""
    return (f.dip_low - f.ema_fast) / f.atr


DETECTOR: Final[Detector[DailyFeatures]] = Detector(
    strategy="ema_pullback",
    style=Style.SWING,
    interval=Interval.D1,
    floor=P.floor,
    atr="atr_60m",
    gates=SWING_GATES,
    rules=(
        Rule("averages", averages, P.apart, weight=2),
        Rule("rising", lambda f: (f.ema_fast - f.fast_ago) / f.atr, P.rising, weight=1),
        Rule("touch", touch, *P.touch, weight=2),
        Rule("closes_above", lambda f: (f.close - f.ema_fast) / f.atr, *P.close, weight=1),
        Rule("turned", lambda f: (f.close - f.before) / f.atr, P.turned, weight=1),
        Rule("slow_rising", lambda f: (f.ema_slow - f.slow_ago) / f.atr, 0.0, weight=1, required=False),
        Rule("came_from", lambda f: (f.month_high - f.close) / f.atr, P.came_from, weight=1, required=False),
        Rule("trend", lambda f: f.adx, P.trend, weight=1, required=False),
        Rule("close_location", close_location, P.location, weight=1, required=False),
    ),
)
