"""What exits make in R, and what ends or holds up a plan besides prices: deadlines, commands, gates."""

from typing import Any

import pytest

from operators.lifecycle import Record, register
from operators.plans import Direction, Entry, Gate, Trail
from operators.records import Cancel, Expiry, GateEdge, Register
from operators.targets import profile
from tests.operators.builders import (
    CAUSE,
    MARKET,
    SECOND_NS,
    START_NS,
    STOP,
    data_of,
    kinds,
    live,
    make_plan,
    outcome,
    targets,
    ticks,
    told,
)

LONG, SHORT = Direction.LONG, Direction.SHORT
STOP_ENTRY = {"entry": Entry(STOP, 100.0)}
AT_MARKET = {"entry": Entry(MARKET, None)}
PART = {"targets": targets(101.0, 102.0, fractions=[0.25, 0.25])}
TRAIL = {"trail": Trail(0.5, 0.1)}
QUIET = {"at_risk_buffer": 0.0}
DUST = {"targets": targets(101.0, 101.5, 102.0, fractions=[0.3333333333] * 3)}  # near enough to one

both_ways = pytest.mark.parametrize("side", [LONG, SHORT], ids=["long", "short"])


@both_ways
@pytest.mark.parametrize(
    ("changes", "prices", "phase", "realized", "left"),
    [
        ({}, [], "waiting", 0.0, 1.0),
        ({}, [100.0], "open", 0.0, 1.0),
        ({}, [100.0, 99.0], "stopped", -1.0, 0.0),
        ({}, [100.0, 98.25], "stopped", -1.75, 0.0),
        ({}, [99.5, 99.0], "stopped", -1.0, 0.0),
        ({}, [100.0, 101.0], "scaled", 0.5, 0.5),
        ({}, [100.0, 101.0, 100.0], "stopped", 0.5, 0.0),
        ({}, [100.0, 101.0, 102.0], "completed", 1.5, 0.0),
        ({}, [100.0, 104.0], "completed", 4.0, 0.0),
        ({}, [99.5, 101.0], "scaled", 1.5, 0.5),
        (PART, [100.0, 102.0], "scaled", 1.0, 0.5),
        (PART, [100.0, 101.0, 102.0, 100.0], "stopped", 0.75, 0.0),
        ({"targets": targets(101.0, 101.5, 102.0)}, [100.0, 101.0, 101.5, 102.0], "completed", 1.5, 0.0),
        (DUST, [100.0, 101.0, 101.5, 102.0], "completed", 1.5, 0.0),
        ({"breakeven_after": 0}, [100.0, 101.0, 98.0], "stopped", -0.5, 0.0),
        ({}, [99.0], "invalidated", 0.0, 1.0),
        (STOP_ENTRY, [101.0], "missed", 0.0, 1.0),
    ],
)
def test_each_exit_adds_its_fraction_of_the_move_in_risks(
    side: Direction, changes: dict[str, Any], prices: list[float], phase: str, realized: float, left: float
) -> None:
    """R by hand: fraction times signed move over the distance from fill to stop."""
    state, _ = outcome(make_plan(side, **changes), *prices)
    assert state.phase == phase
    assert state.realized_r == pytest.approx(realized, abs=1e-9)
    assert state.remaining_fraction == left


@both_ways
def test_an_exit_says_what_was_sold_and_what_it_made(side: Direction) -> None:
    """Fraction, R of this exit, R so far, and what is left."""
    _, events = outcome(make_plan(side, **PART), 100.0, 101.0, 100.0)
    hit, stopped = data_of(events, "target_hit"), data_of(events, "stopped")
    assert (hit["index"], hit["fraction"], hit["r"], hit["realized_r"]) == (1, 0.25, 0.25, 0.25)
    assert hit["remaining_fraction"] == 0.75
    assert (stopped["fraction"], stopped["r"], stopped["realized_r"]) == (0.75, 0.0, 0.25)
    _, events = outcome(make_plan(side), 100.0, 104.0)
    assert data_of(events, "completed")["realized_r"] == 4.0


@both_ways
def test_extremes_count_from_the_entering_tick_on(side: Direction) -> None:
    """What printed before the fill is no excursion."""
    state, _ = outcome(make_plan(side), 100.9, 100.0, 100.7, 99.5, 100.2)
    found = (state.low, state.high, state.last_price)
    assert found == ((99.5, 100.7, 100.2) if side is LONG else (99.3, 100.5, 99.8))


def expiry(second: int = 9) -> Expiry:
    return Expiry(START_NS + second * SECOND_NS)


def gate(action: Gate, second: int = 0) -> GateEdge:
    return GateEdge(START_NS + second * SECOND_NS, action, (CAUSE,))


@both_ways
@pytest.mark.parametrize(
    ("prices", "price", "realized"),
    [
        ([], None, 0.0),
        ([100.5], None, 0.0),
        ([100.0], 100.0, 0.0),
        ([100.0, 100.5], 100.5, 0.5),
        ([100.0, 101.0, 100.6], 100.6, 0.8),
    ],
)
def test_a_plan_expires_at_its_last_eligible_price(
    side: Direction, prices: list[float], price: float | None, realized: float
) -> None:
    """One that never entered has no price to leave at."""
    plan = make_plan(side)
    state, events = live(plan, [*ticks(plan, prices), expiry()])
    last = events[-1]
    assert told(plan, [last]) == [("expired", price)]
    assert (last.at_ns, state.phase, state.updated_ns) == (expiry().at_ns, "expired", expiry().at_ns)
    assert state.realized_r == pytest.approx(realized)
    assert last.data["realized_r"] == pytest.approx(realized)
    assert state.remaining_fraction == (1.0 if price is None else 0.0)


@both_ways
@pytest.mark.parametrize("prices", [[], [100.0], [100.0, 101.0]])
def test_a_command_ends_a_plan_wherever_it_stands(side: Direction, prices: list[float]) -> None:
    """Cancelled or replaced, without a price: nothing was sold."""
    plan, at_ns = make_plan(side), START_NS + 9 * SECOND_NS
    cancelled = {"why": "cancelled by command"}
    replaced = {"by_version": 4, "why": "version 4 takes the place of version 1"}
    commands: list[tuple[Record, str, dict[str, Any]]] = [
        (Cancel(at_ns, "p"), "cancelled", cancelled),
        (Register(at_ns, make_plan(side, version=4)), "replaced", replaced),
    ]
    for record, kind, data in commands:
        state, events = live(plan, [*ticks(plan, prices), record])
        last = events[-1]
        assert (last.kind, last.at_ns, last.price, state.phase) == (kind, at_ns, None, kind)
        assert state.realized_r == (0.5 if len(prices) == 2 else 0.0)
        assert last.data == data


@both_ways
@pytest.mark.parametrize("changes", [{}, STOP_ENTRY, AT_MARKET])
def test_under_suppress_a_plan_neither_enters_nor_is_missed(side: Direction, changes: dict[str, Any]) -> None:
    """It can still be invalidated, and it enters with the first tick that would after the gate opens."""
    plan = make_plan(side, on_event=Gate.SUPPRESS, **changes)
    before: list[Record] = [gate(Gate.SUPPRESS), *ticks(plan, [100.0, 101.5, 99.5])]
    state, events = live(plan, before)
    assert (kinds(events), state.gate, state.phase) == (["registered", "gated"], "suppress", "waiting")
    assert kinds(live(plan, [*before, *ticks(plan, [98.9])])[1])[2:] == ["invalidated"]
    assert kinds(live(plan, [*before, gate(Gate.ALLOW), *ticks(plan, [100.0])])[1])[2:] == ["ungated", "entered"]


@both_ways
def test_under_defined_risk_a_plan_enters(side: Direction) -> None:
    plan = make_plan(side)
    _, events = live(plan, [gate(Gate.DEFINED_RISK), *ticks(plan, [100.0])])
    assert kinds(events) == ["registered", "gated", "entered"]


@both_ways
@pytest.mark.parametrize("action", [Gate.SUPPRESS, Gate.DEFINED_RISK])
def test_a_gate_does_not_touch_an_open_position(side: Direction, action: Gate) -> None:
    """Targets and stop work as ever."""
    plan = make_plan(side, on_event=action, **QUIET)
    first, *rest = ticks(plan, [100.0, 101.0, 100.0])
    _, events = live(plan, [first, gate(action), *rest])
    assert kinds(events) == ["registered", "entered", "gated", "target_hit", "stopped"]


def test_a_gate_edge_says_action_events_and_minutes() -> None:
    """Before the event the minutes are positive, after it negative."""
    _, events = live(make_plan(), [gate(Gate.DEFINED_RISK), gate(Gate.ALLOW, second=90)])
    gated, ungated = data_of(events, "gated"), data_of(events, "ungated")
    named = {"id": "fomc-1", "kind": "fomc", "severity": "high", "label": "rate decision", "at_ns": CAUSE.at_ns}
    assert gated == {
        "action": "defined_risk",
        "events": [{**named, "minutes": 1.0}],
        "why": "defined_risk while fomc fomc-1 (high) in 1 min",
    }
    assert ungated == {
        "action": "allow",
        "events": [{**named, "minutes": -0.5}],
        "why": "clear of fomc fomc-1 (high) 0.5 min ago",
    }
    assert [event.price for event in events] == [None, None, None]


def test_an_edge_to_the_gate_as_it_stands_is_no_event() -> None:
    """Nothing is said twice, nothing is opened that was not shut."""
    for edges in ([gate(Gate.ALLOW)], [gate(Gate.SUPPRESS), gate(Gate.SUPPRESS, second=3)]):
        _, events = live(make_plan(), edges)
        assert len(events) == len(edges)


def test_a_registration_says_what_is_watched() -> None:
    """Number one, or the next of the plan; the ladder when it was measured."""
    plan = make_plan(expires_at_ns=START_NS + 5, targets=targets(101.0, 102.5))
    state, (event,) = register(plan, START_NS, 6, profile(plan))
    assert (event.seq, state.last_seq, event.kind, event.at_ns, event.price) == (7, 7, "registered", START_NS, None)
    assert (state.phase, state.gate, state.health, state.remaining_fraction) == ("waiting", "allow", None, 1.0)
    assert event.data == {
        "valid_from_ns": START_NS,
        "expires_at_ns": START_NS + 5,
        "risk": 1.0,
        "reward_to_risk": [1.0, 2.5],
        "why": "long TEST limit 100.00, stop 99.00, targets 101.00, 102.50",
    }
    _, (unmeasured,) = register(plan, START_NS)
    assert (unmeasured.seq, unmeasured.data["risk"], unmeasured.data["reward_to_risk"]) == (1, None, None)
