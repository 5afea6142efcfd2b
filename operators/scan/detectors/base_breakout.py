"""Base breakout in the upper part of the 52-week range (leap, daily bars).

Setup: six weeks or more of sideways trading in the upper part of the year's range, then a close beyond the base.
Source: W. J. O'Neil, How to Make Money in Stocks (flat base, breakout on volume 40 % above the 50-day average); the
52-week high as a predictor: T. J. George and C. Y. Hwang, The 52-Week High and Momentum Investing (Journal of Finance
59, 2004).  Short: the mirror, a close below a base in the lower part of the range.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from operators.bars.columns import Floats, Interval
from operators.plans import Style
from operators.scan.detectors.detector import Detector, Rule
from operators.scan.detectors.gates import DAILY_GATES
from operators.scan.detectors.measures import close_location
from operators.scan.features.daily import DailyFeatures


@dataclass(frozen=True, slots=True)
class Parameters:
    """Distances in daily ATR; parts of the 52-week range."""

    upper: float = 0.75
    """The close lies in the upper quarter of the year's range."""
    tight: float = 6.5
    """Height of 30 sessions; a random walk makes about seven."""
    beyond: float = 0.1
    chase: float = 2.0
    busy: float = 1.4
    """O'Neil's 40 % above average."""
    base_upper: float = 0.5
    """The base's own low lies in the upper half."""
    location: float = 0.6
    floor: float = 0.65


P: Final = Parameters()


def breaks_out(f: DailyFeatures) -> Floats:
    """How far the close lies above the base."""
    return (f.close - f.base_high) / f.atr


def year_part(f: DailyFeatures, price: Floats) -> Floats:
    """Where a price lies in the 52-week range, 0 to 1."""
    height = f.year_high - f.year_low
    part: Floats = (price - f.year_low) / np.where(height > 0, height, np.nan)
    return part


DETECTOR: Final[Detector[DailyFeatures]] = Detector(
    strategy="base_breakout",
    style=Style.LEAP,
    interval=Interval.D1,
    floor=P.floor,
    atr="atr",
    gates=DAILY_GATES,
    rules=(
        Rule("breaks_out", breaks_out, P.beyond, P.chase, weight=2),
        Rule("upper_part", lambda f: year_part(f, f.close), P.upper, weight=2),
        Rule("tight_base", lambda f: (f.base_high - f.base_low) / f.atr, at_most=P.tight, weight=1),
        Rule("base_upper", lambda f: year_part(f, f.base_low), P.base_upper, weight=1, required=False),
        Rule("year_trend", lambda f: (f.ema_slow - f.ema_slowest) / f.atr, 0.0, weight=1, required=False),
        Rule("close_location", close_location, P.location, weight=1, required=False),
        Rule("busy", lambda f: f.volume_ratio, P.busy, weight=1, required=False),
    ),
)
