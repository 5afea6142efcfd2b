"""Plan lifecycle.  Rule 1: every phase change happens here, through `step`.  Rule 2: no clock, no I/O, no logging.

`step(plan, state, record)` is the whole law: one eligible tick, gate edge, expiry, cancel or replacement at a time.
The columnar evaluation may skip only what `step` would not have noticed.
"""

from functools import lru_cache
from typing import Any

from msgspec.structs import replace

from operators import why
from operators.data_gaps import NO_GAPS, DataGap, DataGaps, marked_at_end, marked_by, parted
from operators.events import Kind, PlanEvent
from operators.plans import EntryType, Gate, Plan
from operators.position import adverse, favourable, in_position, sold
from operators.prices import tidy
from operators.records import Cancel, Expiry, GateCause, GateEdge, Register, Tick
from operators.state import Health, Phase, PlanState, initial_risk
from operators.targets import LadderMeasure
from operators.times import MINUTE_NS
from operators.transitions import Stepped, happen, honest

Record = Tick | GateEdge | Expiry | Cancel | Register | DataGap


def step(plan: Plan, state: PlanState, record: Record) -> Stepped:
    """Apply one record to a plan; return its new state and the events, in order.

    A Tick must be eligible (`sip_ns` within the plan's life, session and sale conditions): the caller filters.
    Nothing happens to a plan in a terminal phase, but that a gap which was open when it ended may be over.
    """
    if isinstance(record, DataGap):
        return _on_gap(plan, state, record), ()
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
            return happen(state, Kind.CANCELLED, record.at_ns, None, {"why": why.cancelled()})
        case Register():
            data = {"by_version": record.plan.version, "why": why.replaced(plan.version, record.plan.version)}
            return happen(state, Kind.REPLACED, record.at_ns, None, data)


def register(
    plan: Plan,
    at_ns: int,
    last_seq: int = 0,
    measured: LadderMeasure | None = None,
    gaps: DataGaps = NO_GAPS,
) -> Stepped:
    """Start a plan's life.  `last_seq`: how many events its earlier versions had; `measured`: its ladder.

    `gaps`: those of its symbol that stand.
    """
    began_ns, known = max(at_ns, plan.valid_from_ns), gaps.by(at_ns)
    mark = known.at_start(began_ns)
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
        data_gap=marked_by(mark, known.ahead, began_ns),
        began_ns=began_ns,
        gap_by_now=mark,
        gaps_ahead=known.ahead,
    )
    data = {
        "valid_from_ns": plan.valid_from_ns,
        "expires_at_ns": plan.expires_at_ns,
        "risk": measured.risk if measured else None,
        "reward_to_risk": list(measured.reward_to_risk) if measured and measured.reward_to_risk else None,
        "why": why.registered(plan),
    }
    data = honest(state, data, at_ns)
    event = PlanEvent(plan.plan_id, plan.version, last_seq + 1, plan.symbol, Kind.REGISTERED, at_ns, None, data)
    return state, (event,)


def replan(state: PlanState, at_ns: int, new_plan_id: str) -> Stepped:
    """Note on a stopped or invalidated plan which plan a fresh signal of its setup made; its phase stays."""
    data = {"plan_id": new_plan_id, "why": why.replanned(state.phase, new_plan_id)}
    return happen(state, Kind.REPLAN, at_ns, None, data)


def absorb(state: PlanState, at_ns: int, price: float, high: float, low: float) -> PlanState:
    """Fold eligible ticks that nothing happened at: the last one's time and price, the extremes of all."""
    if state.high is not None and state.low is not None:
        high, low = max(state.high, high), min(state.low, low)
        return replace(state, last_price=price, updated_ns=at_ns, high=high, low=low)
    return replace(state, last_price=price, updated_ns=at_ns)


def _on_tick(plan: Plan, state: PlanState, tick: Tick) -> Stepped:
    state = absorb(state, tick.at_ns, tick.price, tick.price, tick.price)
    if state.phase is Phase.WAITING:
        return _waiting(plan, state, tick)
    return in_position(plan, state, tick)


def _waiting(plan: Plan, state: PlanState, tick: Tick) -> Stepped:
    price = tick.price
    if adverse(plan.direction, price, plan.stop):
        data = {"level": plan.stop, "why": why.invalidated(plan, price)}
        return happen(state, Kind.INVALIDATED, tick.at_ns, price, data)
    if state.gate is Gate.SUPPRESS or not _triggers(plan, price):
        return state, ()
    first = plan.targets[0].price
    if favourable(plan.direction, price, first):
        return happen(state, Kind.MISSED, tick.at_ns, price, {"level": first, "why": why.missed(plan, price)})
    risk = initial_risk(plan, price)
    data = {"level": plan.entry.price, "stop": plan.stop, "risk": risk, "why": why.entered(plan, price)}
    state = replace(state, fill_price=price, high=price, low=price, health=Health.HEALTHY)
    return happen(state, Kind.ENTERED, tick.at_ns, price, data)


def _triggers(plan: Plan, price: float) -> bool:
    level = plan.entry.price
    if plan.entry.type is EntryType.MARKET or level is None:
        return True
    if plan.entry.type is EntryType.LIMIT:
        return adverse(plan.direction, price, level)
    return favourable(plan.direction, price, level)


def _on_gate_edge(state: PlanState, edge: GateEdge) -> Stepped:
    if edge.gate is state.gate:
        return state, ()
    kind, data = told_of_edge(edge)
    return happen(replace(state, gate=edge.gate), kind, edge.at_ns, None, data)


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
        return happen(state, Kind.EXPIRED, at_ns, None, data)
    price = state.last_price
    state, part = sold(plan, state, price, state.remaining_fraction)
    data = {**part, "why": why.expired(at_ns, price)}
    return happen(replace(state, remaining_fraction=0.0), Kind.EXPIRED, at_ns, price, data)


def _on_gap(plan: Plan, state: PlanState, told: DataGap) -> PlanState:
    began_ns, all_told = max(state.began_ns, plan.valid_from_ns), (*state.gaps_ahead, told)
    if not state.live:
        return replace(state, data_gap=marked_at_end(state.data_gap, told, began_ns))
    known, ahead = parted(all_told, state.updated_ns)
    by_now = marked_by(state.gap_by_now, known, began_ns)
    mark = marked_by(by_now, ahead, began_ns)
    return replace(state, data_gap=mark, began_ns=began_ns, gap_by_now=by_now, gaps_ahead=ahead)
