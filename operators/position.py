"""What a print does to a plan that is in the market: its stop, its targets, its trail and its health, in that order."""

from typing import Any, Final

from msgspec.structs import replace

from operators import why
from operators.events import Kind, PlanEvent
from operators.plans import Direction, Plan, Trail
from operators.prices import PRICE_TOLERANCE, at_or_above, at_or_below, tidy
from operators.records import Tick
from operators.state import (
    Health,
    PlanState,
    binding_stop,
    effective_stop,
    in_r,
    initial_risk,
    remaining_after,
)
from operators.transitions import Stepped, happen

RECOVERY_FACTOR: Final = 1.5


def in_position(plan: Plan, state: PlanState, tick: Tick) -> Stepped:
    """Take an open plan, which has absorbed an eligible tick, through what the tick means for it."""
    level, reason = binding_stop(plan, state)
    if adverse(plan.direction, tick.price, level):
        return _stopped(plan, state, tick, level, reason)
    state, hits = _targets(plan, state, tick)
    if not state.live:
        return state, hits
    state, raised = _trail(plan, state, tick)
    state, health = _health(plan, state, tick)
    return state, (*hits, *raised, *health)


def favourable(direction: Direction, price: float, level: float) -> bool:
    """Whether `price` is at `level` or on the profitable side of it."""
    return at_or_above(price, level) if direction is Direction.LONG else at_or_below(price, level)


def adverse(direction: Direction, price: float, level: float) -> bool:
    """Whether `price` is at `level` or on the losing side of it."""
    return at_or_below(price, level) if direction is Direction.LONG else at_or_above(price, level)


def _stopped(plan: Plan, state: PlanState, tick: Tick, level: float, reason: str) -> Stepped:
    state, part = sold(plan, state, tick.price, state.remaining_fraction)
    text = why.stopped(plan, tick.price, level, reason)
    data = {"reason": reason, "level": level, **part, "why": text}
    return happen(replace(state, remaining_fraction=0.0), Kind.STOPPED, tick.at_ns, tick.price, data)


def _targets(plan: Plan, state: PlanState, tick: Tick) -> Stepped:
    events: list[PlanEvent] = []
    for index, target in enumerate(plan.targets[state.targets_hit :], state.targets_hit + 1):
        if not favourable(plan.direction, tick.price, target.price):
            break
        left = remaining_after(plan, index)
        state, part = sold(plan, state, tick.price, target.fraction)
        text = why.target_hit(plan, tick.price, index)
        data = {"index": index, "level": target.price, **part, "remaining_fraction": left, "why": text}
        state = replace(state, targets_hit=index, remaining_fraction=left)
        if plan.trail is not None and index == plan.trail.after:
            state = replace(state, best_price=tick.price)
        state, hit = happen(state, Kind.TARGET_HIT, tick.at_ns, tick.price, data)
        events += hit
    if events and state.targets_hit == len(plan.targets) and state.remaining_fraction == 0.0:
        data = {"realized_r": state.realized_r, "why": why.completed(plan, state.realized_r)}
        state, done = happen(state, Kind.COMPLETED, tick.at_ns, tick.price, data)
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
    return happen(replace(state, announced_trail=level), Kind.TRAIL_RAISED, tick.at_ns, tick.price, data)


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
        return happen(replace(state, health=Health.AT_RISK), Kind.AT_RISK, tick.at_ns, tick.price, data)
    if state.health is Health.AT_RISK and distance > far + PRICE_TOLERANCE:
        data = {"effective_stop": stop, "why": why.recovered(tick.price, stop, far)}
        return happen(replace(state, health=Health.HEALTHY), Kind.RECOVERED, tick.at_ns, tick.price, data)
    return state, ()


def health_thresholds(plan: Plan, state: PlanState) -> tuple[float, float]:
    """Distances from the effective stop, dollars: at risk at or within the first, recovered beyond the second."""
    fill = plan.stop if state.fill_price is None else state.fill_price
    near = plan.at_risk_buffer * initial_risk(plan, fill)
    return near, RECOVERY_FACTOR * near


def sold(plan: Plan, state: PlanState, price: float, fraction: float) -> tuple[PlanState, dict[str, Any]]:
    """Book one exit: the fraction sold, what it made in R, and the sum so far."""
    fill = price if state.fill_price is None else state.fill_price
    made = tidy(fraction * in_r(plan, fill, price))
    state = replace(state, realized_r=tidy(state.realized_r + made))
    return state, {"fraction": fraction, "r": made, "realized_r": state.realized_r}
