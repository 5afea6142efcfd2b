"""Reading plans for the API: what a query looks at, and that it finds what the rule asks for."""

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from operators.events import Kind, PlanEvent
from operators.rebuilding import deciding
from operators.rows import Batch
from sinks.database import open_database
from sinks.plan_reader import PlanFilter, deciding_events, standings_page
from sinks.schema import ensure_schema
from sinks.tables import plan_events
from sinks.writer import SinkWriter
from tests.sinks.conftest import START_NS, MakeEvent

KINDS = st.lists(st.sampled_from(sorted(Kind)), max_size=30)


def test_a_page_on_sqlite_reads_the_index_of_plans_and_not_their_bodies(sqlite_url: str) -> None:
    engine = open_database(sqlite_url)
    ensure_schema(engine)
    asked: list[tuple[str, tuple[object, ...]]] = []

    @sa.event.listens_for(engine, "before_cursor_execute")
    def note(*call: object) -> None:
        asked.append(call[2:4])  # type: ignore[arg-type]

    with engine.connect() as connection:
        standings_page(connection, PlanFilter(phase="open"), "P1", 10)
        statement, values = asked[-1]
        steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert any("COVERING INDEX ix_plans_shown" in step for step in steps), steps


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(KINDS, min_size=1, max_size=3), st.integers(0, 31))
def test_the_events_that_decide_are_those_of_the_rule(
    engine: sa.Engine, make_event: MakeEvent, logs: list[list[Kind]], until: int
) -> None:
    """Of several plans in one query, at any instant, whatever the order of their kinds."""
    plans = {
        f"P{plan}": [make_event(f"P{plan}", seq, kind=kind) for seq, kind in enumerate([Kind.REGISTERED, *kinds], 1)]
        for plan, kinds in enumerate(logs)
    }
    with engine.begin() as connection:
        connection.execute(plan_events.delete())
    SinkWriter(engine, "tape").write(Batch(events=tuple(event for log in plans.values() for event in log)))
    with engine.connect() as connection:
        found = deciding_events(connection, list(plans), START_NS + until)
    assert found == {plan_id: chosen for plan_id, log in plans.items() if (chosen := _chosen(log, until))}


def _chosen(log: list[PlanEvent], until: int) -> list[PlanEvent]:
    known = [event for event in log if event.at_ns <= START_NS + until]
    return [known[place] for place in deciding(event.kind for event in known)]
