"""Two databases: equal in everything that matters, or the first difference on the tape."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from operators.events import PlanEvent
from operators.rows import Batch
from sinks.comparison import compare_events
from sinks.database import open_database
from sinks.schema import ensure_schema
from sinks.writer import SinkWriter
from tests.sinks.conftest import MakeEvent


@pytest.fixture
def other(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = open_database(f"sqlite:///{tmp_path}/other.db")
    ensure_schema(engine)
    yield engine
    engine.dispose()


def write(engine: sa.Engine, *batches: list[PlanEvent]) -> None:
    for batch in batches:
        SinkWriter(engine, "tape").write(Batch(events=tuple(batch)))


def test_the_order_of_writing_makes_no_difference(engine: sa.Engine, other: sa.Engine, make_event: MakeEvent) -> None:
    """Nor does the engine."""
    some, more = [make_event("A"), make_event("A", 2)], [make_event("a"), make_event("B")]
    write(engine, some, more)
    write(other, more, some)
    found = compare_events(engine, other)
    assert (found.same, found.different, found.first) == (4, 0, None)


def test_the_earliest_difference_is_named(engine: sa.Engine, other: sa.Engine, make_event: MakeEvent) -> None:
    early, late = make_event("Z", 1), make_event("A", 5)
    write(engine, [late, early, make_event("M", 3)])
    write(other, [make_event("A", 5, price=98.0), make_event("Z", 1, price=97.5), make_event("M", 3)])
    found = compare_events(engine, other)
    assert (found.same, found.different) == (1, 2)
    assert found.first == "plan Z seq 1: price 99.5 and 97.5"


def test_an_event_that_only_one_has_is_a_difference(engine: sa.Engine, other: sa.Engine, make_event: MakeEvent) -> None:
    write(engine, [make_event("A")])
    told = "target_hit at 2013-10-08T13:30:00.000000001Z"
    assert compare_events(engine, other).first == f"plan A seq 1: only the first has it: {told}"
    assert compare_events(other, engine).first == f"plan A seq 1: only the second has it: {told}"
