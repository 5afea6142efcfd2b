"""Values that are hard to store, and writes that fail: all of a batch, or nothing of it."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from operators.events import PlanEvent
from operators.rows import Batch, DeadLetter, StateRow
from sinks.database import DatabaseError, open_database
from sinks.schema import ensure_schema
from sinks.writer import SinkWriter

MakeEvent = Callable[..., PlanEvent]
MakeState = Callable[..., StateRow]
Contents = Callable[[sa.Engine], dict[str, list[tuple[Any, ...]]]]
Positions = Callable[[sa.Engine], list[tuple[str, int, int]]]


def test_dead_letters_keep_what_no_database_can_hold(engine: sa.Engine, writer: SinkWriter, contents: Contents) -> None:
    """Broken input may hold anything; it is kept readable, and not dropped."""
    letter = DeadLetter("day.csv", 1, "price", "not a number: '\0'", "A\0B\ud800é")
    assert writer.write(Batch(dead_letters=(letter, letter))).dead_letters == 1
    assert contents(engine)["dead_letters"][0][4] == r"A\x00B\ud800é"


def test_data_may_hold_any_text(
    engine: sa.Engine, writer: SinkWriter, make_event: MakeEvent, contents: Contents
) -> None:
    data = {"why": "tab\t newline\n backslash\\ quote' null\0 half\ud800 é €", "mark": ["\0", "\\N", "\\."]}
    event = make_event(data=data)
    assert writer.write(Batch(events=(event, make_event(seq=2)))).events == 2
    assert contents(engine)["plan_events"][0][7] == data
    assert writer.write(Batch(events=(event,))).divergences == 0


def test_large_instants_and_odd_prices_come_back_exactly(
    engine: sa.Engine, writer: SinkWriter, make_event: MakeEvent, contents: Contents
) -> None:
    prices = [0.1 + 0.2, 1e-9, 123456.789012345, 100, 5e-324, 1.7976931348623157e308]
    events = [make_event(seq=seq, price=price, at_ns=2**63 - seq) for seq, price in enumerate(prices, 1)]
    writer.write(Batch(events=tuple(events)))
    assert [(row[5], row[6]) for row in contents(engine)["plan_events"]] == [(e.at_ns, e.price) for e in events]
    assert writer.write(Batch(events=tuple(events))).divergences == 0


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused_by_name_and_nothing_is_left(
    engine: sa.Engine,
    writer: SinkWriter,
    make_event: MakeEvent,
    make_state: MakeState,
    number: float,
    contents: Contents,
) -> None:
    """SQLite would make a null of it, without a word."""
    good = make_event("P1", 1)
    for broken, words in (
        (Batch(events=(good, make_event("P2", 9, price=number))), "plan P2 seq 9: price"),
        (Batch(events=(good, make_event("P2", 9, data={"why": "", "x": [number]}))), "plan P2 seq 9: data"),
        (Batch(events=(good,), states=(make_state(), make_state("P2", open_r=number))), "plan P2: open_r"),
    ):
        with pytest.raises(ValueError, match=words):
            writer.write(broken)
    assert not any(contents(engine).values())


def test_a_row_that_the_database_refuses_leaves_nothing_of_its_batch(
    engine: sa.Engine, writer: SinkWriter, batch: Batch, make_state: MakeState, contents: Contents, positions: Positions
) -> None:
    """Events, states and progress are one transaction; the writer goes on as if it had never tried."""
    broken = Batch(plans=batch.plans, events=batch.events, states=(make_state("P1", symbol=None),))
    with pytest.raises(Exception, match=r"(?i)not.null"):
        writer.write(broken)
    assert not any(contents(engine).values())
    assert writer.write(batch).events == 3
    assert [position for _, _, position in positions(engine)] == [1, 2, 3]


def test_a_full_disk_is_said_and_leaves_nothing_half_written(
    engine: sa.Engine, writer: SinkWriter, batch: Batch, make_event: MakeEvent, contents: Contents
) -> None:
    writer.write(batch)
    before = contents(engine)
    with engine.begin() as connection:
        connection.execute(sa.text(FULL[engine.dialect.name]))
        connection.execute(sa.text(FULL_TRIGGER[engine.dialect.name]))
    many = tuple(make_event("P9", seq) for seq in range(1, 20_000))
    with pytest.raises(DatabaseError, match="disk is full; free some space"):
        writer.write(Batch(events=many))
    assert contents(engine) == before


@pytest.mark.postgres
def test_a_server_that_dies_in_mid_batch_leaves_nothing_and_is_found_again(
    postgresql_url: str, batch: Batch, contents: Contents
) -> None:
    engine = open_database(postgresql_url)
    ensure_schema(engine)
    dying = "CREATE TRIGGER dying BEFORE INSERT ON plan_states EXECUTE FUNCTION die()"
    with engine.begin() as connection:
        connection.execute(sa.text(DIE))
        connection.execute(sa.text(dying))
    writer = SinkWriter(engine, "tape")
    with pytest.raises(DatabaseError, match="it cannot be reached"):
        writer.write(batch)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TRIGGER dying ON plan_states"))
    assert not any(contents(engine).values())
    assert writer.write(batch).last_stream_seq == 3
    engine.dispose()


DIE = """
    CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$
"""
FULL = {
    "sqlite": "PRAGMA max_page_count = 1",  # the present size, as it may not shrink
    "postgresql": """
        CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$
    """,
}
FULL_TRIGGER = {
    "sqlite": "SELECT 1",
    "postgresql": "CREATE TRIGGER full_disk BEFORE INSERT ON plan_events EXECUTE FUNCTION fill()",
}
