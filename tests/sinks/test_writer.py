"""The writer's promises: once, whole, in order, and no other content later."""

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
import sqlalchemy as sa

from operators.events import PlanEvent
from operators.market_events import MarketEvent, Severity
from operators.rows import Batch, MarketEventRow, ProgressRow, StateRow
from sinks.streams import set_complete, set_inputs
from sinks.tables import plan_events
from sinks.writer import SinkWriter, write_market_events

MakeEvent = Callable[..., PlanEvent]
MakeState = Callable[..., StateRow]
Contents = Callable[[sa.Engine], dict[str, list[tuple[Any, ...]]]]
Positions = Callable[[sa.Engine], list[tuple[str, int, int]]]


def test_a_batch_is_stored_as_it_was_given(
    engine: sa.Engine, writer: SinkWriter, batch: Batch, contents: Contents
) -> None:
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
        batch.plans[0].body,
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


def test_positions_follow_the_order_given(
    engine: sa.Engine, writer: SinkWriter, batch: Batch, positions: Positions
) -> None:
    writer.write(batch)
    assert positions(engine) == [("P2", 1, 1), ("P1", 1, 2), ("P1", 2, 3)]


def test_writing_again_changes_nothing(engine: sa.Engine, writer: SinkWriter, batch: Batch, contents: Contents) -> None:
    """What makes at-least-once delivery exactly once."""
    writer.write(batch)
    before = contents(engine)
    report = writer.write(batch)
    assert (report.plans, report.events, report.dead_letters, report.divergences) == (0, 0, 0, 0)
    assert report.last_stream_seq == 3
    assert contents(engine) == before


def test_a_rerun_that_overtakes_leaves_no_gap(
    engine: sa.Engine, writer: SinkWriter, make_event: MakeEvent, positions: Positions
) -> None:
    """A batch cut elsewhere holds old and new events, in any mixture; only the new get positions."""
    first = [make_event("P1", seq) for seq in (1, 2, 3)]
    writer.write(Batch(events=tuple(first)))
    mixed = (make_event("P2", 1), first[1], make_event("P1", 4), first[2], make_event("P2", 2))
    report = writer.write(Batch(events=mixed))
    assert (report.events, report.divergences, report.last_stream_seq) == (3, 0, 6)
    assert positions(engine)[3:] == [("P2", 1, 4), ("P1", 4, 5), ("P2", 2, 6)]


def test_an_event_twice_in_a_batch_is_written_once(
    engine: sa.Engine, writer: SinkWriter, make_event: MakeEvent, positions: Positions
) -> None:
    report = writer.write(Batch(events=(make_event(), make_event(), make_event(seq=2))))
    assert (report.events, report.divergences) == (2, 0)
    assert positions(engine) == [("P1", 1, 1), ("P1", 2, 2)]


def test_a_state_never_moves_back(
    engine: sa.Engine, writer: SinkWriter, make_state: MakeState, contents: Contents
) -> None:
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
    engine: sa.Engine, writer: SinkWriter, make_state: MakeState, contents: Contents
) -> None:
    states = (make_state(last_seq=1), make_state(last_seq=3, phase="stopped"), make_state(last_seq=2))
    assert writer.write(Batch(states=states)).states == 1
    assert contents(engine)["plan_states"][0][3] == "stopped"


def test_progress_never_moves_back(engine: sa.Engine, writer: SinkWriter, contents: Contents) -> None:
    further, behind = ProgressRow("AAPL", 200, 20, 18, 1, 0, 1), ProgressRow("AAPL", 100, 10, 8, 1, 0, 1)
    assert writer.write(Batch(progress=(further, behind))).progress == 1
    assert writer.write(Batch(progress=(behind,))).progress == 0
    assert contents(engine)["progress"] == [("tape", "AAPL", 200, 20, 18, 1, 0, 1)]


def test_streams_have_their_own_progress_and_one_numbering(
    engine: sa.Engine, writer: SinkWriter, make_event: MakeEvent, contents: Contents, positions: Positions
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


def test_an_empty_batch_is_welcome(engine: sa.Engine, writer: SinkWriter, contents: Contents) -> None:
    assert writer.write(Batch()).last_stream_seq == 0
    assert contents(engine)["streams"] == [("tape", 0, 0, {}, False)]


def test_a_stream_records_its_inputs_and_its_end(
    engine: sa.Engine, writer: SinkWriter, batch: Batch, contents: Contents
) -> None:
    writer.write(batch)
    set_inputs(engine, "tape", {"files": ["day.csv"], "sha256": "ab"})
    set_complete(engine, "tape")
    assert contents(engine)["streams"] == [("tape", 3, 0, {"files": ["day.csv"], "sha256": "ab"}, True)]
    set_inputs(engine, "tape", {"files": []})
    assert contents(engine)["streams"][0][3:] == ({"files": []}, False)


def test_market_events_are_written_once_as_often_as_they_are_told(engine: sa.Engine, contents: Contents) -> None:
    event = MarketEvent("fomc-1", "*", "fomc", Severity.HIGH, 200, 100, "rates\0")
    told = MarketEventRow(event)
    assert write_market_events(engine, [told, told]) == 1
    assert write_market_events(engine, [told]) == 0
    assert write_market_events(engine, []) == 0
    again = MarketEventRow(replace(event, at_ns=300, told_ns=150), 1)
    assert write_market_events(engine, [told, again]) == 1
    assert contents(engine)["market_events"] == [
        ("fomc-1", "*", "fomc", "high", 200, 100, "rates\\x00", 0, 0),
        ("fomc-1", "*", "fomc", "high", 300, 100, "rates\\x00", 1, 150),
    ]


def test_a_market_event_may_be_named_in_any_text(engine: sa.Engine, contents: Contents) -> None:
    """A tape tells what others wrote: what no database can hold is escaped, in every field, on each engine alike."""
    event = MarketEvent("a\0", "b\0", "c\ud800", Severity.HIGH, 200, 100, "d\0")
    assert write_market_events(engine, [MarketEventRow(event)]) == 1
    assert contents(engine)["market_events"][0][:3] == ("a\\x00", "b\\x00", "c\\ud800")


def test_a_newer_state_finds_room_beside_the_older_one(engine: sa.Engine, make_state: MakeState) -> None:
    """PostgreSQL then leaves the table's index alone: no update of a plan's state costs an entry there."""
    if engine.dialect.name == "sqlite":
        pytest.skip("it updates in place")
    writer = SinkWriter(engine, "tape")
    for seq in (1, 2):
        writer.write(Batch(states=tuple(make_state(f"P{number:03d}", seq) for number in range(300))))
    with engine.begin() as connection:
        connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")
    with engine.connect() as connection:
        query = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'plan_states'"
        assert tuple(connection.exec_driver_sql(query).one()) == (300, 300)
