"""How finished plans are said to have ended."""

import sqlalchemy as sa

from operators.events import Kind
from operators.rows import Batch
from sinks.endings import endings
from sinks.writer import SinkWriter
from tests.sinks.conftest import START_NS, MakeEvent, MakeState


def test_a_plan_ended_where_its_newest_version_ended_whatever_was_said_of_it_later(
    engine: sa.Engine, writer: SinkWriter, make_event: MakeEvent, make_state: MakeState
) -> None:
    """A `replan` after the stop does not hide it; who was never in has no exit price; who lives has no end."""
    writer.write(
        Batch(
            events=(
                make_event("again", 1, kind=Kind.STOPPED, price=98.5),
                make_event("again", 2, kind=Kind.REPLAN, price=None),
                make_event("late", 1, kind=Kind.MISSED, price=101.5),
                make_event("lives", 1, kind=Kind.TARGET_HIT),
                make_event("newer", 1, kind=Kind.REPLACED, price=None),
                make_event("newer", 2, version=2, kind=Kind.REGISTERED, price=None),
                make_event("newer", 3, version=2, kind=Kind.COMPLETED, price=102.0),
            ),
            states=(
                make_state("again", 2, phase="stopped"),
                make_state("late", 1, phase="missed", fill_price=None),
                make_state("lives", 1, phase="scaled"),
                make_state("newer", 3, version=2, phase="completed"),
            ),
        )
    )
    with engine.connect() as connection:
        found = endings(connection)
    assert found == {"again": (START_NS + 1, 98.5), "late": (START_NS + 1, None), "newer": (START_NS + 3, 102.0)}
