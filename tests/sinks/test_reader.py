"""Reading back what was written."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from operators.events import PlanEvent
from operators.rows import Batch, DeadLetter, PlanRow, ProgressRow, StateRow
from sinks import reader
from sinks.reader import PlanStanding, StreamRow, Totals
from sinks.writer import SinkWriter


@pytest.fixture
def filled(
    engine: sa.Engine,
    make_event: Callable[..., PlanEvent],
    make_state: Callable[..., StateRow],
    make_plan: Callable[..., PlanRow],
) -> Batch:
    """What the database holds, which is one batch."""
    letters = [DeadLetter("day.csv", row, "price", "not a number", "x") for row in (3, 1)]
    batch = Batch(
        plans=(make_plan("P2", symbol="MSFT", direction="short"), make_plan("P1"), make_plan("P1", 2, style="swing")),
        events=(make_event("P1", 1), make_event("P2", 1), make_event("P1", 2, price=None)),
        states=(make_state("P2", symbol="MSFT"), make_state("P1", 2, version=2)),
        dead_letters=(DeadLetter("day.csv", 2, "size", "is negative", "y"), *letters),
        progress=(ProgressRow("AAPL", 100, 10, 8, 1, 0, 1),),
    )
    SinkWriter(engine, "tape").write(batch)
    return batch


def test_states_come_with_style_and_direction_of_their_version(engine: sa.Engine, filled: Batch) -> None:
    of_p2, of_p1 = filled.states
    with engine.connect() as connection:
        assert reader.plan_standings(connection) == [
            PlanStanding(of_p1, "swing", "long"),
            PlanStanding(of_p2, "scalp", "short"),
        ]
        assert reader.plan_standings(connection, symbol="MSFT") == [PlanStanding(of_p2, "scalp", "short")]
        assert reader.plan_standings(connection, symbol="TSLA") == []


def test_events_of_a_plan_come_back_as_they_were_written(engine: sa.Engine, filled: Batch) -> None:
    with engine.connect() as connection:
        assert reader.events_of_plan(connection, "P1") == [filled.events[0], filled.events[2]]
        assert reader.events_of_plan(connection, "P9") == []


def test_a_cursor_goes_through_all_events_once(engine: sa.Engine, filled: Batch) -> None:
    with engine.connect() as connection:
        first = reader.events_after(connection, 0, 2)
        rest = reader.events_after(connection, first[-1][0], 2)
        assert [*first, *rest] == list(enumerate(filled.events, 1))
        assert reader.events_after(connection, 3, 2) == []


def test_a_body_is_that_of_the_version_asked_for(engine: sa.Engine, filled: Batch) -> None:
    with engine.connect() as connection:
        assert reader.plan_body(connection, "P1", 1) == filled.plans[1].body
        assert reader.plan_body(connection, "P1") == filled.plans[2].body
        assert reader.plan_body(connection, "P1", 3) is None
        assert reader.plan_body(connection, "P9") is None


def test_progress_is_told_by_stream(engine: sa.Engine, filled: Batch) -> None:
    with engine.connect() as connection:
        assert reader.progress_of(connection, "AAPL") == {"tape": filled.progress[0]}
        assert reader.progress_of(connection, "TSLA") == {}


def test_dead_letters_are_counted_by_reason(engine: sa.Engine, filled: Batch) -> None:
    with engine.connect() as connection:
        assert list(reader.dead_letter_counts(connection).items()) == [("not a number", 2), ("is negative", 1)]


def test_a_stream_is_found_by_name(engine: sa.Engine, filled: Batch) -> None:
    with engine.connect() as connection:
        assert reader.stream_of(connection, "tape") == StreamRow("tape", 3, 0, {}, False)
        assert reader.stream_of(connection, "other") is None


def test_totals_count_every_sort(engine: sa.Engine, filled: Batch) -> None:
    with engine.connect() as connection:
        assert reader.totals(connection) == Totals(3, 3, 2, 3, 0, 3)


def test_an_empty_database_has_totals_of_zero(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        assert reader.totals(connection) == Totals(0, 0, 0, 0, 0, 0)
