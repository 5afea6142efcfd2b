"""What the last step makes of several symbols' batches."""

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.sql_sink import in_order
from operators.events import Kind, PlanEvent

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
