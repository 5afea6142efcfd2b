"""Plans, states and lives for examples: a long limit at 100, stop 99, targets 101 and 102, unless told otherwise."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from operators.events import PlanEvent
from operators.lifecycle import Record, register, step
from operators.plans import Direction, Entry, EntryType, Plan, Style, Target
from operators.records import GateCause, Tick
from operators.state import PlanState
from tests.oracle.times import new_york_ns

START_NS = new_york_ns("2013-10-08", "09:30")
SECOND_NS = 1_000_000_000
MIRROR = 200.0
"""Shorts are longs mirrored around 100 dollars."""

CAUSE = GateCause("fomc-1", "fomc", "high", "rate decision", START_NS + 60 * SECOND_NS)

LIMIT, STOP, MARKET = EntryType.LIMIT, EntryType.STOP, EntryType.MARKET


def mirrored(price: float) -> float:
    """The price on the other side of 100 dollars, in whole cents."""
    return round(MIRROR - price, 2)


def targets(*prices: float, fractions: Sequence[float] | None = None) -> tuple[Target, ...]:
    """Targets of equal fractions, or of the given ones."""
    shares = fractions or [1 / len(prices)] * len(prices)
    return tuple(Target(price, share) for price, share in zip(prices, shares, strict=True))


def make_plan(side: Direction = Direction.LONG, **changes: Any) -> Plan:
    """The plan of the examples, given as a long; the short is its mirror image."""
    plan = Plan(
        plan_id="p",
        version=1,
        symbol="TEST",
        style=Style.SWING,
        direction=Direction.LONG,
        entry=Entry(LIMIT, 100.0),
        stop=99.0,
        targets=targets(101.0, 102.0),
        valid_from_ns=START_NS,
        expires_at_ns=None,
    )
    plan = replace(plan, **changes)
    return plan if side is Direction.LONG else mirror_plan(plan)


def mirror_plan(plan: Plan, around: float = MIRROR) -> Plan:
    """The same idea upside down: prices mirrored, long and short swapped."""
    price = plan.entry.price
    flipped = Direction.SHORT if plan.direction is Direction.LONG else Direction.LONG
    return replace(
        plan,
        direction=flipped,
        entry=Entry(plan.entry.type, None if price is None else round(around - price, 2)),
        stop=round(around - plan.stop, 2),
        targets=tuple(Target(round(around - target.price, 2), target.fraction) for target in plan.targets),
    )


def tick(price: float, second: int = 0) -> Tick:
    """An eligible print, so many seconds after the open."""
    return Tick(START_NS + second * SECOND_NS, price)


def ticks(plan: Plan, prices: Iterable[float]) -> list[Tick]:
    """One eligible print a second; prices as for a long, mirrored when the plan is short."""
    long = plan.direction is Direction.LONG
    return [tick(price if long else mirrored(price), second) for second, price in enumerate(prices)]


def live(plan: Plan, records: Iterable[Record]) -> tuple[PlanState, list[PlanEvent]]:
    """Register a plan at the open and take it through records one at a time."""
    state, happened = register(plan, START_NS)
    events = list(happened)
    for record in records:
        state, happened = step(plan, state, record)
        events += happened
    return state, events


def outcome(plan: Plan, *prices: float) -> tuple[PlanState, list[PlanEvent]]:
    """Live through prices; the registration is left out of the events."""
    state, events = live(plan, ticks(plan, prices))
    return state, events[1:]


def kinds(events: Iterable[PlanEvent]) -> list[str]:
    """What happened, in order."""
    return [str(event.kind) for event in events]


def data_of(events: Iterable[PlanEvent], kind: str) -> Mapping[str, Any]:
    """The data of the only event of a kind."""
    (found,) = [event.data for event in events if event.kind == kind]
    return found


LEVELS = ("level", "best", "stop", "effective_stop")

Told = tuple[Any, ...]


def told(plan: Plan, events: Iterable[PlanEvent], *names: str) -> list[Told]:
    """Kind, price, and the data asked for; the prices of a short mirrored back, so that every example reads long."""
    back = mirrored if plan.direction is Direction.SHORT else float
    rows: list[Told] = []
    for event in events:
        row: Told = (str(event.kind), None if event.price is None else back(event.price))
        for name in names:
            if event.data.get(name) is not None:
                row += (back(event.data[name]) if name in LEVELS else event.data[name],)
        rows.append(row)
    return rows
