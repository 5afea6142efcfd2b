"""Canonical JSON: one text for one value."""

import json
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.canonical import canonical, canonical_many

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(
    SCALARS | st.just("\0"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)


@given(st.lists(VALUES, max_size=6))
def test_many_at_once_read_as_each_alone(values: list[Any]) -> None:
    """Also when a value holds the mark that stands between them."""
    assert canonical_many(values) == [canonical(value) for value in values]


@given(VALUES)
def test_what_was_written_reads_back(value: Any) -> None:
    assert json.loads(canonical(value)) == value


def test_the_order_of_keys_does_not_matter() -> None:
    assert canonical({"a": 1, "b": {"d": 2, "c": 3}}) == canonical({"b": {"c": 3, "d": 2}, "a": 1})


def test_a_read_only_mapping_is_written_like_a_dict() -> None:
    assert canonical(MappingProxyType({"why": "x"})) == '{"why":"x"}'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_no_number_that_json_lacks_is_written(value: float) -> None:
    """Neither as NaN, which no other program reads, nor silently as null."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_many([{"level": 1.0}, {"level": value}])


def test_a_value_without_json_form_is_named() -> None:
    with pytest.raises(TypeError, match="a set has no JSON form"):
        canonical({"why": {1}})
