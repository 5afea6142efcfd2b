"""Why a plan did what it did, or why nothing happened: sentences made of numbers, no clock, no guess."""

from collections.abc import Sequence
from dataclasses import dataclass

from operators.events import PlanEvent
from operators.gating import GateTimeline
from operators.plans import EntryType, Gate, Plan, SessionPhase
from operators.prices import plain, tidy
from operators.rows import ProgressRow
from operators.sessions import SessionBlock, new_york
from operators.state import Phase, PlanState, binding_stop
from operators.times import MINUTE_NS


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Everything that bears on one plan at one instant.  `state` None: not registered yet.

    `tape` False: nobody looked at the tape, so prices are those of the last event that told one, and prints unknown.
    """

    plan: Plan
    state: PlanState | None
    last_event: PlanEvent | None
    at_ns: int
    block: SessionBlock
    gates: GateTimeline
    prints: ProgressRow | None
    tape: bool = True


def explain(now: Circumstances) -> list[str]:
    """Say where the plan stands, what it waits for, and what kept it from it."""
    plan, state = now.plan, now.state
    who = f"{plan.plan_id} v{plan.version}, {plan.direction} {plan.symbol} ({plan.style})"
    if state is None:
        return [f"{who}: not registered at {clock(now.at_ns)}; it starts at {clock(plan.valid_from_ns)}"]
    lines = [f"{who}: {state.phase} as of {clock(now.at_ns)}"]
    if now.last_event is not None:
        event = now.last_event
        lines.append(f"last event: {event.kind} at {clock(event.at_ns)}: {event.data['why']}")
    if not state.live:
        return [*lines, "finished: nothing can happen to this version any more"]
    lines += _waits_for(now, state) if state.phase is Phase.WAITING else _holds(plan, state)
    return [*lines, *_hindrances(now, state)]


def clock(at_ns: int) -> str:
    """Write an instant as New York time, to the second."""
    return f"{new_york(at_ns):%Y-%m-%d %H:%M:%S} ET"


def _waits_for(now: Circumstances, state: PlanState) -> list[str]:
    plan, level = now.plan, now.plan.entry.price
    if plan.entry.type is EntryType.MARKET or level is None:
        return ["waits for the first eligible print, to enter at market"]
    below = (plan.entry.type is EntryType.LIMIT) == (plan.sign > 0)
    line = f"waits for a price at or {'below' if below else 'above'} {plain(level)} ({plan.entry.type} entry)"
    if state.last_price is None:
        return [f"{line}; {'no eligible price so far' if now.tape else 'no event has told a price so far'}"]
    away = tidy(abs(state.last_price - level))
    ends = f"would be invalidated at {plain(plan.stop)}"
    if plan.entry.type is EntryType.STOP:  # a limit entry triggers on the far side of every target
        ends += f", missed if the print that triggers it is at {plain(plan.targets[0].price)} or beyond"
    return [f"{line}; last eligible {plain(state.last_price)}{_heard(now, state)}, {plain(away)} away", ends]


def _heard(now: Circumstances, state: PlanState) -> str:
    """When the last price came; nothing where an event without one, such as a gate's, moved the state since."""
    last = now.last_event
    moved = last is not None and last.price is None and last.at_ns == state.updated_ns
    return "" if moved else f" at {clock(state.updated_ns)}"


def _holds(plan: Plan, state: PlanState) -> list[str]:
    stop, reason = binding_stop(plan, state)
    lines = [f"in at {plain(state.fill_price or 0.0)}, {state.remaining_fraction:g} of the position left"]
    if state.last_price is None:
        return lines
    to_stop = tidy(abs(state.last_price - stop))
    lines.append(f"last eligible {plain(state.last_price)}; {reason} {plain(stop)} is {plain(to_stop)} away")
    if state.targets_hit < len(plan.targets):
        target = plan.targets[state.targets_hit].price
        away = tidy(abs(target - state.last_price))
        lines.append(f"target {state.targets_hit + 1} at {plain(target)} is {plain(away)} away")
    return lines


def _hindrances(now: Circumstances, state: PlanState) -> list[str]:
    lines = [*_session(now), *_gate(now, state), *_gap(state), *_prints(now)]
    if now.plan.expires_at_ns is not None:
        lines.append(f"expires at {clock(now.plan.expires_at_ns)}")
        if now.plan.expires_at_ns <= now.at_ns:
            lines.append("its time is up, but no record of its symbol has shown that yet (replay with --to to say so)")
    return lines


def _session(now: Circumstances) -> list[str]:
    phase, counted = now.block.phase, ", ".join(now.plan.sessions)
    if phase not in now.plan.sessions:
        return [f"session: {phase}; the plan counts prints of {counted} only ({now.block.banner})"]
    if phase is not SessionPhase.REGULAR and not now.plan.extended_hours:
        return [f"session: {phase}; extended_hours is off, so Form T prints do not move it"]
    return []


def _gate(now: Circumstances, state: PlanState) -> list[str]:
    if state.gate is Gate.ALLOW:
        return []
    edge = now.gates.next_edge(now.at_ns, state.gate)
    until = f" until {clock(edge.at_ns)}" if edge is not None else ""
    effect = "no entry is taken" if state.gate is Gate.SUPPRESS else "entries are taken with defined risk"
    causes = ", ".join(f"{cause.kind} {cause.event_id}" for cause in edge.causes) if edge is not None else ""
    return [f"gate: {state.gate}{until} ({causes}): {effect}"]


def _gap(state: PlanState) -> list[str]:
    gap = state.data_gap
    if gap is None:
        return []
    if gap.state == "lost":
        reason = f" ({gap.reason})" if gap.reason else ""
        return [f"gap {gap.name}: prints from {clock(gap.from_ns)} to {clock(gap.end_ns)} are lost{reason}"]
    return [f"gap {gap.name}: prints since {clock(gap.from_ns)} are missing so far; the line is down or being mended"]


def _prints(now: Circumstances) -> list[str]:
    seen = now.prints
    if not now.tape:
        return ["prints: only the tape knows how many there were by then; prices are those of the last event with one"]
    if seen is None or not seen.records:
        return [f"prints: none of {now.plan.symbol} on the tape so far"]
    other = seen.records - seen.eligible - seen.late - seen.corrected - seen.unknown_condition
    parts: Sequence[tuple[int, str]] = (
        (seen.late, "late"),
        (seen.corrected, "corrected"),
        (seen.unknown_condition, "with an unknown condition"),
        (other, "that may not set the last price (odd lots, extended hours, out of sequence)"),
    )
    held_back = ", ".join(f"{count:,} {what}" for count, what in parts if count > 0) or "none held back"
    lines = [f"prints: {seen.records:,} so far, {seen.eligible:,} eligible; {held_back}"]
    if now.at_ns - seen.tape_ns >= MINUTE_NS:
        lines.append(f"no print of {now.plan.symbol} since {clock(seen.tape_ns)}")
    return lines
