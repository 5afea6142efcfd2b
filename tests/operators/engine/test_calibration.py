"""Calibration tables: monotone maps, or refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.engine.calibration import Calibration
from operators.engine.evaluation import evaluate
from tests.operators.engine.engine_cases import ask

TABLE = Calibration("2013", (0.1, 0.5, 0.9), (0.2, 0.4, 0.4))


@pytest.mark.parametrize(
    ("raw", "calibrated"), [(0.0, 0.2), (0.1, 0.2), (0.3, 0.3), (0.5, 0.4), (0.8, 0.4), (0.9, 0.4), (1.0, 0.4)]
)
def test_between_knots_the_map_is_straight_and_beyond_them_flat(raw: float, calibrated: float) -> None:
    assert TABLE.apply(raw) == pytest.approx(calibrated, abs=1e-12)


@given(low=st.floats(0, 1), high=st.floats(0, 1))
def test_the_map_keeps_the_order(low: float, high: float) -> None:
    assert TABLE.apply(min(low, high)) <= TABLE.apply(max(low, high))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (("", (0.0, 1.0), (0.0, 1.0)), "needs a name"),
        (("t", (0.5,), (0.5,)), "two or more knots"),
        (("t", (0.0, 1.0), (0.5,)), "as many raw"),
        (("t", (0.0, 1.5), (0.0, 1.0)), "0 to 1"),
        (("t", (0.0, float("nan")), (0.0, 1.0)), "0 to 1"),
        (("t", (0.5, 0.5), (0.0, 1.0)), "must ascend"),
        (("t", (0.0, 1.0), (0.6, 0.5)), "must not descend"),
    ],
)
def test_a_table_that_is_no_monotone_map_is_refused(fields: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told) as refusal:
        Calibration(*fields)
    assert "\n" not in str(refusal.value)


def test_a_profile_says_that_its_probabilities_are_calibrated_and_keeps_the_raw_ones() -> None:
    raw, calibrated = evaluate(ask()), evaluate(ask(calibration=TABLE))
    assert (raw.calibration, calibrated.calibration) == (None, "2013")
    assert raw.probabilities == tuple(target.raw_probability for target in raw.targets)
    assert calibrated.probabilities == tuple(TABLE.apply(each) for each in raw.probabilities)
    assert [target.raw_probability for target in calibrated.targets] == list(raw.probabilities)
    assert calibrated.probabilities != raw.probabilities
