"""What the last step makes of several symbols' batches, and of a database that fails at the very end."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.failures import Failures
from flows.meter import Meter
from flows.sql_sink import SqlSink, in_order
from operators.events import Kind, PlanEvent
from operators.rows import Batch
from sinks.errors import DatabaseError

facts = st.builds(
    PlanEvent,
    plan_id=st.sampled_from(["a", "B", "b:1", "é"]),
    version=st.just(1),
    seq=st.integers(1, 4),
    symbol=st.just("TEST"),
    kind=st.sampled_from(Kind),
    at_ns=st.integers(1, 4),
    price=st.none(),
    data=st.just({}),
)


@settings(max_examples=200, deadline=None)
@given(given_events=st.lists(facts, max_size=30))
def test_events_stand_by_time_then_plan_then_number(given_events: list[PlanEvent]) -> None:
    """Equal ones as they came, like one sort by all three."""
    wanted = sorted(given_events, key=lambda each: (each.at_ns, each.plan_id, each.seq))
    assert in_order(given_events) == wanted


def test_what_fails_after_the_last_piece_is_raised_by_the_run_and_not_to_the_engine(tmp_path: Path) -> None:
    """The engine aborts the whole process when a sink raises as it closes while another step's error is on its way."""
    failures = Failures()
    sink = SqlSink(f"sqlite:///{tmp_path}/without_tables.db", "replay", Meter(), None, failures, behind=True)
    partition = sink.build("sinks", 0, 1)
    partition.write_batch([("", Batch())])
    partition.close()
    with pytest.raises(DatabaseError, match="without_tables"):
        failures.raise_first()
