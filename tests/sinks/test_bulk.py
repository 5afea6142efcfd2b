"""Rows that go to a database many at once."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from sinks.bulk import MANY_TOGETHER, TOGETHER, insert_new, upsert
from sinks.tables import dead_letters, metadata, progress

SQLITE_PARAMETERS = 32_766


def test_no_statement_has_more_parameters_than_sqlite_takes() -> None:
    assert TOGETHER < MANY_TOGETHER
    assert MANY_TOGETHER * max(len(table.columns) for table in metadata.sorted_tables) <= SQLITE_PARAMETERS


def counts() -> Iterator[int]:
    """Numbers of rows around every border between statements of one, many and very many rows."""
    for border in (TOGETHER, MANY_TOGETHER, MANY_TOGETHER + TOGETHER, 2 * MANY_TOGETHER):
        yield from (border - 1, border, border + 1)


@pytest.mark.parametrize("count", [0, 1, *counts()])
def test_every_row_is_written_once_however_many_come(engine: sa.Engine, count: int) -> None:
    rows = [("tape", row, "price", "why", str(row)) for row in range(count)]
    with engine.begin() as connection:
        assert insert_new(connection, dead_letters, rows) == count
        assert insert_new(connection, dead_letters, rows) == 0
        found = connection.execute(sa.select(dead_letters).order_by(dead_letters.c.row)).all()
    assert [tuple(row) for row in found] == rows


@pytest.mark.parametrize("count", [1, *counts()])
def test_rows_are_replaced_where_they_are_not_older(engine: sa.Engine, count: int) -> None:
    first = [("plans", f"S{row:05}", 10, row, 0, 0, 0, 0) for row in range(count)]
    later = [(*row[:2], 9 + row[3] % 3, *row[3:]) for row in first]
    with engine.begin() as connection:
        assert upsert(connection, progress, first, ("tape_ns",)) == count
        assert upsert(connection, progress, later, ("tape_ns",)) == sum(row[2] >= 10 for row in later)
        found = connection.execute(sa.select(progress).order_by(progress.c.symbol)).all()
    assert [row.tape_ns for row in found] == [max(10, row[2]) for row in later]
