"""Rows in the order of their codes: what a stable sort gives, wide columns and narrow ones."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.by_code import ByCode


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=60))
def test_rows_stand_as_a_stable_sort_by_code_leaves_them(codes: list[int]) -> None:
    """None where they stand so already."""
    code = np.array(codes, dtype=np.uint16)
    rows, order = ByCode.of(code), sorted(range(len(codes)), key=codes.__getitem__)
    if rows is None:
        assert order == list(range(len(codes)))
        return
    for kind in (np.int64, np.float64, np.uint16, np.uint8):
        column = np.arange(len(codes)).astype(kind)
        found = rows.put(column)
        assert found.dtype == kind
        assert found.tolist() == order
