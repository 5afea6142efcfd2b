"""Reading plans for the API: what a query looks at, and that it finds what the rule asks for."""

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from operators.events import Kind, PlanEvent
from operators.rebuilding import deciding
from operators.rows import Batch
from sinks.database import open_database
from sinks.plan_reader import PlanFilter, deciding_events, standings_known, standings_page
from sinks.schema import ensure_schema
from sinks.tables import plan_events
from sinks.writer import SinkWriter
from tests.sinks.conftest import START_NS, MakeEvent

KINDS = st.lists(st.sampled_from(sorted(Kind)), max_size=30)


@pytest.mark.parametrize("as_of", [False, True])
def test_a_page_on_sqlite_reads_the_index_of_plans_and_not_their_bodies(sqlite_url: str, as_of: bool) -> None:
    engine = open_database(sqlite_url)
    ensure_schema(engine)
    asked: list[str] = []
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.set_trace_callback(asked.append)
        if as_of:
            standings_known(connection, PlanFilter(phase="open"), START_NS, "P1", 10)
        else:
            standings_page(connection, PlanFilter(phase="open"), "P1", 10)
        driver.set_trace_callback(None)
        steps = [row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {asked[-1]}")]
    of_plans = [step for step in steps if "plan_states" not in step and "SUBQUERY" not in step]
    assert of_plans
    assert all("COVERING INDEX ix_plans_shown" in step for step in of_plans), steps


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
