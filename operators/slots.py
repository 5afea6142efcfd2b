"""One plan_id through a slice of its symbol's tape: commands, deadlines and ticks in the order of their times."""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from operators.chains.option_quote import OptionQuote
from operators.columnar import run
from operators.data_gaps import NO_GAPS, DataGaps
from operators.eligibility import Profile, SymbolSlice
from operators.events import PlanEvent
from operators.gating import GateTimeline
from operators.lifecycle import register, step
from operators.plans import Gate, Plan
from operators.records import Cancel, Command, Expiry, GateEdge, Register
from operators.rows import DeadLetter, PlanRow, ScanRow, StateRow, plan_row, state_row
from operators.state import PlanState
from operators.targets import profile as measure
from operators.times import NEVER, iso

NOTHING_YET: Final = -1


@dataclass(slots=True)
class Outcome:
    """What one piece of tape did to a symbol's plans, in a fixed order."""

    events: list[PlanEvent] = field(default_factory=list)
    plans: list[PlanRow] = field(default_factory=list)
    states: list[StateRow] = field(default_factory=list)
    refused: list[DeadLetter] = field(default_factory=list)
    scans: list[ScanRow] = field(default_factory=list)
    quotes: list[OptionQuote] = field(default_factory=list)


@dataclass(slots=True)
class Slot:
    """One plan_id: its current version, its state, and the commands still to come, in time order.

    `written`: the state that was last given out as a row; `row`: that row, None where it must be measured anew;
    `place`: in the order in which the book met its plans; `past`: what is left of an earlier version, see `Past`;
    `body`: a plan as JSON, which is written once, since plans do not change; `kept`: what was kept of it last.
    """

    plan_id: str
    pending: list[Command]
    plan: Plan | None = None
    state: PlanState | None = None
    written: PlanState | None = None
    row: StateRow | None = None
    place: int = 0
    past: "Past | None" = None
    body: tuple[Plan, str] | None = None
    kept: "Kept | None" = None

    def queue(self, command: Command) -> None:
        """Keep a command for its own time; of one instant, the first to come is the first to act."""
        insort(self.pending, command, key=lambda each: each.at_ns)

    @property
    def profile(self) -> Profile | None:
        """How the current version chooses its prints; None before any is registered."""
        return None if self.plan is None else Profile.of(self.plan)

    @property
    def later_ns(self) -> int:
        """When the next command or the plan's end is due, ns UTC; NEVER without either."""
        command_ns = self.pending[0].at_ns if self.pending else NEVER
        plan, state = self.plan, self.state
        if plan is None or plan.expires_at_ns is None or state is None or not state.live:
            return command_ns
        return min(command_ns, plan.expires_at_ns)


class Kept(NamedTuple):
    """Both states of a slot and the rows that they are kept as: few change between one snapshot and the next."""

    state: PlanState | None
    written: PlanState | None
    row: tuple[Any, ...] | None
    told: tuple[Any, ...] | None


class Past(NamedTuple):
    """All that a version that ended leaves to the next one: its number, and how many events there were."""

    version: int
    last_seq: int


_EXPIRY, _GATE, _COMMAND = range(3)
"""What comes first when several things are due at one instant; ticks of that instant come last."""


class Due(NamedTuple):
    """What happens next to a plan other than a tick, and when; `edge` for a gate edge."""

    at_ns: int
    order: int
    edge: GateEdge | None = None


def next_due(slot: Slot, after_ns: int, gates: GateTimeline) -> Due | None:
    """Return what is due first, given that everything up to `after_ns` has happened."""
    plan, state = slot.plan, slot.state
    due = Due(slot.pending[0].at_ns, _COMMAND) if slot.pending else None
    if plan is None or state is None or not state.live:
        return due
    if gates.edges_ns or state.gate is not Gate.ALLOW:
        edge = gates.due_edge(after_ns, state.gate, plan.on_event)
        if edge is not None and (due is None or edge.at_ns <= due.at_ns):
            due = Due(edge.at_ns, _GATE, edge)
    if plan.expires_at_ns is not None and (due is None or plan.expires_at_ns <= due.at_ns):
        due = Due(plan.expires_at_ns, _EXPIRY)
    return due


def advance_slot(
    slot: Slot, ticks: SymbolSlice, now_ns: int, gates: GateTimeline, outcome: Outcome, gaps: DataGaps = NO_GAPS
) -> Due | None:
    """Take one plan through a slice: ticks up to what is due next, then that, and so on; return what is due later."""
    happened: list[PlanEvent] = []
    from_ns = NOTHING_YET
    while True:
        due = next_due(slot, now_ns, gates)
        if due is None or due.at_ns > ticks.end_ns:
            break
        happened += _run_ticks(slot, ticks, from_ns, due.at_ns)
        now_ns = from_ns = max(now_ns, due.at_ns)
        happened += _happen(slot, due, now_ns, outcome, gaps)
    happened += _run_ticks(slot, ticks, from_ns, NEVER)
    _give_out(slot, happened, outcome)
    return due


def run_slot(slot: Slot, ticks: SymbolSlice, outcome: Outcome) -> bool:
    """As `advance_slot` for a plan that meets nothing but ticks in this slice; return whether it lives on."""
    _give_out(slot, _run_ticks(slot, ticks, NOTHING_YET, NEVER), outcome)
    return slot.state is not None and slot.state.live


def _give_out(slot: Slot, happened: Sequence[PlanEvent], outcome: Outcome) -> None:
    if happened and slot.plan is not None and slot.state is not None:
        slot.written = slot.state
        slot.row = state_row(slot.plan, slot.state)
        outcome.events += happened
        outcome.states.append(slot.row)


def _run_ticks(slot: Slot, ticks: SymbolSlice, from_ns: int, until_ns: int) -> list[PlanEvent]:
    """Run the ticks in [from, until) that the plan may act on."""
    plan, state = slot.plan, slot.state
    if plan is None or state is None or not state.live:
        return []
    view = ticks.view(Profile.of(plan))
    first = max(from_ns, plan.valid_from_ns)
    start = 0 if first <= NOTHING_YET else view.place(first)
    end = len(view.sip_ns) if until_ns == NEVER else view.place(until_ns)
    if start >= end:
        return []
    slot.state, events = run(plan, state, view, start, end)
    return events


def _happen(slot: Slot, due: Due, now_ns: int, outcome: Outcome, gaps: DataGaps) -> Sequence[PlanEvent]:
    """Let what is due happen to a plan."""
    if due.order == _COMMAND:
        return _obey(slot, slot.pending.pop(0), now_ns, outcome, gaps)
    if slot.plan is None or slot.state is None:
        return ()
    slot.state, events = step(slot.plan, slot.state, due.edge or Expiry(due.at_ns))
    return events


def _obey(slot: Slot, command: Command, now_ns: int, outcome: Outcome, gaps: DataGaps) -> Sequence[PlanEvent]:
    plan, state = slot.plan, slot.state
    if isinstance(command, Cancel):
        if plan is None or state is None or not state.live:
            outcome.refused.append(_refusal(command, "cancel", "no live plan has this id"))
            return ()
        slot.state, events = step(plan, state, Cancel(now_ns, command.plan_id))
        return events
    registered = slot.past.version if plan is None and slot.past is not None else 0 if plan is None else plan.version
    if command.plan.version <= registered:
        text = f"version {command.plan.version} is not above the registered version {registered}"
        outcome.refused.append(_refusal(command, "version", text))
        return ()
    expires_at = command.plan.expires_at_ns
    if expires_at is not None and expires_at <= now_ns:
        text = f"the plan came at {iso(now_ns)}, after its end at {iso(expires_at)}"
        outcome.refused.append(_refusal(command, "expires_at", text))
        return ()
    return _register(slot, command, now_ns, outcome, gaps)


def _register(slot: Slot, command: Register, now_ns: int, outcome: Outcome, gaps: DataGaps) -> list[PlanEvent]:
    """Replace what lives and register the new version; a gate that stands now is due to it at once."""
    plan, events = command.plan, list[PlanEvent]()
    last_seq = 0 if slot.past is None else slot.past.last_seq
    if slot.plan is not None and slot.state is not None:
        old, replaced = step(slot.plan, slot.state, Register(now_ns, plan))
        events += replaced
        last_seq = old.last_seq
    state, registered = register(plan, now_ns, last_seq, command.profile or measure(plan), gaps)
    events += registered
    slot.plan, slot.state, slot.past = plan, state, None
    outcome.plans.append(plan_row(plan, now_ns))
    return events


def _refusal(command: Command, field_name: str, reason: str) -> DeadLetter:
    """Its source names the version, since commands of one plan that come at one instant are letters of their own."""
    if isinstance(command, Register):
        plan = command.plan
        source, plan_id = f"command {plan.plan_id} version {plan.version}", plan.plan_id
    else:
        source, plan_id = f"command {command.plan_id}", command.plan_id
    return DeadLetter(source, command.at_ns, field_name, reason, plan_id)
