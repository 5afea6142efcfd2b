"""Levels that agree: a fact counts once, whatever its names."""

import pytest

from operators.levels.agreement import fact
from operators.levels.level import LevelKind as K


@pytest.mark.parametrize(
    "kinds",
    [
        (K.OPENING_RANGE_5_HIGH, K.OPENING_RANGE_15_HIGH, K.SESSION_HIGH, K.SWING_HIGH_5M, K.PREMARKET_HIGH),
        (K.PRIOR_DAY_LOW, K.PRIOR_WEEK_LOW, K.SWING_LOW_1D),
        (K.VWAP, K.AVWAP_OPEN),
        (K.PRIOR_DAY_CLOSE, K.GAP_PRIOR_CLOSE),
    ],
)
def test_one_print_one_average_and_one_close_are_one_fact(kinds: tuple[K, ...]) -> None:
    """The first high of the day is opening range, session and swing high at once."""
    assert len({fact(kind, 100.0) for kind in kinds}) == 1
    assert len({fact(kind, 100.0 + index) for index, kind in enumerate(kinds)}) == len(kinds)


def test_what_is_told_by_others_is_another_fact() -> None:
    """An average anchored at a high is none, and a high is no low."""
    kinds = (K.SESSION_HIGH, K.SESSION_LOW, K.VWAP, K.POC, K.ROUND, K.R1, K.AVWAP_PRIOR_HIGH)
    assert len({fact(kind, 100.0) for kind in kinds}) == len(kinds)
