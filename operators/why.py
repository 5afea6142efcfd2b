"""One sentence per event, made of the numbers that decided it.  Deterministic: no clock, no locale."""

from collections.abc import Sequence

from operators.data_gaps import DataGap
from operators.plans import EntryType, Plan
from operators.prices import plain
from operators.records import GateCause
from operators.times import MINUTE_NS, iso


def _at_or(plan: Plan, *, favourable: bool) -> str:
    return "at or above" if favourable == (plan.sign > 0) else "at or below"


def registered(plan: Plan) -> str:
    """Say what is being watched."""
    entry = "at market" if plan.entry.price is None else f"{plan.entry.type} {plain(plan.entry.price)}"
    targets = ", ".join([plain(target.price) for target in plan.targets])
    return f"{plan.direction} {plan.symbol} {entry}, stop {plain(plan.stop)}, targets {targets}"


def entered(plan: Plan, price: float) -> str:
    """Say what let the plan in."""
    level = plan.entry.price
    if plan.entry.type is EntryType.MARKET or level is None:
        return f"first eligible price {plain(price)} enters at market"
    relation = _at_or(plan, favourable=plan.entry.type is EntryType.STOP)
    return f"last {plain(price)} {relation} the {plan.entry.type} entry {plain(level)}"


def invalidated(plan: Plan, price: float) -> str:
    """Say which stop was reached before the entry."""
    return f"last {plain(price)} {_at_or(plan, favourable=False)} the stop {plain(plan.stop)} before any entry"


def missed(plan: Plan, price: float) -> str:
    """Say that the first target was there before the entry."""
    relation = _at_or(plan, favourable=True)
    return f"last {plain(price)} already {relation} the first target {plain(plan.targets[0].price)}"


def target_hit(plan: Plan, price: float, index: int) -> str:
    """Say which target was reached."""
    level = plain(plan.targets[index - 1].price)
    return f"last {plain(price)} {_at_or(plan, favourable=True)} target {index} at {level}"


def stopped(plan: Plan, price: float, level: float, reason: str) -> str:
    """Say which stop was reached."""
    name = {"stop": "stop", "breakeven": "break-even stop", "trail": "trail stop"}[reason]
    return f"last {plain(price)} {_at_or(plan, favourable=False)} the {name} {plain(level)}"


def completed(plan: Plan, realized_r: float) -> str:
    """Say that nothing is left of the position."""
    return f"all {len(plan.targets)} targets hit, nothing left, {realized_r:+.2f} R"


def trail_raised(best: float, level: float, distance: float) -> str:
    """Say where the trail stands."""
    return f"best {plain(best)} carries the trail stop to {plain(level)}, {plain(distance)} behind"


def at_risk(price: float, stop: float, threshold: float) -> str:
    """Say how near the stop is."""
    return f"last {plain(price)} is {plain(abs(price - stop))} from the stop {plain(stop)}, within {plain(threshold)}"


def recovered(price: float, stop: float, threshold: float) -> str:
    """Say how far the stop is again."""
    return f"last {plain(price)} is {plain(abs(price - stop))} from the stop {plain(stop)}, beyond {plain(threshold)}"


def expired(at_ns: int, price: float | None) -> str:
    """Say when time was up, and where that left the plan."""
    left = "never entered" if price is None else f"out at the last eligible price {plain(price)}"
    return f"not finished by {iso(at_ns)}, {left}"


def cancelled() -> str:
    """Say that somebody asked for it."""
    return "cancelled by command"


def replaced(old: int, new: int) -> str:
    """Say what took the plan's place."""
    return f"version {new} takes the place of version {old}"


def replanned(phase: str, new_plan_id: str) -> str:
    """Say which plan follows a stopped or invalidated one."""
    return f"{phase} before, the setup signals afresh: plan {new_plan_id}"


def missing(gap: DataGap) -> str:
    """Say what may have been missed, by a plan or by what it was found from."""
    return f"prints from {iso(gap.from_ns)} to {iso(gap.end_ns)} may be missing"


def gated(action: str, causes: Sequence[GateCause], at_ns: int) -> str:
    """Say which events close the gate."""
    return f"{action} while {_named(causes, at_ns)}"


def ungated(causes: Sequence[GateCause], at_ns: int) -> str:
    """Say which events are over."""
    return f"clear of {_named(causes, at_ns)}" if causes else "no market event stands any more"


def _named(causes: Sequence[GateCause], at_ns: int) -> str:
    return ", ".join(_one(cause, at_ns) for cause in causes)


def _one(cause: GateCause, at_ns: int) -> str:
    minutes = (cause.at_ns - at_ns) / MINUTE_NS
    when = f"in {minutes:g} min" if minutes > 0 else f"{-minutes:g} min ago" if minutes < 0 else "now"
    return f"{cause.kind} {cause.event_id} ({cause.severity}) {when}"
