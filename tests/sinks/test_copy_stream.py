"""COPY in pieces that are made while the server takes those before: nothing is lost, doubled or out of order."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from operators.events import PlanEvent
from operators.rows import Batch, StateRow
from sinks.copy_stream import streamed
from sinks.writer import SinkWriter

MANY, WIDE = 60, 100_000
"""Pieces, and bytes of each: far more than fits between client and server."""
MakeEvent = Callable[..., PlanEvent]
MakeState = Callable[..., StateRow]
Contents = Callable[[sa.Engine], dict[str, list[tuple[Any, ...]]]]


@pytest.fixture
def connection(postgresql_url: str) -> Iterator[psycopg.Connection]:
    """A connection to a database with one table."""
    url = sa.make_url(postgresql_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE things (number integer, text text)")
        connection.commit()
        yield connection


def test_all_pieces_arrive_in_order_and_the_work_meanwhile_is_done(connection: psycopg.Connection) -> None:
    """What the server cannot take yet waits, also behind work that ends before the server does."""
    steps = iter(range(3))
    with connection.cursor() as cursor:
        pieces = (f"{number}\t{'x' * WIDE}\n" for number in range(MANY))
        streamed(cursor, "COPY things FROM STDIN", pieces, steps)
        assert cursor.rowcount == MANY
    assert next(steps, None) is None
    found = connection.execute("SELECT number, length(text) FROM things ORDER BY ctid").fetchall()
    assert found == [(number, WIDE) for number in range(MANY)]


@pytest.mark.parametrize("where", ["pieces", "meanwhile"])
def test_what_fails_while_it_is_made_leaves_nothing_and_is_raised(connection: psycopg.Connection, where: str) -> None:
    def broken() -> Iterator[str]:
        yield "1\ta\n"
        raise ValueError(where)

    given = (broken(), ()) if where == "pieces" else (["1\ta\n"], broken())
    with pytest.raises(ValueError, match=where), connection.cursor() as cursor:
        streamed(cursor, "COPY things FROM STDIN", *given)
    connection.rollback()
    assert connection.execute("SELECT count(*) FROM things").fetchone() == (0,)


def test_the_state_of_a_plan_that_diverges_is_not_written_though_it_was_made_ahead(
    engine: sa.Engine, writer: SinkWriter, make_event: MakeEvent, make_state: MakeState, contents: Contents
) -> None:
    names = [f"P{number:04}" for number in range(1_200)]
    writer.write(Batch(events=tuple(map(make_event, names)), states=tuple(map(make_state, names))))
    again = [make_event(name, 2) for name in names]
    again[700] = replace(make_event(names[700], 1), price=1.0)
    report = writer.write(Batch(events=tuple(again), states=tuple(make_state(name, 2) for name in names)))
    assert (report.divergences, report.states) == (1, 1_199)
    states = {row[0]: row[18] for row in contents(engine)["plan_states"]}
    assert states == {name: 1 if name == names[700] else 2 for name in names}
