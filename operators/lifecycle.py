"""Plan lifecycle.  Rule 1: every phase change happens here, through `step`.  Rule 2: no clock, no I/O, no logging.

`step(plan, state, record)` is the whole law: one eligible tick, gate edge, expiry, cancel or replacement at a time.
The columnar evaluation may skip only what `step` would not have noticed.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from msgspec.structs import replace

from operators import why
from operators.events import Kind, PlanEvent
from operators.plans import Direction, EntryType, Gate, Plan, Trail
from operators.prices import PRICE_TOLERANCE, at_or_above, at_or_below, tidy
from operators.records import Cancel, Expiry, GateCause, GateEdge, Register, Tick
from operators.state import (
    Health,
    Phase,
    PlanState,
    binding_stop,
    effective_stop,
    in_r,
    initial_risk,
    remaining_after,
)
from operators.targets import LadderMeasure
from operators.times import MINUTE_NS

RECOVERY_FACTOR: Final = 1.5

NEXT: Final[Mapping[Phase, Mapping[Kind, Phase]]] = MappingProxyType(
    {
        Phase.WAITING: {
            Kind.ENTERED: Phase.OPEN,
            Kind.INVALIDATED: Phase.INVALIDATED,
            Kind.MISSED: Phase.MISSED,
            Kind.EXPIRED: Phase.EXPIRED,
            Kind.CANCELLED: Phase.CANCELLED,
            Kind.REPLACED: Phase.REPLACED,
            Kind.GATED: Phase.WAITING,
            Kind.UNGATED: Phase.WAITING,
        },
        **{
            phase: {
                Kind.TARGET_HIT: Phase.SCALED,
                Kind.COMPLETED: Phase.COMPLETED,
                Kind.STOPPED: Phase.STOPPED,
                Kind.EXPIRED: Phase.EXPIRED,
                Kind.CANCELLED: Phase.CANCELLED,
                Kind.REPLACED: Phase.REPLACED,
                Kind.TRAIL_RAISED: phase,
                Kind.AT_RISK: phase,
                Kind.RECOVERED: phase,
                Kind.GATED: phase,
                Kind.UNGATED: phase,
            }
            for phase in (Phase.OPEN, Phase.SCALED)
        },
        Phase.COMPLETED: {},  # terminal: nothing leads out
        Phase.STOPPED: {Kind.REPLAN: Phase.STOPPED},  # a word about what came after; the plan stays what it is
        Phase.INVALIDATED: {Kind.REPLAN: Phase.INVALIDATED},
        Phase.MISSED: {},
        Phase.EXPIRED: {},
        Phase.CANCELLED: {},
        Phase.REPLACED: {},
    }
)


class LifecycleError(RuntimeError):
    """An event that the table does not allow: a defect of the caller, never of the input."""


Stepped = tuple[PlanState, tuple[PlanEvent, ...]]
Record = Tick | GateEdge | Expiry | Cancel | Register


def step(plan: Plan, state: PlanState, record: Record) -> Stepped:
    """Apply one record to a plan; return its new state and the events, in order.

    A Tick must be eligible (`sip_ns` within the plan's life, session and sale conditions): the caller filters.
    Nothing happens to a plan in a terminal phase.
    """
    if not state.live:
        return state, ()
    match record:
        case Tick():
            return _on_tick(plan, state, record)
        case GateEdge():
            return _on_gate_edge(state, record)
        case Expiry():
            return _on_expiry(plan, state, record.at_ns)
        case Cancel():
            return _happen(state, Kind.CANCELLED, record.at_ns, None, {"why": why.cancelled()})
        case Register():
            data = {"by_version": record.plan.version, "why": why.replaced(plan.version, record.plan.version)}
            return _happen(state, Kind.REPLACED, record.at_ns, None, data)


def register(plan: Plan, at_ns: int, last_seq: int = 0, measured: LadderMeasure | None = None) -> Stepped:
    """Start a plan's life.  `last_seq`: how many events its earlier versions had; `measured`: its ladder."""
    state = PlanState(
        plan_id=plan.plan_id,
        version=plan.version,
        symbol=plan.symbol,
        phase=Phase.WAITING,
        health=None,
        gate=Gate.ALLOW,
        fill_price=None,
        trail_stop=None,
        best_price=None,
        announced_trail=None,
        targets_hit=0,
        remaining_fraction=1.0,
        realized_r=0.0,
        high=None,
        low=None,
        last_price=None,
        last_seq=last_seq + 1,
        updated_ns=at_ns,
    )
    data = {
        "valid_from_ns": plan.valid_from_ns,
        "expires_at_ns": plan.expires_at_ns,
        "risk": measured.risk if measured else None,
        "reward_to_risk": list(measured.reward_to_risk) if measured and measured.reward_to_risk else None,
        "why": why.registered(plan),
    }
    event = PlanEvent(plan.plan_id, plan.version, last_seq + 1, plan.symbol, Kind.REGISTERED, at_ns, None, data)
    return state, (event,)


def replan(state: PlanState, at_ns: int, new_plan_id: str) -> Stepped:
    """Note on a stopped or invalidated plan which plan a fresh signal of its setup made; its phase stays."""
    data = {"plan_id": new_plan_id, "why": why.replanned(state.phase, new_plan_id)}
    return _happen(state, Kind.REPLAN, at_ns, None, data)


def absorb(state: PlanState, at_ns: int, price: float, high: float, low: float) -> PlanState:
    """Fold eligible ticks that nothing happened at: the last one's time and price, the extremes of all."""
    if state.high is not None and state.low is not None:
        high, low = max(state.high, high), min(state.low, low)
        return replace(state, last_price=price, updated_ns=at_ns, high=high, low=low)
    return replace(state, last_price=price, updated_ns=at_ns)


def favourable(direction: Direction, price: float, level: float) -> bool:
    """Whether `price` is at `level` or on the profitable side of it."""
    return at_or_above(price, level) if direction is Direction.LONG else at_or_below(price, level)


def adverse(direction: Direction, price: float, level: float) -> bool:
    """Whether `price` is at `level` or on the losing side of it."""
    return at_or_below(price, level) if direction is Direction.LONG else at_or_above(price, level)


def _on_tick(plan: Plan, state: PlanState, tick: Tick) -> Stepped:
    state = absorb(state, tick.at_ns, tick.price, tick.price, tick.price)
    if state.phase is Phase.WAITING:
        return _waiting(plan, state, tick)
    level, reason = binding_stop(plan, state)
    if adverse(plan.direction, tick.price, level):
        return _stopped(plan, state, tick, level, reason)
    state, hits = _targets(plan, state, tick)
    if not state.live:
        return state, hits
    state, raised = _trail(plan, state, tick)
    state, health = _health(plan, state, tick)
    return state, (*hits, *raised, *health)


def _waiting(plan: Plan, state: PlanState, tick: Tick) -> Stepped:
    price = tick.price
    if adverse(plan.direction, price, plan.stop):
        data = {"level": plan.stop, "why": why.invalidated(plan, price)}
        return _happen(state, Kind.INVALIDATED, tick.at_ns, price, data)
    if state.gate is Gate.SUPPRESS or not _triggers(plan, price):
        return state, ()
    first = plan.targets[0].price
    if favourable(plan.direction, price, first):
        return _happen(state, Kind.MISSED, tick.at_ns, price, {"level": first, "why": why.missed(plan, price)})
    risk = initial_risk(plan, price)
    data = {"level": plan.entry.price, "stop": plan.stop, "risk": risk, "why": why.entered(plan, price)}
    state = replace(state, fill_price=price, high=price, low=price, health=Health.HEALTHY)
    return _happen(state, Kind.ENTERED, tick.at_ns, price, data)


def _triggers(plan: Plan, price: float) -> bool:
    level = plan.entry.price
    if plan.entry.type is EntryType.MARKET or level is None:
        return True
    if plan.entry.type is EntryType.LIMIT:
        return adverse(plan.direction, price, level)
    return favourable(plan.direction, price, level)


def _stopped(plan: Plan, state: PlanState, tick: Tick, level: float, reason: str) -> Stepped:
    state, part = _exit(plan, state, tick.price, state.remaining_fraction)
    text = why.stopped(plan, tick.price, level, reason)
    data = {"reason": reason, "level": level, **part, "why": text}
    return _happen(replace(state, remaining_fraction=0.0), Kind.STOPPED, tick.at_ns, tick.price, data)


def _targets(plan: Plan, state: PlanState, tick: Tick) -> Stepped:
    events: list[PlanEvent] = []
    for index, target in enumerate(plan.targets[state.targets_hit :], state.targets_hit + 1):
        if not favourable(plan.direction, tick.price, target.price):
            break
        left = remaining_after(plan, index)
        state, part = _exit(plan, state, tick.price, target.fraction)
        text = why.target_hit(plan, tick.price, index)
        data = {"index": index, "level": target.price, **part, "remaining_fraction": left, "why": text}
        state = replace(state, targets_hit=index, remaining_fraction=left)
        if plan.trail is not None and index == plan.trail.after:
            state = replace(state, best_price=tick.price)
        state, hit = _happen(state, Kind.TARGET_HIT, tick.at_ns, tick.price, data)
        events += hit
    if events and state.targets_hit == len(plan.targets) and state.remaining_fraction == 0.0:
        data = {"realized_r": state.realized_r, "why": why.completed(plan, state.realized_r)}
        state, done = _happen(state, Kind.COMPLETED, tick.at_ns, tick.price, data)
        events += done
    return state, tuple(events)


def _trail(plan: Plan, state: PlanState, tick: Tick) -> Stepped:
    if plan.trail is None or state.best_price is None:
        return state, ()
    improved = plan.sign * (tick.price - state.best_price) > 0
    best = tick.price if improved else state.best_price
    level = trail_level(plan.sign, best, plan.trail)
    state = replace(state, best_price=best, trail_stop=level)
    if not raise_due(plan.sign, level, state.announced_trail, plan.trail):
        return state, ()
    data = {"level": level, "best": best, "why": why.trail_raised(best, level, plan.trail.distance)}
    return _happen(replace(state, announced_trail=level), Kind.TRAIL_RAISED, tick.at_ns, tick.price, data)


def trail_level(sign: int, best: float, trail: Trail) -> float:
    """The stop that trails `best`, in dollars."""
    return tidy(best - sign * trail.distance)


def raise_due(sign: int, level: float, announced: float | None, trail: Trail) -> bool:
    """Whether the trail stop stands far enough beyond the last announced one; the first is always due."""
    return announced is None or sign * (level - announced) >= trail.step - PRICE_TOLERANCE


def _health(plan: Plan, state: PlanState, tick: Tick) -> Stepped:
    stop = effective_stop(plan, state)
    near, far = health_thresholds(plan, state)
    distance = plan.sign * (tick.price - stop)
    if state.health is not Health.AT_RISK and distance <= near + PRICE_TOLERANCE:
        data = {"effective_stop": stop, "why": why.at_risk(tick.price, stop, near)}
        return _happen(replace(state, health=Health.AT_RISK), Kind.AT_RISK, tick.at_ns, tick.price, data)
    if state.health is Health.AT_RISK and distance > far + PRICE_TOLERANCE:
        data = {"effective_stop": stop, "why": why.recovered(tick.price, stop, far)}
        return _happen(replace(state, health=Health.HEALTHY), Kind.RECOVERED, tick.at_ns, tick.price, data)
    return state, ()


def health_thresholds(plan: Plan, state: PlanState) -> tuple[float, float]:
    """Distances from the effective stop, dollars: at risk at or within the first, recovered beyond the second."""
    fill = plan.stop if state.fill_price is None else state.fill_price
    near = plan.at_risk_buffer * initial_risk(plan, fill)
    return near, RECOVERY_FACTOR * near


def _on_gate_edge(state: PlanState, edge: GateEdge) -> Stepped:
    if edge.gate is state.gate:
        return state, ()
    kind, data = told_of_edge(edge)
    return _happen(replace(state, gate=edge.gate), kind, edge.at_ns, None, data)


@lru_cache(maxsize=4096)
def told_of_edge(edge: GateEdge) -> tuple[Kind, dict[str, Any]]:
    """Return kind and data of the event; the plans that meet an edge share what is told, which nobody may change."""
    opening = edge.gate is Gate.ALLOW
    text = why.ungated(edge.causes, edge.at_ns) if opening else why.gated(edge.gate, edge.causes, edge.at_ns)
    data = {"action": str(edge.gate), "events": [_cause(c, edge.at_ns) for c in edge.causes], "why": text}
    return Kind.UNGATED if opening else Kind.GATED, data


def _cause(cause: GateCause, at_ns: int) -> dict[str, Any]:
    return {
        "id": cause.event_id,
        "kind": cause.kind,
        "severity": cause.severity,
        "label": cause.label,
        "at_ns": cause.at_ns,
        "minutes": tidy((cause.at_ns - at_ns) / MINUTE_NS),
    }


def _on_expiry(plan: Plan, state: PlanState, at_ns: int) -> Stepped:
    if not state.in_position or state.last_price is None:
        data = {"realized_r": state.realized_r, "why": why.expired(at_ns, None)}
        return _happen(state, Kind.EXPIRED, at_ns, None, data)
    price = state.last_price
    state, part = _exit(plan, state, price, state.remaining_fraction)
    data = {**part, "why": why.expired(at_ns, price)}
    return _happen(replace(state, remaining_fraction=0.0), Kind.EXPIRED, at_ns, price, data)


def _exit(plan: Plan, state: PlanState, price: float, fraction: float) -> tuple[PlanState, dict[str, Any]]:
    """Book one exit: the fraction sold, what it made in R, and the sum so far."""
    fill = price if state.fill_price is None else state.fill_price
    made = tidy(fraction * in_r(plan, fill, price))
    state = replace(state, realized_r=tidy(state.realized_r + made))
    return state, {"fraction": fraction, "r": made, "realized_r": state.realized_r}


def _happen(state: PlanState, kind: Kind, at_ns: int, price: float | None, data: dict[str, Any]) -> Stepped:
    """Write the next event and move to the phase that the table gives for it."""
    try:
        phase = NEXT[state.phase][kind]
    except KeyError:
        allowed = ", ".join(NEXT[state.phase]) or "nothing (terminal)"
        msg = f"plan {state.plan_id} in phase {state.phase} cannot be {kind}; allowed: {allowed}"
        raise LifecycleError(msg) from None
    state = replace(state, phase=phase, last_seq=state.last_seq + 1, updated_ns=max(state.updated_ns, at_ns))
    event = PlanEvent(state.plan_id, state.version, state.last_seq, state.symbol, kind, at_ns, price, data)
    return state, (event,)


__all__ = [
    "NEXT",
    "LifecycleError",
    "Record",
    "absorb",
    "adverse",
    "favourable",
    "health_thresholds",
    "raise_due",
    "register",
    "replan",
    "step",
    "told_of_edge",
    "trail_level",
]
