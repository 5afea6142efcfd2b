"""The style table holds the numbers that were agreed, and nothing else differs by style."""

import pytest

from operators.bars.columns import Interval
from operators.engine.styles import (
    EXPECTED_MOVE_CAP,
    FRACTIONS,
    MINIMUM_SPACING_ATR,
    RUNNER_FRACTION,
    STYLES,
)
from operators.plans import Style

ORDER = [Style.SCALP, Style.INTRADAY, Style.SWING, Style.LEAP]

AGREED = {
    "bar": [Interval.M1, Interval.M5, Interval.M60, Interval.D1],
    "bar_minutes": [1, 5, 60, 390],
    "horizon_minutes": [60, 390, 3_900, 23_400],
    "within_session": [True, True, False, False],
    "minimum_stop_atr": [0.6, 0.9, 1.2, 1.5],
    "maximum_stop_atr": [1.6, 2.0, 2.5, 3.0],
    "minimum_reward_to_risk": [1.2, 1.4, 1.8, 2.0],
    "ideals": [(0.30, 0.60, 0.90), (0.45, 0.80, 1.10), (0.55, 0.90, 1.25), (0.65, 1.0, 1.3)],
    "snap_window_atr": [0.15, 0.20, 0.25, 0.30],
    "trail_atr": [0.8, 1.0, 1.2, 1.3],
}


@pytest.mark.parametrize("field", list(AGREED))
def test_a_column_of_the_table_is_as_agreed(field: str) -> None:
    assert [getattr(STYLES[style], field) for style in ORDER] == AGREED[field]


def test_the_table_has_no_column_and_no_style_besides() -> None:
    assert set(STYLES) == set(Style)
    assert set(STYLES[Style.SCALP].__slots__) == set(AGREED)


def test_cap_and_spacing_are_those_of_every_style() -> None:
    assert (EXPECTED_MOVE_CAP, MINIMUM_SPACING_ATR) == (1.1, 0.35)


@pytest.mark.parametrize("count", list(FRACTIONS))
def test_targets_and_runner_are_the_whole_position(count: int) -> None:
    assert len(FRACTIONS[count]) == count
    assert sum(FRACTIONS[count]) + RUNNER_FRACTION == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("style", "left", "minutes", "bars"),
    [
        (Style.SCALP, 390.0, 60, 60),
        (Style.SCALP, 20.0, 20, 20),
        (Style.INTRADAY, 120.0, 120, 24),
        (Style.INTRADAY, None, 390, 78),
        (Style.SWING, 20.0, 3_900, 65),
        (Style.LEAP, 0.0, 23_400, 60),
    ],
)
def test_a_horizon_within_the_session_ends_with_it(
    style: Style, left: float | None, minutes: float, bars: float
) -> None:
    assert STYLES[style].minutes_ahead(left) == minutes
    assert STYLES[style].bars_ahead(left) == bars
