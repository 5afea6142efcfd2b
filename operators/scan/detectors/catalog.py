"""All detectors, in the order of their names.  Rule: a name is given once."""

from typing import Any, Final

from operators.bars.columns import Interval
from operators.scan.detectors import (
    base_breakout,
    ema_pullback,
    inside_day_breakout,
    midday_reversion,
    opening_gap_fill,
    opening_range_retest,
    power_hour_trend,
    vwap_cluster,
    vwap_reclaim,
)
from operators.scan.detectors.detector import Detector

DETECTORS: Final[tuple[Detector[Any], ...]] = (
    base_breakout.DETECTOR,
    ema_pullback.DETECTOR,
    inside_day_breakout.DETECTOR,
    midday_reversion.DETECTOR,
    opening_gap_fill.DETECTOR,
    opening_range_retest.DETECTOR,
    power_hour_trend.DETECTOR,
    vwap_cluster.DETECTOR,
    vwap_reclaim.DETECTOR,
)


def at(interval: Interval) -> tuple[Detector[Any], ...]:
    """Return the detectors that run at the ends of an interval's bars."""
    return tuple(detector for detector in DETECTORS if detector.interval is interval)
