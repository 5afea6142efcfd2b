"""A plan's state out of its event log.  Rule: what events tell is exact; what only ticks tell is left unsaid.

Exact at any instant: phase, health, gate, fill, targets hit, what remains, realised R, numbers.  Between events prices
move on and a trail may rise by less than its step: `last_price`, `best_price` and `trail_stop` are those of the last
event that told them.  `high` and `low` are None: extremes between events are in no event.

Of a long log few events decide: those that move the phase, and of the others the newest of their sort (`deciding`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from msgspec.structs import replace

from operators.data_gaps import DataGap
from operators.events import Kind, PlanEvent
from operators.lifecycle import register
from operators.plans import Gate, Plan
from operators.prices import tidy
from operators.rows import StateRow
from operators.state import Health, Phase, PlanState, binding_stop
from operators.transitions import ENDS, NEXT

BY_TICKS: Final = (
    *("effective_stop", "trail_stop", "best_price", "open_r", "mfe_r", "mae_r"),
    *("last_price", "rr_to_next_target", "updated_ns"),
)
"""Fields of a state row that ticks move between events."""


RETOLD: Final = {
    "gate": frozenset({Kind.GATED, Kind.UNGATED}),
    "health": frozenset({Kind.AT_RISK, Kind.RECOVERED}),
    "trail": frozenset({Kind.TRAIL_RAISED}),
}
"""What of a plan some kinds of event tell anew each time; the other kinds move its phase."""
_SORTS: Final = {kind: sort for sort, kinds in RETOLD.items() for kind in kinds}


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A version of a plan, its state after the given events, and when the last price was told (ns UTC, None: never)."""

    plan: Plan
    state: PlanState
    priced_ns: int | None


def rebuilt(versions: Mapping[int, Plan], events: Sequence[PlanEvent]) -> Rebuilt | None:
    """Fold a plan's events, from its first on, in order of seq; None without any.

    Raises KeyError for an event of a version that is not among `versions`, or one that the lifecycle does not allow.
    """
    now: Rebuilt | None = None
    for event in events:
        now = _after(versions[event.version], None if now is None else now, event)
    return now


def deciding(kinds: Iterable[str]) -> list[int]:
    """The places in a plan's log, ascending, of the events that decide its state; `kinds`: of the log's events.

    `rebuilt` makes the same of these alone as of the whole log, which must be one that the rules wrote: between two
    changes of phase no stop ever loosens, so what the last event there says of it holds.

    >>> deciding(["registered", "gated", "ungated", "gated"])
    [0, 3]
    """
    kept: list[int] = []
    newest: dict[str, int] = {}
    for place, kind in enumerate(kinds):
        sort = _SORTS.get(Kind(kind))
        if sort is not None:
            newest[sort] = place
        elif kind == Kind.REGISTERED:  # the life of a version begins: nothing before it matters
            kept, newest = [place], {}
        else:  # a trail that only the events of health told of may stay hidden behind break-even from now on
            kept += [place, newest.pop("health", place)]
    return sorted({*kept, *newest.values()})


def ended_ns(events: Iterable[PlanEvent], version: int) -> int | None:
    """Return when a version of a plan ended by its events, ns UTC; None: it lives."""
    return next((event.at_ns for event in events if event.version == version and event.kind in ENDS), None)


def state_of(row: StateRow) -> PlanState:
    """Read a state row back as a state, but for what rows do not hold: extremes, announced trail, gaps' times."""
    return PlanState(
        plan_id=row.plan_id,
        version=row.version,
        symbol=row.symbol,
        phase=Phase(row.phase),
        health=None if row.health is None else Health(row.health),
        gate=Gate(row.gate),
        fill_price=row.fill_price,
        trail_stop=row.trail_stop,
        best_price=row.best_price,
        announced_trail=None,
        targets_hit=row.targets_hit,
        remaining_fraction=row.remaining_fraction,
        realized_r=row.realized_r,
        high=None,
        low=None,
        last_price=row.last_price,
        last_seq=row.last_seq,
        updated_ns=row.updated_ns,
        data_gap=None if row.data_gap is None else DataGap.from_json(row.data_gap),
    )


def _after(plan: Plan, before: Rebuilt | None, event: PlanEvent) -> Rebuilt:
    if event.kind is Kind.REGISTERED or before is None:
        state, _ = register(plan, event.at_ns, event.seq - 1)
        return Rebuilt(plan, state, None)
    state = before.state
    changes: dict[str, Any] = {
        "phase": NEXT[state.phase][event.kind],
        "last_seq": event.seq,
        "updated_ns": max(state.updated_ns, event.at_ns),
        **_told(plan, state, event),
    }
    if event.price is None:
        return Rebuilt(plan, replace(state, **changes), before.priced_ns)
    return Rebuilt(plan, replace(state, last_price=event.price, **changes), event.at_ns)


def _told(plan: Plan, state: PlanState, event: PlanEvent) -> dict[str, Any]:
    """What an event's own data say of the state after it."""
    data = event.data
    match event.kind:
        case Kind.ENTERED:
            return {"fill_price": event.price, "health": Health.HEALTHY}
        case Kind.TARGET_HIT:
            starts = plan.trail is not None and data["index"] == plan.trail.after
            best = {"best_price": event.price} if starts else {}
            left = {"remaining_fraction": data["remaining_fraction"], "realized_r": data["realized_r"]}
            return {"targets_hit": data["index"], **left, **best}
        case Kind.TRAIL_RAISED:
            return {"trail_stop": data["level"], "announced_trail": data["level"], "best_price": data["best"]}
        case Kind.AT_RISK | Kind.RECOVERED:
            health = Health.AT_RISK if event.kind is Kind.AT_RISK else Health.HEALTHY
            return {"health": health, **_trail_at(plan, state, data["effective_stop"])}
        case Kind.STOPPED:
            trail = _trail_at(plan, state, data["level"]) if data["reason"] == "trail" else {}
            return {"remaining_fraction": 0.0, "realized_r": data["realized_r"], **trail}
        case Kind.EXPIRED:
            left = {} if state.fill_price is None else {"remaining_fraction": 0.0}
            return {"realized_r": data["realized_r"], **left}
        case Kind.GATED | Kind.UNGATED:
            return {"gate": Gate(data["action"])}
        case _:
            return {}


def _trail_at(plan: Plan, state: PlanState, level: float) -> dict[str, Any]:
    """Where the trail stands when it is what makes `level` the effective stop."""
    known, _ = binding_stop(plan, state)
    if plan.trail is None or state.best_price is None or plan.sign * (level - known) <= 0:
        return {}
    return {"trail_stop": level, "best_price": tidy(level + plan.sign * plan.trail.distance)}
