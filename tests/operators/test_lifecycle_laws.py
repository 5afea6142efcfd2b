"""What holds for every life: nothing leaves a terminal phase (L7), the table is kept, events are whole."""

import json
from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from operators.data_gaps import DataGap
from operators.events import Kind, PlanEvent
from operators.lifecycle import Record, register, step
from operators.plans import Direction, EntryType, Gate, Plan, Trail
from operators.prices import plain
from operators.records import Cancel, Expiry, GateEdge, Register
from operators.state import IN_POSITION, LIVE, Health, Phase, PlanState, breakeven_on, effective_stop
from operators.times import iso
from operators.transitions import NEXT
from tests.operators.builders import CAUSE, SECOND_NS, START_NS, make_plan, targets, tick
from tests.operators.scenarios import any_plans

TERMINAL = [
    Phase.COMPLETED,
    Phase.STOPPED,
    Phase.INVALIDATED,
    Phase.MISSED,
    Phase.EXPIRED,
    Phase.CANCELLED,
    Phase.REPLACED,
]
LATER_NS = START_NS + 99 * SECOND_NS
RECORDS: list[Record] = [
    *(tick(price, 99) for price in (0.01, 98.0, 99.0, 99.5, 100.0, 101.0, 102.0, 1e6)),
    *(GateEdge(LATER_NS, gate, (CAUSE,)) for gate in Gate),
    Expiry(LATER_NS),
    Cancel(LATER_NS, "p"),
    Register(LATER_NS, make_plan(version=9)),
    *(DataGap("g", state, LATER_NS, START_NS) for state in ("open", "lost", "close")),
]
PLANS = [
    make_plan(direction, targets=targets(101.0, 102.0, fractions=[0.3, 0.3]), trail=trail)
    for direction, trail in product(Direction, (None, Trail(0.5, 0.1)))
]


def somewhere(plan: Plan, phase: Phase) -> PlanState:
    """A state of a plan that has seen much."""
    state, _ = register(plan, START_NS)
    return replace(
        state,
        phase=phase,
        health=Health.AT_RISK,
        gate=Gate.DEFINED_RISK,
        fill_price=100.0,
        best_price=100.5,
        trail_stop=100.0,
        announced_trail=100.0,
        targets_hit=1,
        remaining_fraction=0.7,
        high=101.0,
        low=99.5,
        last_price=100.2,
        last_seq=7,
    )


@pytest.mark.parametrize("phase", TERMINAL)
@pytest.mark.parametrize("record", RECORDS, ids=lambda record: str(record)[:60])
def test_nothing_leaves_a_terminal_phase(phase: Phase, record: Record) -> None:
    """No record of any kind makes an event or changes anything, whatever the plan was."""
    for plan in PLANS:
        state = somewhere(plan, phase)
        assert step(plan, state, record) == (state, ())
        untouched = replace(register(plan, START_NS)[0], phase=phase)
        assert step(plan, untouched, record) == (untouched, ())


def test_the_table_has_a_row_per_phase_and_nothing_leads_out_of_terminal_ones() -> None:
    """A stopped or invalidated plan may still be told which plan follows it; it stays what it is."""
    assert NEXT.keys() == set(Phase)
    assert [phase for phase in Phase if set(NEXT[phase].values()) <= {phase}] == TERMINAL
    assert [phase for phase in TERMINAL if NEXT[phase]] == [Phase.STOPPED, Phase.INVALIDATED]
    assert NEXT[Phase.STOPPED].keys() == NEXT[Phase.INVALIDATED].keys() == {Kind.REPLAN}
    assert [phase for phase in Phase if phase not in LIVE] == TERMINAL
    assert {Phase.OPEN, Phase.SCALED} == IN_POSITION


def test_the_table_leads_where_the_design_says() -> None:
    """A gate or a health change stays in its phase; every other kind names the phase that it leads to."""
    for phase, row in NEXT.items():
        for kind, after in row.items():
            if kind in (Kind.GATED, Kind.UNGATED, Kind.AT_RISK, Kind.RECOVERED, Kind.TRAIL_RAISED, Kind.REPLAN):
                assert after is phase
            elif kind not in (Kind.ENTERED, Kind.TARGET_HIT):
                assert after.value == kind.value
    assert NEXT[Phase.WAITING][Kind.ENTERED] is Phase.OPEN
    assert NEXT[Phase.OPEN][Kind.TARGET_HIT] is NEXT[Phase.SCALED][Kind.TARGET_HIT] is Phase.SCALED


moments = st.lists(
    st.sampled_from([0, 1, -1, 2, -3, 8, -8, 30, -30]) | st.sampled_from(["gate", "open", "expire", "cancel"]),
    max_size=60,
)


def records_of(plan: Plan, moves: Sequence[int | str]) -> list[Record]:
    """A walk in cents with a gate, and now and then an end."""
    cents, records = 10_000, list[Record]()
    for second, move in enumerate(moves):
        at_ns = START_NS + second * SECOND_NS
        if isinstance(move, int):
            cents += move
            records.append(tick(cents / 100, second))
        elif move in ("gate", "open"):
            records.append(GateEdge(at_ns, plan.on_event if move == "gate" else Gate.ALLOW, (CAUSE,)))
        elif second % 4 == 0:  # or few lives would be long
            records.append(Expiry(at_ns) if move == "expire" else Cancel(at_ns, plan.plan_id))
    return records


@settings(max_examples=150, deadline=None)
@given(plan=any_plans(), moves=moments)
def test_every_life_keeps_the_table_and_tells_everything(plan: Plan, moves: list[int | str]) -> None:
    """Each event is allowed where it happens, numbered without gaps, JSON, and says why in its own numbers."""
    state, events = register(plan, START_NS)
    phase, seq = state.phase, 1
    check_event(plan, events[0])
    for record in records_of(plan, moves):
        before = state
        state, events = step(plan, before, record)
        for event in events:
            phase, seq = NEXT[phase][event.kind], seq + 1
            assert (event.seq, event.plan_id, event.version, event.symbol) == (seq, "p", 1, "TEST")
            assert event.at_ns == record.at_ns
            check_event(plan, event)
        assert (state.phase, state.last_seq) == (phase, seq)
        check_step(plan, before, state)


def check_event(plan: Plan, event: PlanEvent) -> None:
    """JSON-ready, one line, and the numbers are in it."""
    data = event.data
    assert json.loads(json.dumps(data)) == data
    why = data["why"]
    assert why
    assert "\n" not in why
    missing = [number for number in numbers(plan, event) if number not in why]
    assert missing == [], why


def numbers(plan: Plan, event: PlanEvent) -> list[str]:
    """What decided an event, as it is written for people."""
    data = event.data
    prices = [] if event.price is None or event.kind in ("completed", "trail_raised") else [plain(event.price)]
    match event.kind:
        case Kind.REGISTERED:
            return [plain(plan.stop), *(plain(target.price) for target in plan.targets)]
        case Kind.ENTERED:
            at_market = plan.entry.type is EntryType.MARKET
            return prices if at_market else [*prices, plain(data["level"])]
        case Kind.TARGET_HIT:
            return [*prices, plain(data["level"]), f"target {data['index']}"]
        case Kind.TRAIL_RAISED:
            return [plain(data["best"]), plain(data["level"]), plain(plan.trail.distance if plan.trail else 0.0)]
        case Kind.AT_RISK | Kind.RECOVERED:
            return [*prices, plain(data["effective_stop"])]
        case Kind.STOPPED | Kind.INVALIDATED | Kind.MISSED:
            return [*prices, plain(data["level"])]
        case Kind.COMPLETED:
            return [f"{data['realized_r']:+.2f} R", str(len(plan.targets))]
        case Kind.EXPIRED:
            return [*prices, iso(event.at_ns)]
        case Kind.GATED | Kind.UNGATED:
            return [each["id"] for each in data["events"]] + [
                f"{abs(each['minutes']):g} min" for each in data["events"]
            ]
        case _:
            return ["command"]


def check_step(plan: Plan, before: PlanState, after: PlanState) -> None:
    """What may only ever go one way."""
    assert after.targets_hit >= before.targets_hit
    assert 0 <= after.remaining_fraction <= before.remaining_fraction
    assert after.updated_ns >= before.updated_ns
    if before.fill_price is not None:
        assert after.fill_price == before.fill_price
        assert plan.sign * (effective_stop(plan, after) - effective_stop(plan, before)) >= 0
    if before.trail_stop is not None and after.trail_stop is not None:
        assert plan.sign * (after.trail_stop - before.trail_stop) >= 0
    assert not breakeven_on(plan, before) or breakeven_on(plan, after)


@settings(max_examples=100, deadline=None)
@given(plan=any_plans(), moves=moments)
def test_a_step_is_pure_and_its_state_survives_as_a_plain_row(plan: Plan, moves: list[int | str]) -> None:
    """The same step twice gives the same; a state is its row."""
    state, _ = register(plan, START_NS)
    for record in records_of(plan, moves):
        first, second = step(plan, state, record), step(plan, state, record)
        assert first == second
        state = PlanState.from_row(first[0].to_row())
        assert state == first[0]
        assert (type(state.phase), type(state.gate)) == (Phase, Gate)
        assert {type(value) for value in state.to_row()} <= {str, int, float, type(None), tuple}
