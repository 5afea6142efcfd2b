"""The writer's promises: once, whole, in order, and no other content later."""

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest
import sqlalchemy as sa

from operators.events import Kind, PlanEvent
from operators.market_events import MarketEvent, Severity
from operators.rows import Batch, DeadLetter, PlanRow, ProgressRow, StateRow
from sinks import bulk
from sinks.database import DatabaseError, open_database
from sinks.reader import stream_of
from sinks.schema import ensure_schema
from sinks.streams import set_complete, set_inputs
from sinks.tables import metadata, plan_events
from sinks.writer import SinkWriter, write_market_events

MakeEvent = Callable[..., PlanEvent]
MakeState = Callable[..., StateRow]
MakePlan = Callable[..., PlanRow]


@pytest.fixture(autouse=True)
def copy_from_two_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that both of PostgreSQL's ways are walked: single rows go one way, several the other."""
    monkeypatch.setattr(bulk, "COPY_FROM", 2)


@pytest.fixture
def writer(engine: sa.Engine) -> SinkWriter:
    return SinkWriter(engine, "tape")


@pytest.fixture
def batch(make_event: MakeEvent, make_state: MakeState, make_plan: MakePlan) -> Batch:
    """Something of everything."""
    return Batch(
        plans=(make_plan("P1"), make_plan("P2")),
        events=(make_event("P2", 1), make_event("P1", 1), make_event("P1", 2, price=None)),
        states=(make_state("P1", 2), make_state("P2", 1, health=None)),
        dead_letters=(DeadLetter("day.csv", 7, "price", "not a number", "AAPL,x"),),
        progress=(ProgressRow("AAPL", 100, 10, 8, 1, 0, 1),),
    )


def contents(engine: sa.Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
        }


def positions(engine: sa.Engine) -> list[tuple[str, int, int]]:
    """(plan_id, seq, stream_seq) of all events, by position."""
    columns = (plan_events.c.plan_id, plan_events.c.seq, plan_events.c.stream_seq)
    with engine.connect() as connection:
        rows = connection.execute(sa.select(*columns).order_by(plan_events.c.stream_seq))
        return [(row[0], row[1], row[2]) for row in rows]


def test_a_batch_is_stored_as_it_was_given(engine: sa.Engine, writer: SinkWriter, batch: Batch) -> None:
    report = writer.write(batch)
    assert (report.plans, report.events, report.states, report.progress, report.dead_letters) == (2, 3, 2, 1, 1)
    assert (report.divergences, report.first_divergence, report.last_stream_seq) == (0, None, 3)
    rows = contents(engine)
    why = "last 99.5 at or below the stop, seq 2"
    at_ns = batch.events[2].at_ns
    assert rows["plan_events"][1] == (
        *("P1", 1, 2, "AAPL", "target_hit", at_ns, None),
        *({"why": why, "level": 99.5}, 3),
    )
    assert rows["plans"][0] == (
        *("P1", 1, "AAPL", "scalp", "long", batch.plans[0].registered_ns),
        dict(batch.plans[0].body),
    )
    assert rows["plan_states"][1][:5] == ("P2", 1, "AAPL", "open", None)
    assert rows["plan_states"][0][14] == 1 / 3
    assert rows["dead_letters"] == [("day.csv", 7, "price", "not a number", "AAPL,x")]
    assert rows["progress"] == [("tape", "AAPL", 100, 10, 8, 1, 0, 1)]
    assert rows["streams"] == [("tape", 3, 0, {}, False)]


def test_json_is_stored_canonically(engine: sa.Engine, writer: SinkWriter, make_event: MakeEvent) -> None:
    writer.write(Batch(events=(make_event(data=MappingProxyType({"why": "é", "a": {"c": 1, "b": 0.1}})),)))
    with engine.connect() as connection:
        text = connection.scalar(sa.select(sa.cast(plan_events.c.data, sa.Text)))
    assert text == r'{"a":{"b":0.1,"c":1},"why":"\u00e9"}'


def test_positions_follow_the_order_given(engine: sa.Engine, writer: SinkWriter, batch: Batch) -> None:
    writer.write(batch)
    assert positions(engine) == [("P2", 1, 1), ("P1", 1, 2), ("P1", 2, 3)]


def test_writing_again_changes_nothing(engine: sa.Engine, writer: SinkWriter, batch: Batch) -> None:
    """What makes at-least-once delivery exactly once."""
    writer.write(batch)
    before = contents(engine)
    report = writer.write(batch)
    assert (report.plans, report.events, report.dead_letters, report.divergences) == (0, 0, 0, 0)
    assert report.last_stream_seq == 3
    assert contents(engine) == before


def test_a_rerun_that_overtakes_leaves_no_gap(engine: sa.Engine, writer: SinkWriter, make_event: MakeEvent) -> None:
    """A batch cut elsewhere holds old and new events, in any mixture; only the new get positions."""
    first = [make_event("P1", seq) for seq in (1, 2, 3)]
    writer.write(Batch(events=tuple(first)))
    mixed = (make_event("P2", 1), first[1], make_event("P1", 4), first[2], make_event("P2", 2))
    report = writer.write(Batch(events=mixed))
    assert (report.events, report.divergences, report.last_stream_seq) == (3, 0, 6)
    assert positions(engine)[3:] == [("P2", 1, 4), ("P1", 4, 5), ("P2", 2, 6)]


def test_an_event_twice_in_a_batch_is_written_once(
    engine: sa.Engine, writer: SinkWriter, make_event: MakeEvent
) -> None:
    report = writer.write(Batch(events=(make_event(), make_event(), make_event(seq=2))))
    assert (report.events, report.divergences) == (2, 0)
    assert positions(engine) == [("P1", 1, 1), ("P1", 2, 2)]


def test_an_event_with_other_content_is_kept_out_counted_and_described(
    engine: sa.Engine, writer: SinkWriter, make_event: MakeEvent
) -> None:
    writer.write(Batch(events=(make_event("P1", 3, kind=Kind.STOPPED), make_event("P1", 4))))
    before = positions(engine)
    other = make_event("P1", 3, kind=Kind.TARGET_HIT, price=101.0)
    report = writer.write(Batch(events=(other, make_event("P1", 4, version=2), make_event("P1", 5))))
    assert (report.events, report.divergences) == (1, 2)
    assert report.first_divergence == (
        "plan P1 seq 3: stored stopped at 2013-10-08T13:30:00.000000003Z, "
        "now target_hit at 2013-10-08T13:30:00.000000003Z; price 99.5 became 101.0"
    )
    assert positions(engine) == [*before, ("P1", 5, 3)]
    assert contents(engine)["plan_events"][0][4] == "stopped"
    with engine.connect() as connection:
        stream = stream_of(connection, "tape")
    assert stream is not None
    assert stream.divergences == 2


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"symbol": "MSFT"},
        {"kind": Kind.AT_RISK},
        {"at_ns": 1},
        {"price": None},
        {"price": 99.50000000000001},
        {"data": {"why": "another", "level": 99.5}},
    ],
    ids=lambda change: "-".join(change),
)
def test_no_field_of_an_event_may_change(writer: SinkWriter, make_event: MakeEvent, change: dict[str, Any]) -> None:
    writer.write(Batch(events=(make_event(),)))
    report = writer.write(Batch(events=(make_event(**change),)))
    assert (report.events, report.divergences) == (0, 1)


def test_two_contents_in_one_batch_diverge_too(writer: SinkWriter, make_event: MakeEvent) -> None:
    report = writer.write(Batch(events=(make_event(), make_event(price=1.0))))
    assert (report.events, report.divergences) == (1, 1)


def test_a_plan_with_other_content_is_kept_out_counted_and_described(
    engine: sa.Engine, writer: SinkWriter, make_plan: MakePlan
) -> None:
    writer.write(Batch(plans=(make_plan(),)))
    report = writer.write(Batch(plans=(make_plan(body={**make_plan().body, "stop": 98.0}), make_plan("P2"))))
    assert (report.plans, report.divergences) == (1, 1)
    assert report.first_divergence == (
        "plan P1 version 1: stored registered at 2013-10-08T13:30:00Z, "
        "now registered at 2013-10-08T13:30:00Z; its body differs in stop"
    )
    assert contents(engine)["plans"][0][6]["stop"] == 99.0
    assert writer.write(Batch(plans=(make_plan(registered_ns=5),))).divergences == 1


def test_a_state_never_moves_back(engine: sa.Engine, writer: SinkWriter, make_state: MakeState) -> None:
    """Older by seq, or as old by seq and older by time: a rerun passes through both."""
    writer.write(Batch(states=(make_state(last_seq=5, updated_ns=50, phase="scaled"),)))
    for stale in (make_state(last_seq=4, updated_ns=90), make_state(last_seq=5, updated_ns=49)):
        assert writer.write(Batch(states=(stale,))).states == 0
        assert contents(engine)["plan_states"][0][3] == "scaled"
    for newer in (
        make_state(last_seq=5, updated_ns=50, gate="suppress"),
        make_state(last_seq=5, updated_ns=51, gate="allow"),
        make_state(last_seq=6, updated_ns=10, gate="defined_risk"),
    ):
        assert writer.write(Batch(states=(newer,))).states == 1
        assert contents(engine)["plan_states"][0][5] == newer.gate


def test_of_several_states_in_a_batch_the_newest_stays(
    engine: sa.Engine, writer: SinkWriter, make_state: MakeState
) -> None:
    states = (make_state(last_seq=1), make_state(last_seq=3, phase="stopped"), make_state(last_seq=2))
    assert writer.write(Batch(states=states)).states == 1
    assert contents(engine)["plan_states"][0][3] == "stopped"


def test_progress_never_moves_back(engine: sa.Engine, writer: SinkWriter) -> None:
    further, behind = ProgressRow("AAPL", 200, 20, 18, 1, 0, 1), ProgressRow("AAPL", 100, 10, 8, 1, 0, 1)
    assert writer.write(Batch(progress=(further, behind))).progress == 1
    assert writer.write(Batch(progress=(behind,))).progress == 0
    assert contents(engine)["progress"] == [("tape", "AAPL", 200, 20, 18, 1, 0, 1)]


def test_streams_have_their_own_progress_and_one_numbering(
    engine: sa.Engine, writer: SinkWriter, make_event: MakeEvent
) -> None:
    """Positions are those of the database, so that one cursor follows all streams."""
    row = (ProgressRow("AAPL", 100, 10, 8, 1, 0, 1),)
    writer.write(Batch(events=(make_event("P1", 1),), progress=row))
    SinkWriter(engine, "other").write(Batch(events=(make_event("P2", 1),), progress=row))
    writer.write(Batch(events=(make_event("P1", 2),)))
    assert [position for _, _, position in positions(engine)] == [1, 2, 3]
    rows = contents(engine)
    assert [row[:2] for row in rows["progress"]] == [("other", "AAPL"), ("tape", "AAPL")]
    assert [row[:2] for row in rows["streams"]] == [("other", 2), ("tape", 3)]


def test_dead_letters_keep_what_no_database_can_hold(engine: sa.Engine, writer: SinkWriter) -> None:
    """Broken input may hold anything; it is kept readable, and not dropped."""
    letter = DeadLetter("day.csv", 1, "price", "not a number: '\0'", "A\0B\ud800é")
    assert writer.write(Batch(dead_letters=(letter, letter))).dead_letters == 1
    assert contents(engine)["dead_letters"][0][4] == r"A\x00B\ud800é"


def test_data_may_hold_any_text(engine: sa.Engine, writer: SinkWriter, make_event: MakeEvent) -> None:
    data = {"why": "tab\t newline\n backslash\\ quote' null\0 half\ud800 é €", "mark": ["\0", "\\N", "\\."]}
    event = make_event(data=data)
    assert writer.write(Batch(events=(event, make_event(seq=2)))).events == 2
    assert contents(engine)["plan_events"][0][7] == data
    assert writer.write(Batch(events=(event,))).divergences == 0


def test_large_instants_and_odd_prices_come_back_exactly(
    engine: sa.Engine, writer: SinkWriter, make_event: MakeEvent
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
    engine: sa.Engine, writer: SinkWriter, batch: Batch, make_state: MakeState
) -> None:
    """Events, states and progress are one transaction; the writer goes on as if it had never tried."""
    broken = Batch(plans=batch.plans, events=batch.events, states=(make_state("P1", symbol=None),))
    with pytest.raises(Exception, match=r"(?i)not.null"):
        writer.write(broken)
    assert not any(contents(engine).values())
    assert writer.write(batch).events == 3
    assert [position for _, _, position in positions(engine)] == [1, 2, 3]


def test_a_full_disk_is_said_and_leaves_nothing_half_written(
    engine: sa.Engine, writer: SinkWriter, batch: Batch, make_event: MakeEvent
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
def test_a_server_that_dies_in_mid_batch_leaves_nothing_and_is_found_again(postgresql_url: str, batch: Batch) -> None:
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


def test_an_empty_batch_is_welcome(engine: sa.Engine, writer: SinkWriter) -> None:
    assert writer.write(Batch()).last_stream_seq == 0
    assert contents(engine)["streams"] == [("tape", 0, 0, {}, False)]


def test_a_stream_records_its_inputs_and_its_end(engine: sa.Engine, writer: SinkWriter, batch: Batch) -> None:
    writer.write(batch)
    set_inputs(engine, "tape", {"files": ["day.csv"], "sha256": "ab"})
    set_complete(engine, "tape")
    assert contents(engine)["streams"] == [("tape", 3, 0, {"files": ["day.csv"], "sha256": "ab"}, True)]
    set_inputs(engine, "tape", {"files": []})
    assert contents(engine)["streams"][0][3:] == ({"files": []}, False)


def test_market_events_are_written_once(engine: sa.Engine) -> None:
    event = MarketEvent("fomc-1", "*", "fomc", Severity.HIGH, 200, 100, "rates\0")
    assert write_market_events(engine, [event, event]) == 1
    assert write_market_events(engine, [event]) == 0
    assert write_market_events(engine, []) == 0
    assert contents(engine)["market_events"] == [("fomc-1", "*", "fomc", "high", 200, 100, "rates\\x00")]
