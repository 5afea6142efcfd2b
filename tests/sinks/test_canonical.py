"""Canonical JSON: one text for one value."""

import json
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinks.canonical import canonical, canonical_of_many, quick, quick_lines

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(
    SCALARS | st.just("\0"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=200)
@given(VALUES | st.floats(0, 1e-3) | st.floats(1e15, 1e18) | st.floats(0.01, 1e5).map(lambda price: round(price, 2)))
def test_the_quick_way_writes_the_same_or_nothing(value: Any) -> None:
    """Numbers of every size, texts of every kind, and keys in any order."""
    assert quick(value) in (None, canonical(value))


@given(st.lists(VALUES | st.floats(0, 1e-3) | st.floats(1e15, 1e18), max_size=4))
def test_many_at_once_are_written_the_same_or_not_at_all(values: list[Any]) -> None:
    assert quick_lines(values) in (None, list(map(canonical, values)))
    prices = [{"level": 99.5, "at": None}, {"why": "a [1]"}]
    assert quick_lines(prices) == list(map(canonical, prices))


@pytest.mark.parametrize("value", [{"level": 99.5, "at": None}, [1.0, 2.25, 1e-4], {"why": "made-1e of 3 e5 trades"}])
def test_usual_values_take_the_quick_way(value: Any) -> None:
    assert quick(value) == canonical(value)


class Document(msgspec.Struct):
    """Fields out of order, as documents may have them."""

    level: float
    at: str | None = None


@settings(max_examples=200)
@given(VALUES | st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_many_numbers_are_written_as_few_are(value: Any, level: float) -> None:
    """Whether or not their bytes look like those of an infinity, and in typed documents, too."""
    assert canonical_of_many([value, Document(level)]) == canonical([value, {"level": level, "at": None}])


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
        canonical([{"level": 1.0}, {"level": value}])
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_of_many([1.0, Document(value)])


def test_a_value_without_json_form_is_named() -> None:
    with pytest.raises(TypeError, match="a set has no JSON form"):
        canonical({"why": {1}})
