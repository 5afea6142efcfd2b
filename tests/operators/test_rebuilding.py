"""The state that events tell is the state that the rules had, wherever the log is cut."""

from itertools import accumulate

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import asdict

from operators.events import Kind, PlanEvent
from operators.lifecycle import register, replan, step
from operators.plans import Direction, Gate, Plan, Trail
from operators.rebuilding import BY_TICKS, deciding, rebuilt, state_of
from operators.records import Cancel, Expiry, GateEdge, Tick
from operators.rows import state_row
from operators.state import PlanState
from tests.operators.builders import CAUSE, START_NS, make_plan, targets, tick, ticks

SIDES = st.sampled_from(list(Direction))
TICKED = {"high", "low", "announced_trail", "trail_stop", "best_price", "last_price", "updated_ns"}


def told(state: PlanState) -> dict[str, object]:
    """What of a state events tell exactly."""
    return {name: value for name, value in asdict(state).items() if name not in TICKED}


def few(log: list[PlanEvent]) -> list[PlanEvent]:
    """The events of a log that decide."""
    return [log[place] for place in deciding(event.kind for event in log)]


def lives(plan: Plan, records: list[Tick | GateEdge | Expiry | Cancel]) -> list[tuple[PlanState, list[PlanEvent]]]:
    """The state after each record, with the log so far."""
    state, happened = register(plan, START_NS)
    log = list(happened)
    found = [(state, list(log))]
    for record in records:
        state, happened = step(plan, state, record)
        log += happened
        found.append((state, list(log)))
    return found


@given(SIDES, st.lists(st.integers(9800, 10350), max_size=40), st.booleans(), st.booleans(), st.integers(0, 40))
def test_a_state_rebuilt_from_events_is_the_state_that_was(
    side: Direction, cents: list[int], trails: bool, ends: bool, gate_at: int
) -> None:
    plan = make_plan(side, trail=Trail(0.5, 0.2) if trails else None)
    prices = [cent / 100 if side is Direction.LONG else round(200 - cent / 100, 2) for cent in cents]
    records: list[Tick | GateEdge | Expiry | Cancel] = [tick(price, second) for second, price in enumerate(prices)]
    records.insert(gate_at, GateEdge(START_NS + gate_at, Gate.DEFINED_RISK, (CAUSE,)))
    records.append(Expiry(START_NS + 10**12) if ends else Cancel(START_NS + 10**12, "p"))
    seen = 0
    for state, log in lives(plan, records):
        again = rebuilt({1: plan}, log)
        assert again is not None
        assert told(again.state) == told(state)
        assert rebuilt({1: plan}, few(log)) == again
        if len(log) > seen and log[-1].price is not None:  # at an event with a price, ticks have told nothing more
            same = {name: getattr(again.state, name) for name in ("trail_stop", "best_price", "last_price")}
            assert same == {name: getattr(state, name) for name in same} or not trails
            assert again.state.last_price == state.last_price
            assert again.priced_ns == log[-1].at_ns
        seen = len(log)


@example(  # at risk told of a trail that break-even then hid
    side=Direction.LONG, steps=[0, 30, 4, -34, 50], trail_after=1, breakeven_after=2, replaced=False
)
@given(SIDES, st.lists(st.integers(-25, 35), max_size=60), st.integers(1, 3), st.integers(0, 3), st.booleans())
def test_the_events_that_decide_give_the_state_of_the_whole_log(
    side: Direction, steps: list[int], trail_after: int, breakeven_after: int, replaced: bool
) -> None:
    """Trails that begin before and after break-even, prices that go to and fro near the stop, and gates all along."""
    trail = Trail(0.5, 0.4, trail_after)
    ladder = {"targets": targets(100.3, 100.5, 100.7, 104.0), "trail": trail, "breakeven_after": breakeven_after}
    plan, second = make_plan(side, **ladder), make_plan(side, version=2)
    records: list[Tick | GateEdge | Expiry | Cancel] = []
    prices = [(10_000 + cents) / 100 for cents in accumulate(steps)]
    for number, print_ in enumerate(ticks(plan, prices)):
        action = (Gate.DEFINED_RISK, Gate.ALLOW)[number % 2]
        records += [print_, GateEdge(print_.at_ns + 1, action, (CAUSE,))]
    log = lives(plan, records)[-1][1]
    if replaced:
        log += register(second, log[-1].at_ns, log[-1].seq)[1]
    for end in range(len(log), 0, -7):
        assert rebuilt({1: plan, 2: second}, few(log[:end])) == rebuilt({1: plan, 2: second}, log[:end])


def test_of_a_thousand_gates_one_decides() -> None:
    edges = [GateEdge(START_NS + n, (Gate.DEFINED_RISK, Gate.ALLOW)[n % 2], (CAUSE,)) for n in range(1_000)]
    log = lives(make_plan(), [*edges])[-1][1]
    assert len(log) == 1_001
    assert few(log) == [log[0], log[-1]]


def test_without_events_there_is_no_state() -> None:
    assert rebuilt({1: make_plan()}, []) is None


def test_a_higher_version_starts_anew_and_a_replan_changes_nothing_but_the_number() -> None:
    plan, second = make_plan(), make_plan(version=2)
    state, events = register(plan, START_NS)
    state, replaced = step(plan, state, tick(98.0, 1))
    state, word = replan(state, START_NS + 10**10, "q")
    now = rebuilt({1: plan}, [*events, *replaced, *word])
    assert now is not None
    assert (now.state.phase, now.state.last_seq) == ("invalidated", 3)
    _, anew = register(second, START_NS + 2 * 10**10, 3)
    now = rebuilt({1: plan, 2: second}, [*events, *replaced, *word, *anew])
    assert now is not None
    assert (now.state.phase, now.state.version, now.state.last_seq, now.priced_ns) == ("waiting", 2, 4, None)


def test_an_event_of_an_unknown_version_is_refused() -> None:
    _, events = register(make_plan(version=2), START_NS)
    with pytest.raises(KeyError):
        rebuilt({1: make_plan()}, events)


def test_a_row_becomes_the_state_that_it_was_written_from() -> None:
    plan = make_plan()
    state, log = lives(plan, [tick(100.0, 1), tick(101.0, 2)])[-1]
    assert log[-1].kind is Kind.TARGET_HIT
    again = state_of(state_row(plan, state))
    assert {**asdict(again), "high": 101.0, "low": 100.0, "began_ns": START_NS} == asdict(state)
    assert set(BY_TICKS) < set(asdict(state_row(plan, state)))
