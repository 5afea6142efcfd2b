"""What makes a row a tick: told per row, over columns and for whole frames, always the same."""

from math import inf, nan
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.usable import TimeBounds, unusable, why_unusable
from tests.oracle.times import parse_ns

DAY = TimeBounds(parse_ns("2013-10-08T04:00:00Z"), parse_ns("2013-10-09T04:00:00Z"), "2013-10-08")
AT_NS = parse_ns("2013-10-08T14:00:00Z")
SCHEMA = {"symbol": pl.String(), "sip_ns": pl.Int64(), "price": pl.Float64(), "size": pl.Float64()}


def why(row: Any) -> tuple[str, str] | None:
    """What keeps symbol, time, price and size from being a tick of that day."""
    symbol, sip_ns, price, size = row
    return why_unusable(symbol, sip_ns, price, size, DAY)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (("A", AT_NS, 0.0001, 0.0), None),
        (("A", DAY.low_ns, 10.0, 1.5), None),
        ((None, AT_NS, 10.0, 1.0), ("symbol", "is missing")),
        (("", AT_NS, 10.0, 1.0), ("symbol", "is missing")),
        (("A", None, 10.0, 1.0), ("sip_ns", "is missing")),
        (("A", DAY.low_ns - 1, 10.0, 1.0), ("sip_ns", "got 2013-10-08T03:59:59.999999999Z; outside 2013-10-08")),
        (("A", DAY.high_ns, 10.0, 1.0), ("sip_ns", "got 2013-10-09T04:00:00Z; outside 2013-10-08")),
        (
            ("A", AT_NS // 1_000_000, 10.0, 1.0),
            ("sip_ns", "got 1381240800000; outside 2013-10-08; 13 digits are not ns since 1970"),
        ),
        (("A", AT_NS, None, 1.0), ("price", "is missing")),
        (("A", AT_NS, 0.0, 1.0), ("price", "got 0; must be dollars above 0")),
        (("A", AT_NS, -1.5, 1.0), ("price", "got -1.5; must be dollars above 0")),
        (("A", AT_NS, nan, 1.0), ("price", "got nan; must be dollars above 0")),
        (("A", AT_NS, inf, 1.0), ("price", "got inf; must be dollars above 0")),
        (("A", AT_NS, 10.0, None), ("size", "is missing")),
        (("A", AT_NS, 10.0, -1.0), ("size", "got -1; must be shares, 0 or more")),
        (("A", AT_NS, 10.0, nan), ("size", "got nan; must be shares, 0 or more")),
    ],
)
def test_a_row_that_is_no_tick_names_the_field_and_the_reason(row: Any, told: tuple[str, str] | None) -> None:
    assert why(row) == told


values = st.tuples(
    st.sampled_from(["A", "A", "A", "A", "B", "", None]),
    st.sampled_from([AT_NS, AT_NS, AT_NS, DAY.low_ns, DAY.low_ns - 1, DAY.high_ns - 1, DAY.high_ns, 0, None]),
    st.sampled_from([10.0, 10.0, 10.0, 0.0001, 1e308, 0.0, -1.0, nan, inf, -inf, None]),
    st.sampled_from([100.0, 100.0, 100.0, 0.0, 0.5, -0.0, -1.0, nan, inf, None]),
)
good_values = st.tuples(
    st.sampled_from(["A", "B"]),
    st.integers(DAY.low_ns, DAY.high_ns - 1),
    st.floats(1e-6, 1e6),
    st.floats(0, 1e9),
)


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(good_values, max_size=6) | st.lists(good_values | values, max_size=6),
    categorical=st.booleans(),
)
def test_columns_are_judged_as_their_rows_are(rows: list[Any], categorical: bool) -> None:
    """Whatever type the symbols have, the mask says of every row what the row alone says."""
    dtype = pl.Categorical() if categorical else pl.String()
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row").with_columns(pl.col("symbol").cast(dtype))
    bad = [why(row) is not None for row in rows]
    assert frame.select(bad=unusable(DAY)).get_column("bad").to_list() == bad
