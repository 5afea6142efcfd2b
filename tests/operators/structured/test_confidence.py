"""Confidence is the share of weighted conditions met, told with its parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.structured.conditions import Condition, confidence

CONDITIONS = st.builds(
    Condition,
    name=st.sampled_from(["a", "b", "c"]),
    value=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    ok=st.booleans(),
    weight=st.integers(0, 50).map(lambda tenths: tenths / 10),
    required=st.booleans(),
)


def condition(weight: float, *, ok: bool, value: float | None = 1.0) -> Condition:
    return Condition("c", value, ok, weight, required=False)


def test_weights_count_and_not_heads() -> None:
    told = confidence([condition(3, ok=True), condition(1, ok=False), condition(0, ok=False)])
    assert (told.value, told.met_weight, told.total_weight) == (0.75, 3, 4)
    assert [part.ok for part in told.parts] == [True, False, False]


@pytest.mark.parametrize("conditions", [[], [condition(0, ok=True)]])
def test_nothing_that_weighs_is_no_confidence_at_all(conditions: list[Condition]) -> None:
    assert confidence(conditions).value is None


@given(conditions=st.lists(CONDITIONS, max_size=8), data=st.data())
def test_it_is_a_share_and_no_order_matters(conditions: list[Condition], data: st.DataObject) -> None:
    told = confidence(conditions)
    assert told.value is None or 0 <= told.value <= 1
    assert confidence(data.draw(st.permutations(conditions))).value == told.value
    assert confidence([condition(5, ok=True), *conditions]).value >= (told.value or 0)  # type: ignore[operator]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_value_that_is_no_number_is_not_available(value: float) -> None:
    assert confidence([condition(1, ok=True, value=value)]).parts[0].value is None


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_a_weight_that_is_none_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="condition 'c': got weight"):
        confidence([condition(weight, ok=True)])
