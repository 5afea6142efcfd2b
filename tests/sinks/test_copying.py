"""The text that COPY reads says exactly what the rows hold, whatever is in them."""

import re
from typing import Any

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from sinks.copying import copied

TABLE = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("name", sa.Text),
    sa.Column("data", sa.JSON),
    sa.Column("count", sa.BigInteger),
    sa.Column("price", sa.Double),
    sa.Column("done", sa.Boolean),
)
TEXTS = st.text(st.sampled_from("aN\\\t\n\r é"), max_size=6) | st.sampled_from([r"\N", "null", r"\."])
ROWS = st.tuples(
    TEXTS | st.none(),
    TEXTS,
    st.integers(-(2**63), 2**63 - 1) | st.none(),
    st.floats(allow_nan=False, allow_infinity=False) | st.none(),
    st.booleans(),
)
ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}


def read(text: str) -> list[tuple[Any, ...]]:
    """Read it as PostgreSQL documents its text format."""
    return [tuple(map(value, line.split("\t"))) for line in text.split("\n")[:-1]]


def value(written: str) -> str | None:
    if written == r"\N":
        return None
    return re.sub(r"\\(.)", lambda found: ESCAPES[found[1]], written)


@given(st.lists(ROWS, min_size=1, max_size=5))
def test_what_is_written_is_what_is_read(rows: list[tuple[Any, ...]]) -> None:
    """Tabs, line ends, backslashes, texts that look like NULL, numbers of any size."""
    found = read(copied(TABLE, rows))
    assert [row[:2] for row in found] == [row[:2] for row in rows]
    numbers = [(int(row[2]) if row[2] else None, float(row[3]) if row[3] else None, row[4] == "true") for row in found]
    assert numbers == [row[2:] for row in rows]


def test_no_rows_are_no_text() -> None:
    """Not an empty line, which would be a row."""
    assert copied(TABLE, []) == ""
