"""Numbers for texts: the same text always the same number, however the column holds it."""

import gc

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.lookup import Lookup

WORDS = ["", "a", "bb", "ccc", "dddd"]
DTYPES = [pl.String(), pl.Categorical(), pl.Enum(WORDS), pl.Enum(WORDS[::-1])]


@pytest.mark.parametrize("dtype", DTYPES, ids=["text", "categorical", "enum", "other enum"])
def test_every_row_gets_the_number_of_its_text(dtype: pl.DataType) -> None:
    """A null counts as the empty text."""
    found = Lookup(len).column(pl.Series(["a", None, "ccc", "", "a", "bb"], dtype=dtype))
    assert (found.tolist(), found.dtype) == ([1, 0, 3, 0, 1, 2], np.int32)


@pytest.mark.parametrize("dtype", DTYPES, ids=["text", "categorical", "enum", "other enum"])
def test_an_empty_column_has_no_numbers(dtype: pl.DataType) -> None:
    assert Lookup(len).column(pl.Series([], dtype=dtype)).tolist() == []


@pytest.mark.parametrize("dtype", [pl.String(), pl.Categorical()])
def test_a_text_keeps_its_number_when_earlier_columns_are_gone(dtype: pl.DataType) -> None:
    """Polars gives a category's code to another text once nobody holds the first."""
    lookup = Lookup(len)
    for word in ("a", "bb", "ccc"):
        column = pl.Series([word], dtype=dtype)
        assert lookup.column(column).tolist() == [len(word)]
        del column
        gc.collect()


@settings(max_examples=100, deadline=None)
@given(
    columns=st.lists(
        st.tuples(st.sampled_from(DTYPES), st.lists(st.none() | st.sampled_from(WORDS), max_size=6)), max_size=5
    )
)
def test_one_lookup_serves_columns_of_all_kinds_in_any_order(
    columns: list[tuple[pl.DataType, list[str | None]]],
) -> None:
    lookup = Lookup(len)
    for dtype, texts in columns:
        assert lookup.column(pl.Series(texts, dtype=dtype)).tolist() == [len(text or "") for text in texts]
