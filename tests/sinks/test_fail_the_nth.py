"""Every call to the database is made to fail once, at every position: nothing half, nothing lost, nothing twice."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from operators.events import PlanEvent
from operators.rows import Batch, DeadLetter, PlanRow, ProgressRow, StateRow
from sinks.database import open_database
from sinks.errors import DatabaseError
from sinks.fencing import take
from sinks.retrying import persistently
from sinks.schema import ensure_schema
from sinks.tables import identity, metadata, runs
from sinks.writer import SinkWriter
from tests.sinks.faults import PASSING, POSTGRESQL, SQLITE, failing

Make = Callable[..., Any]
KINDS = [
    *(("sqlite", kind) for kind in SQLITE),
    *(pytest.param("postgresql", kind, marks=pytest.mark.postgres) for kind in POSTGRESQL),
]
MOST_CALLS = 200


def batches(make_event: Make, make_state: Make, make_plan: Make) -> list[Batch]:
    """Some batches as a tape makes them: many rows and few, a plan with more versions, progress that moves on."""
    found = []
    for number in range(2):
        plans: tuple[PlanRow, ...] = (make_plan(f"P{number}"), make_plan("P0", version=number + 1))
        seqs = range(4 * number + 1, 4 * number + 5)
        events: list[PlanEvent] = [make_event("P0", seq) for seq in seqs] + [make_event(f"Q{number}", 1)]
        states: tuple[StateRow, ...] = (make_state("P0", seqs[-1]), make_state(f"Q{number}", 1))
        letters = (DeadLetter("day.csv", number, "price", "not a number", "AAPL,x"),)
        progress = (ProgressRow("AAPL", 100 + number, 10 * number, 8, 1, 0, 1),)
        found.append(Batch(plans, tuple(events), states, letters, progress))
    return found


def told(engine: sa.Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that a run writes."""
    with engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
            if table not in (identity, runs)
        }


def empty(engine: sa.Engine) -> None:
    """Take everything out."""
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            if table is not identity:
                connection.execute(table.delete())


@pytest.mark.parametrize(("name", "kind"), KINDS)
@pytest.mark.usefixtures("few_rows_to_copy")
def test_whichever_call_fails_the_batches_are_written_whole_and_once(
    request: pytest.FixtureRequest,
    name: str,
    kind: str,
    make_event: Make,
    make_state: Make,
    make_plan: Make,
) -> None:
    """What passes is tried again; the rest is said, leaves nothing of its batch, and does not keep others away."""
    url = request.getfixturevalue(f"{name}_url")
    engine, plain = open_database(url), open_database(url)
    ensure_schema(engine)
    given = batches(make_event, make_state, make_plan)
    stages = [told(plain)]
    for batch in given:
        SinkWriter(engine, "tape").write(batch)
        stages.append(told(plain))
    struck = 0
    for at in range(1, MOST_CALLS):
        empty(plain)
        token = take(plain, "tape")
        with failing(engine, kind, at) as fault:
            writer = SinkWriter(engine, "tape", token)
            for number, batch in enumerate(given):
                try:
                    persistently(partial(writer.write, batch), sleep=lambda _: None)
                except DatabaseError:
                    assert kind not in PASSING
                    assert told(plain) == stages[number]
                    writer.write(batch)
                assert told(plain) == stages[number + 1], f"call {at}, batch {number}"
        if not fault.happened:
            break
        struck += 1
    engine.dispose()
    plain.dispose()
    assert struck > 20
