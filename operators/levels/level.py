"""A key level.  Rule: it may decide nothing before `available_at_ns`."""

from enum import StrEnum

import msgspec


class LevelKind(StrEnum):
    """What made the price worth remembering."""

    PRIOR_DAY_HIGH = "prior_day_high"
    PRIOR_DAY_LOW = "prior_day_low"
    PRIOR_DAY_CLOSE = "prior_day_close"
    PRIOR_WEEK_HIGH = "prior_week_high"
    PRIOR_WEEK_LOW = "prior_week_low"
    PRIOR_WEEK_CLOSE = "prior_week_close"
    PREMARKET_HIGH = "premarket_high"
    PREMARKET_LOW = "premarket_low"
    OPENING_RANGE_5_HIGH = "opening_range_5_high"
    OPENING_RANGE_5_LOW = "opening_range_5_low"
    OPENING_RANGE_15_HIGH = "opening_range_15_high"
    OPENING_RANGE_15_LOW = "opening_range_15_low"
    OPENING_RANGE_30_HIGH = "opening_range_30_high"
    OPENING_RANGE_30_LOW = "opening_range_30_low"
    SESSION_HIGH = "session_high"
    SESSION_LOW = "session_low"
    GAP_PRIOR_CLOSE = "gap_prior_close"
    GAP_OPEN = "gap_open"
    VWAP = "vwap"
    VWAP_UPPER_1 = "vwap_upper_1"
    VWAP_LOWER_1 = "vwap_lower_1"
    VWAP_UPPER_2 = "vwap_upper_2"
    VWAP_LOWER_2 = "vwap_lower_2"
    AVWAP_OPEN = "avwap_open"
    AVWAP_PRIOR_HIGH = "avwap_prior_high"
    AVWAP_PRIOR_LOW = "avwap_prior_low"
    POC = "poc"
    VAH = "vah"
    VAL = "val"
    DEVELOPING_POC = "developing_poc"
    DEVELOPING_VAH = "developing_vah"
    DEVELOPING_VAL = "developing_val"
    SWING_HIGH_5M = "swing_high_5m"
    SWING_LOW_5M = "swing_low_5m"
    SWING_HIGH_60M = "swing_high_60m"
    SWING_LOW_60M = "swing_low_60m"
    SWING_HIGH_1D = "swing_high_1d"
    SWING_LOW_1D = "swing_low_1d"
    PIVOT = "pivot"
    R1 = "r1"
    R2 = "r2"
    R3 = "r3"
    S1 = "s1"
    S2 = "s2"
    S3 = "s3"
    ROUND = "round"


class Level(msgspec.Struct, frozen=True, gc=False):
    """One level.  `price`: dollars, above 0; `strength`: 0 to 1; times in ns UTC.

    `since_ns`: start of the bar or period that made it; `available_at_ns`: when it, at this price, was first known.
    """

    price: float
    kind: LevelKind
    strength: float
    since_ns: int
    available_at_ns: int


Mark = tuple[float, LevelKind, int, int]
"""A level not yet graded: price, kind, since_ns, available_at_ns."""
