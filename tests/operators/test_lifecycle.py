"""The rules of the design, each by example: written down for a long, held for its mirror image as well."""

from collections.abc import Iterable
from typing import Any

import pytest

from operators.events import PlanEvent
from operators.lifecycle import Record, register
from operators.plans import Direction, Entry, Gate, Plan, Trail
from operators.records import Cancel, Expiry, GateEdge, Register
from operators.targets import profile
from tests.operators.builders import (
    CAUSE,
    LIMIT,
    MARKET,
    SECOND_NS,
    START_NS,
    STOP,
    data_of,
    kinds,
    live,
    make_plan,
    mirrored,
    outcome,
    targets,
    tick,
    ticks,
)

LONG, SHORT = Direction.LONG, Direction.SHORT
LEVELS = ("level", "best", "stop", "effective_stop")

Told = tuple[Any, ...]

both_ways = pytest.mark.parametrize("side", [LONG, SHORT], ids=["long", "short"])


def told(plan: Plan, events: Iterable[PlanEvent], *names: str) -> list[Told]:
    """Kind, price, and the data asked for; the prices of a short mirrored back, so that every example reads long."""
    back = mirrored if plan.direction is SHORT else float
    rows: list[Told] = []
    for event in events:
        row: Told = (str(event.kind), None if event.price is None else back(event.price))
        for name in names:
            if event.data.get(name) is not None:
                row += (back(event.data[name]) if name in LEVELS else event.data[name],)
        rows.append(row)
    return rows


def stopping(kind: str = "stop", price: float = 99.0, level: float = 99.0) -> Told:
    return ("stopped", price, level, kind)


HIT_1: Told = ("target_hit", 101.0, 101.0)
HIT_2: Told = ("target_hit", 102.0, 102.0)
STOP_ENTRY = {"entry": Entry(STOP, 100.0)}
AT_MARKET = {"entry": Entry(MARKET, None)}
REFERENCE = {"entry": Entry(MARKET, 97.0)}
PART = {"targets": targets(101.0, 102.0, fractions=[0.25, 0.25])}
TRAIL = {"trail": Trail(0.5, 0.1)}
IN: Told = ("entered", 100.0, 100.0)
QUIET = {"at_risk_buffer": 0.0}

EXAMPLES: list[tuple[str, dict[str, Any], list[float], list[Told]]] = [
    # 1. waiting
    ("a limit waits above its price", {}, [100.01, 100.5, 105.0], []),
    ("a limit enters at its price", {}, [100.0], [("entered", 100.0, 100.0)]),
    ("a limit enters below its price, at the tick", {}, [99.01], [("entered", 99.01, 100.0)]),
    ("the stop itself invalidates", {}, [99.0], [("invalidated", 99.0, 99.0)]),
    ("a gap through entry and stop invalidates", {}, [100.5, 98.0], [("invalidated", 98.0, 99.0)]),
    ("a stop entry waits below its price", STOP_ENTRY, [99.99, 99.01], []),
    ("a stop entry enters at its price", STOP_ENTRY, [100.0], [("entered", 100.0, 100.0)]),
    ("a stop entry enters above its price", STOP_ENTRY, [100.99], [("entered", 100.99, 100.0)]),
    ("the first target itself is missed", STOP_ENTRY, [101.0], [("missed", 101.0, 101.0)]),
    ("a gap beyond the targets is missed", STOP_ENTRY, [99.5, 103.0], [("missed", 103.0, 101.0)]),
    ("a stop entry is invalidated first", STOP_ENTRY, [99.0], [("invalidated", 99.0, 99.0)]),
    ("at market, any price enters", AT_MARKET, [100.37], [("entered", 100.37)]),
    ("at market, the last cent above the stop enters", AT_MARKET, [99.01], [("entered", 99.01)]),
    ("at market, the stop invalidates", AT_MARKET, [99.0], [("invalidated", 99.0, 99.0)]),
    ("at market, the first target is missed", AT_MARKET, [101.0], [("missed", 101.0, 101.0)]),
    ("a reference price decides nothing", REFERENCE, [100.37], [("entered", 100.37, 97.0)]),
    ("a tick that enters does nothing else", {"at_risk_buffer": 1.5}, [100.0], [IN]),
    # 2. the stop
    ("the stop itself stops", QUIET, [100.0, 99.0], [IN, stopping()]),
    ("a cent above the stop does not", QUIET, [100.0, 99.01], [IN]),
    ("a gap is paid for", {}, [100.0, 98.25], [IN, stopping(price=98.25)]),
    ("the stop comes before a later target", {}, [100.0, 98.25, 101.0, 102.0], [IN, stopping(price=98.25)]),
    ("break-even after the first target", QUIET, [100.0, 101.0, 100.0], [IN, HIT_1, stopping("breakeven", 100, 100)]),
    ("break-even is not reached a cent above", QUIET, [100.0, 101.0, 100.01], [IN, HIT_1]),
    (
        "break-even is where the fill was",
        QUIET,
        [99.5, 101.0, 100.0, 99.5],
        [("entered", 99.5, 100.0), HIT_1, stopping("breakeven", 99.5, 99.5)],
    ),
    (
        "never break-even",
        {**QUIET, "breakeven_after": 0},
        [100.0, 101.0, 99.5, 99.0],
        [IN, HIT_1, stopping()],
    ),
    (
        "break-even after the second target",
        {**QUIET, **PART, "breakeven_after": 2},
        [100.0, 101.0, 99.5, 102.0, 100.0],
        [IN, HIT_1, HIT_2, stopping("breakeven", 100.0, 100.0)],
    ),
    # 3. targets
    ("a target is hit at its price", {}, [100.0, 100.99, 101.0], [IN, HIT_1]),
    ("a target is hit once", {}, [100.0, 101.0, 101.5, 101.0], [IN, HIT_1]),
    (
        "a gap hits several, nearest first",
        {},
        [100.0, 102.5],
        [IN, ("target_hit", 102.5, 101.0), ("target_hit", 102.5, 102.0), ("completed", 102.5)],
    ),
    ("the last target completes", {}, [100.0, 101.0, 102.0], [IN, HIT_1, HIT_2, ("completed", 102.0)]),
    (
        "what no target takes runs on",
        {**QUIET, **PART},
        [100.0, 102.0, 110.0, 100.01, 100.0],
        [IN, ("target_hit", 102.0, 101.0), HIT_2, stopping("breakeven", 100.0, 100.0)],
    ),
    # 4. the trail
    (
        "the first trail stop is announced",
        {**QUIET, **TRAIL},
        [100.0, 101.0],
        [IN, HIT_1, ("trail_raised", 101.0, 100.5, 101.0)],
    ),
    (
        "a raise below the step is silent, the next counts from the last announced",
        {**QUIET, **TRAIL},
        [100.0, 101.0, 101.05, 101.09, 101.10, 101.15],
        [IN, HIT_1, ("trail_raised", 101.0, 100.5, 101.0), ("trail_raised", 101.1, 100.6, 101.1)],
    ),
    (
        "a silent raise binds all the same",
        {**QUIET, **TRAIL},
        [100.0, 101.0, 101.05, 100.56, 100.55],
        [IN, HIT_1, ("trail_raised", 101.0, 100.5, 101.0), stopping("trail", 100.55, 100.55)],
    ),
    (
        "the trail stop never goes down",
        {**QUIET, **TRAIL},
        [100.0, 101.0, 100.7, 100.6, 100.5],
        [IN, HIT_1, ("trail_raised", 101.0, 100.5, 101.0), stopping("trail", 100.5, 100.5)],
    ),
    (
        "a computed level is touched as decimals are: 100.35 less 0.5 is 99.85",
        {**QUIET, **TRAIL, "targets": targets(100.35, 102.0), "breakeven_after": 0},
        [100.0, 100.35, 99.86, 99.85],
        [
            IN,
            ("target_hit", 100.35, 100.35),
            ("trail_raised", 100.35, 99.85, 100.35),
            stopping("trail", 99.85, 99.85),
        ],
    ),
    (
        "of equal levels the trail is named",
        {**QUIET, **TRAIL, "targets": targets(100.5, 102.0)},
        [100.0, 100.5, 100.0],
        [
            IN,
            ("target_hit", 100.5, 100.5),
            ("trail_raised", 100.5, 100.0, 100.5),
            stopping("trail", 100.0, 100.0),
        ],
    ),
    (
        "break-even binds while the trail is behind it",
        {**QUIET, **TRAIL, "targets": targets(100.3, 102.0)},
        [100.0, 100.3, 100.0],
        [
            IN,
            ("target_hit", 100.3, 100.3),
            ("trail_raised", 100.3, 99.8, 100.3),
            stopping("breakeven", 100.0, 100.0),
        ],
    ),
    (
        "the stop binds while the trail is behind it",
        {**QUIET, "trail": Trail(3.0, 0.1), "breakeven_after": 0},
        [100.0, 101.0, 99.0],
        [IN, HIT_1, ("trail_raised", 101.0, 98.0, 101.0), stopping()],
    ),
    (
        "the trail starts after the second target",
        {**QUIET, **PART, "trail": Trail(0.5, 0.1, after=2), "breakeven_after": 0},
        [100.0, 101.0, 101.5, 99.5, 102.0, 101.5],
        [IN, HIT_1, HIT_2, ("trail_raised", 102.0, 101.5, 102.0), stopping("trail", 101.5, 101.5)],
    ),
    (
        "a gap starts the trail at its own price",
        {**QUIET, **PART, **TRAIL},
        [100.0, 103.0, 102.5],
        [
            IN,
            ("target_hit", 103.0, 101.0),
            ("target_hit", 103.0, 102.0),
            ("trail_raised", 103.0, 102.5, 103.0),
            stopping("trail", 102.5, 102.5),
        ],
    ),
    ("a plan that completes trails nothing", TRAIL, [100.0, 102.0], [IN, *[("target_hit", 102.0, level) for level in (101.0, 102.0)], ("completed", 102.0)]),
    # 5. health
    ("at the buffer it is at risk", {}, [100.0, 99.2], [IN, ("at_risk", 99.2, 99.0)]),
    ("a cent above the buffer it is not", {}, [100.0, 99.21], [IN]),
    ("it is said once", {}, [100.0, 99.2, 99.1, 99.25], [IN, ("at_risk", 99.2, 99.0)]),
    ("at one and a half buffers it has not recovered", {}, [100.0, 99.2, 99.3], [IN, ("at_risk", 99.2, 99.0)]),
    (
        "beyond one and a half buffers it has, and may be at risk again",
        {},
        [100.0, 99.2, 99.31, 99.2],
        [IN, ("at_risk", 99.2, 99.0), ("recovered", 99.31, 99.0), ("at_risk", 99.2, 99.0)],
    ),
    (
        "risk is measured from the fill",
        {},
        [99.5, 99.11, 99.1],
        [("entered", 99.5, 100.0), ("at_risk", 99.1, 99.0)],
    ),
    (
        "distance is measured to the effective stop",
        {},
        [100.0, 101.0, 100.2],
        [IN, HIT_1, ("at_risk", 100.2, 100.0)],
    ),
    (
        "a close trail is a risk at once, and the target comes first",
        {"trail": Trail(0.1, 0.1)},
        [100.0, 101.0],
        [IN, HIT_1, ("trail_raised", 101.0, 100.9, 101.0), ("at_risk", 101.0, 100.9)],
    ),
    ("without a buffer nothing is at risk", QUIET, [100.0, 99.01], [IN]),
]  # fmt: skip


@both_ways
@pytest.mark.parametrize(("rule", "changes", "prices", "happened"), EXAMPLES, ids=[row[0] for row in EXAMPLES])
def test_a_plan_lives_by_the_rules(
    side: Direction, rule: str, changes: dict[str, Any], prices: list[float], happened: list[Told]
) -> None:
    """Kinds, prices, levels and reasons of everything that happens."""
    plan = make_plan(side, **changes)
    _, events = outcome(plan, *prices)
    assert told(plan, events, "level", "best", "reason", "effective_stop") == happened, rule
    assert [event.seq for event in events] == list(range(2, len(events) + 2))


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
    worst, best = sorted(
        (mirrored(state.high or 0), mirrored(state.low or 0)) if side is SHORT else (state.high or 0, state.low or 0)
    )
    assert (worst, best) == (99.5, 100.7)
    assert state.last_price == (100.2 if side is LONG else mirrored(100.2))


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
    for record, kind in (
        (Cancel(at_ns, "p"), "cancelled"),
        (Register(at_ns, make_plan(side, version=4)), "replaced"),
    ):
        state, events = live(plan, [*ticks(plan, prices), record])
        last = events[-1]
        assert (last.kind, last.at_ns, last.price, state.phase) == (kind, at_ns, None, kind)
        assert state.realized_r == (0.5 if len(prices) == 2 else 0.0)
    assert last.data == {"by_version": 4, "why": "version 4 takes the place of version 1"}


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


SENTENCES: list[tuple[dict[str, Any], list[float], str, str, str]] = [
    ({}, [99.99], "entered", "last 99.99 at or below the limit entry 100.00", "last 100.01 at or above the limit entry 100.00"),
    (STOP_ENTRY, [100.25], "entered", "last 100.25 at or above the stop entry 100.00", "last 99.75 at or below the stop entry 100.00"),
    (AT_MARKET, [100.25], "entered", "first eligible price 100.25 enters at market", "first eligible price 99.75 enters at market"),
    ({}, [98.9], "invalidated", "last 98.90 at or below the stop 99.00 before any entry", "last 101.10 at or above the stop 101.00 before any entry"),
    (STOP_ENTRY, [101.5], "missed", "last 101.50 already at or above the first target 101.00", "last 98.50 already at or below the first target 99.00"),
    ({}, [100.0, 101.25], "target_hit", "last 101.25 at or above target 1 at 101.00", "last 98.75 at or below target 1 at 99.00"),
    (QUIET, [100.0, 98.9], "stopped", "last 98.90 at or below the stop 99.00", "last 101.10 at or above the stop 101.00"),
    (QUIET, [100.0, 101.0, 99.9], "stopped", "last 99.90 at or below the break-even stop 100.00", "last 100.10 at or above the break-even stop 100.00"),
    ({**QUIET, **TRAIL}, [100.0, 101.0, 100.48], "stopped", "last 100.48 at or below the trail stop 100.50", "last 99.52 at or above the trail stop 99.50"),
    ({**QUIET, **TRAIL}, [100.0, 101.0], "trail_raised", "best 101.00 carries the trail stop to 100.50, 0.50 behind", "best 99.00 carries the trail stop to 99.50, 0.50 behind"),
    ({}, [100.0, 99.15], "at_risk", "last 99.15 is 0.15 from the stop 99.00, within 0.20", "last 100.85 is 0.15 from the stop 101.00, within 0.20"),
    ({}, [100.0, 99.15, 99.4], "recovered", "last 99.40 is 0.40 from the stop 99.00, beyond 0.30", "last 100.60 is 0.40 from the stop 101.00, beyond 0.30"),
    ({"targets": targets(102.0)}, [100.0, 102.0], "completed", "all 1 targets hit, nothing left, +2.00 R", "all 1 targets hit, nothing left, +2.00 R"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "prices", "kind", "long", "short"), SENTENCES, ids=[row[3] for row in SENTENCES])
def test_every_event_says_why_in_the_numbers_that_decided(
    changes: dict[str, Any], prices: list[float], kind: str, long: str, short: str
) -> None:
    """One sentence, the same for the same numbers, in the words of the plan's direction."""
    for side, sentence in ((LONG, long), (SHORT, short)):
        _, events = outcome(make_plan(side, **changes), *prices)
        assert data_of(events, kind)["why"] == sentence


def test_an_expiry_says_when_time_was_up() -> None:
    plan = make_plan()
    _, waiting = live(plan, [expiry()])
    _, in_position = live(plan, [tick(100.0), tick(100.5, 1), expiry()])
    assert waiting[-1].data["why"] == "not finished by 2013-10-08T13:30:09Z, never entered"
    assert in_position[-1].data["why"] == (
        "not finished by 2013-10-08T13:30:09Z, out at the last eligible price 100.50"
    )
    assert LIMIT == plan.entry.type
