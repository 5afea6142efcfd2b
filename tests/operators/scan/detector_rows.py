"""Bars' features by hand: one row per detector at which it fires long, and what spoils each required condition.

Prices are around 100 with an ATR of 1 dollar on the bar's interval and 10 on the day's, unless said otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np

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
from operators.scan.features.columns import Features
from operators.scan.features.daily import DailyFeatures
from operators.scan.features.five import FiveFeatures
from operators.scan.features.minute import MinuteFeatures

Row = dict[str, float]

TRADING: Final[Row] = {"dollars": 1e6, "coverage": 1.0, "moving": 1.0, "since_hole": 1440.0, "relative_volume": 1.2}
TURNED: Final[Row] = {"open": 99.9, "high": 100.6, "low": 99.8, "close": 100.5}
INTRADAY_MISSES: Final[dict[str, Row]] = {
    "dollars": {"dollars": 19_000},
    "coverage": {"coverage": 0.69},
    "no_hole": {"since_hole": 29},
    "moving": {"moving": 0.49},
}
DAILY_MISSES: Final[dict[str, Row]] = {
    "dollars": {"dollars": 4.9e6},
    "coverage": {"coverage": 0.89},
    "moving": {"moving": 0.49},
}
SWING_MISSES: Final[dict[str, Row]] = {**DAILY_MISSES, "hour_atr_known": {"atr_60m": np.nan}}


@dataclass(frozen=True)
class Example:
    """A detector, the row at which it fires long, and changes that each spoil one required condition alone.

    `lost`: changes after which no optional condition holds, and all required ones still do.
    """

    detector: Detector[Any]
    kind: type[Features]
    row: Row
    misses: dict[str, Row]
    lost: Row


EXAMPLES: Final = (
    Example(
        opening_range_retest.DETECTOR,
        MinuteFeatures,
        {
            **TRADING,
            **TURNED,
            "range15_high": 100.0,
            "range15_low": 96.0,
            "best_close": 101.2,
            "recent_low": 99.7,
            "vwap": 99.0,
            "atr": 1.0,
            "atr_1d": 10.0,
            "minute": 40.0,
        },
        {
            **INTRADAY_MISSES,
            "closes_beyond": {"close": 100.1},
            "retest": {"recent_low": 100.6},
            "broke_out": {"best_close": 100.9},
            "turned_up": {"open": 100.55},
            "time": {"minute": 151.0},
        },
        {"vwap": 101.0, "low": 100.45, "high": 102.0, "range15_low": 99.5, "relative_volume": 0.5},
    ),
    Example(
        vwap_cluster.DETECTOR,
        MinuteFeatures,
        {
            **TRADING,
            **TURNED,
            "cluster_top": 100.0,
            "cluster_bottom": 99.0,
            "recent_low": 99.8,
            "wide_high": 103.5,
            "session_open": 98.0,
            "prior_close": 97.0,
            "atr": 1.0,
            "minute": 100.0,
            "minutes_left": 290.0,
        },
        {
            **INTRADAY_MISSES,
            "narrow": {"cluster_bottom": 98.4},
            "closes_beyond": {"close": 100.05},
            "touch": {"recent_low": 100.6},
            "holds": {"recent_low": 97.9},
            "came_from": {"wide_high": 102.9},
            "turned_up": {"open": 100.55},
            "time": {"minute": 19.0},
            "time_left": {"minutes_left": 19.0},
        },
        {"high": 102.0, "session_open": 101.0, "prior_close": 101.0, "relative_volume": 0.5},
    ),
    Example(
        opening_gap_fill.DETECTOR,
        MinuteFeatures,
        {
            **TRADING,
            **TURNED,
            "session_open": 99.0,
            "prior_close": 105.0,
            "range5_high": 100.0,
            "session_high": 100.6,
            "session_low": 98.0,
            "vwap": 99.5,
            "prior_low": 95.0,
            "atr": 1.0,
            "atr_1d": 10.0,
            "minute": 20.0,
        },
        {
            **INTRADAY_MISSES,
            "gap": {"session_open": 103.1},
            "breaks_range": {"range5_high": 100.45},
            "room": {"close": 104.1, "range5_high": 103.0},
            "unfilled": {"session_high": 105.1},
            "time": {"minute": 91.0},
        },
        {"vwap": 101.0, "session_low": 93.0, "prior_low": 99.5, "high": 102.0, "relative_volume": 0.5},
    ),
    Example(
        midday_reversion.DETECTOR,
        FiveFeatures,
        {
            **TRADING,
            **TURNED,
            "before": 100.0,
            "vwap": 103.0,
            "vwap_ago": 103.2,
            "recent_low": 99.0,
            "rsi_low": -18.0,
            "atr": 1.0,
            "deviation": 2.0,
            "minute": 150.0,
            "minutes_left": 240.0,
        },
        {
            **INTRADAY_MISSES,
            "stretched": {"recent_low": 99.6},
            "room": {"close": 101.8},
            "turned": {"before": 100.45},
            "time": {"minute": 119.0},
            "time_left": {"minutes_left": 89.0},
        },
        {"rsi_low": -10.0, "vwap_ago": 105.0, "high": 102.0, "relative_volume": 2.0},
    ),
    Example(
        power_hour_trend.DETECTOR,
        FiveFeatures,
        {
            **TRADING,
            **TURNED,
            "session_open": 95.0,
            "channel_high": 100.2,
            "vwap": 98.0,
            "ema_fast": 99.5,
            "ema_slow": 99.0,
            "session_high": 100.6,
            "half_hour": 1.0,
            "atr": 1.0,
            "atr_1d": 10.0,
            "minutes_left": 40.0,
        },
        {
            **INTRADAY_MISSES,
            "day_move": {"session_open": 96.6},
            "breaks_channel": {"channel_high": 100.55},
            "above_vwap": {"vwap": 100.6},
            "averages": {"ema_fast": 98.9},
            "time_left": {"minutes_left": 14.0},
        },
        {"session_high": 102.0, "half_hour": -1.0, "ema_fast": 99.1, "high": 102.0, "relative_volume": 0.5},
    ),
    Example(
        vwap_reclaim.DETECTOR,
        FiveFeatures,
        {
            **TRADING,
            **TURNED,
            "side_run": -8.0,
            "vwap": 100.0,
            "vwap_ago": 100.2,
            "ema_fast": 99.5,
            "ema_slow": 99.0,
            "prior_close": 99.0,
            "atr": 1.0,
            "minute": 200.0,
            "minutes_left": 190.0,
        },
        {
            **INTRADAY_MISSES,
            "was_below": {"side_run": -5.0},
            "reclaims": {"vwap": 100.45},
            "time": {"minute": 44.0},
            "time_left": {"minutes_left": 44.0},
        },
        {"vwap_ago": 101.0, "ema_fast": 98.0, "high": 102.0, "prior_close": 101.0, "relative_volume": 0.5},
    ),
    Example(
        ema_pullback.DETECTOR,
        DailyFeatures,
        {
            "dollars": 1e8,
            "coverage": 1.0,
            "moving": 1.0,
            "atr": 1.0,
            "atr_60m": 0.4,
            "adx": 30.0,
            **TURNED,
            "before": 100.0,
            "ema_fast": 100.0,
            "fast_ago": 99.9,
            "ema_slow": 98.0,
            "slow_ago": 97.5,
            "dip_low": 99.7,
            "month_high": 102.5,
        },
        {
            **SWING_MISSES,
            "averages": {"ema_slow": 99.6},
            "rising": {"fast_ago": 100.1},
            "touch": {"dip_low": 100.45},
            "closes_above": {"close": 99.95, "before": 99.8},
            "turned": {"before": 100.45},
        },
        {"slow_ago": 98.1, "month_high": 100.6, "adx": 15.0, "high": 102.0},
    ),
    Example(
        inside_day_breakout.DETECTOR,
        DailyFeatures,
        {
            "dollars": 1e8,
            "coverage": 1.0,
            "moving": 1.0,
            "atr": 1.0,
            "atr_60m": 0.4,
            "volume_ratio": 1.2,
            **TURNED,
            "before_high": 100.0,
            "before_low": 99.5,
            "mother_high": 100.3,
            "mother_low": 99.0,
            "wider": 0.0,
            "ema_slow": 98.0,
        },
        {
            **SWING_MISSES,
            "breaks_out": {"before_high": 100.45, "mother_high": 100.5},
            "inside_high": {"mother_high": 99.9},
            "inside_low": {"before_low": 98.9},
        },
        {"wider": 0.3, "mother_high": 100.6, "ema_slow": 101.0, "high": 102.0, "volume_ratio": 0.8},
    ),
    Example(
        base_breakout.DETECTOR,
        DailyFeatures,
        {
            "dollars": 1e8,
            "coverage": 1.0,
            "moving": 1.0,
            "atr": 1.0,
            "volume_ratio": 1.6,
            **TURNED,
            "base_high": 100.0,
            "base_low": 95.0,
            "year_high": 100.6,
            "year_low": 80.0,
            "ema_slow": 97.0,
            "ema_slowest": 92.0,
        },
        {
            **DAILY_MISSES,
            "breaks_out": {"base_high": 100.45},
            "upper_part": {"year_high": 108.0},
            "tight_base": {"base_low": 93.4},
        },
        {"base_low": 95.0, "year_high": 103.0, "year_low": 91.0, "ema_slow": 90.0, "high": 102.0, "volume_ratio": 1.0},
    ),
)


def features(example: Example, row: Row) -> Features:
    """A single bar's features; what the row does not name is not available."""
    names = [field.name for field in fields(example.kind)][2:]
    assert set(row) <= set(names)
    columns = [np.array([row.get(name, np.nan)]) for name in names]
    return example.kind(np.array([1], dtype=np.int64), np.array([0], dtype=np.int64), *columns)


def mirrored_row(example: Example, row: Mapping[str, Any]) -> dict[str, Any]:
    """The row upside down: written out here once more, so that the features' own mirror is not its own judge."""
    partner = {name: name for name in row}
    for high, low in example.kind.PAIRS:
        partner |= {high: low, low: high}
    kept = example.kind.NEUTRAL
    return {partner[name]: value if name in kept else -value for name, value in row.items()}
