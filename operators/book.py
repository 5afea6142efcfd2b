"""All plans of one symbol and how far its tape has come.  `advance` is the whole dataflow for a symbol.

Each plan's life depends only on its own commands, its gate and the symbol's records, so plans advance one by one
through a frame.  Those whose quiet band holds the whole frame, and which nothing is due for, advance together.
"""

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from operators.columnar import quiet_band, run
from operators.eligibility import NO_COUNTS, Profile, SymbolSlice, View
from operators.events import PlanEvent
from operators.gating import NO_GATES, GateTimeline
from operators.lifecycle import absorb, register, step
from operators.plan_json import plan_to_json
from operators.plan_reading import NO_DEFAULTS, read_plan
from operators.plans import Plan
from operators.records import Cancel, Command, Expiry, Register
from operators.rows import DeadLetter, PlanRow, ProgressRow, StateRow, plan_row, state_row
from operators.state import PlanState
from operators.targets import profile as measure

NEVER: Final = np.iinfo(np.int64).max
NOTHING_YET: Final = -1
BOOK_LAYOUT: Final = 1
"""Version of `SymbolBook.snapshot`; raise it when the layout changes."""


@dataclass(slots=True)
class Outcome:
    """What one piece of tape did to a symbol's plans, in a fixed order."""

    events: list[PlanEvent] = field(default_factory=list)
    plans: list[PlanRow] = field(default_factory=list)
    states: list[StateRow] = field(default_factory=list)
    refused: list[DeadLetter] = field(default_factory=list)


@dataclass(slots=True)
class _Slot:
    """One plan_id: its current version, its state, and the commands still to come, in time order."""

    plan_id: str
    pending: list[Command]
    plan: Plan | None = None
    state: PlanState | None = None
    written: tuple[int, int] = (0, 0)

    @property
    def profile(self) -> Profile | None:
        return None if self.plan is None else Profile.of(self.plan)

    @property
    def stamp(self) -> tuple[int, int]:
        return (0, 0) if self.state is None else (self.state.last_seq, self.state.updated_ns)


class _Group:
    """Plans of one profile as columns: the quiet bands, what is due, and the quiet ticks not yet folded in."""

    def __init__(self, slots: list[_Slot], now_ns: int, gates: GateTimeline) -> None:
        self.slots = slots
        count = len(slots)
        self.low, self.high = np.empty(count), np.empty(count)
        self.due = np.empty(count, dtype=np.int64)
        self.last_ns = np.full(count, NOTHING_YET, dtype=np.int64)
        self.last, self.top, self.bottom = np.empty(count), np.empty(count), np.empty(count)
        for row in range(count):
            self.refresh(row, now_ns, gates)

    def refresh(self, row: int, now_ns: int, gates: GateTimeline) -> None:
        """Bring a plan's columns in line with its state."""
        slot = self.slots[row]
        self.last_ns[row] = NOTHING_YET
        self.top[row], self.bottom[row] = -np.inf, np.inf
        self.low[row], self.high[row] = -np.inf, np.inf
        if slot.plan is not None and slot.state is not None and slot.state.live:
            band = quiet_band(slot.plan, slot.state)
            self.low[row], self.high[row] = band.low, band.high
        due = _next_due(slot, now_ns, gates)
        self.due[row] = NEVER if due is None else due[0]
        if slot.plan is not None and slot.plan.valid_from_ns > now_ns:
            self.due[row] = NOTHING_YET  # its band may not be trusted to absorb ticks before valid_from

    def absorb(self, view: View, quiet: np.ndarray | slice) -> None:
        """Let quiet plans see a whole view: its last tick and its extremes."""
        self.last_ns[quiet] = view.ticks.sip_ns[-1]
        self.last[quiet] = view.ticks.price[-1]
        self.top[quiet] = np.maximum(self.top[quiet], view.high)
        self.bottom[quiet] = np.minimum(self.bottom[quiet], view.low)

    def settle(self, row: int) -> None:
        """Fold the quiet ticks of one plan into its state."""
        slot = self.slots[row]
        if self.last_ns[row] == NOTHING_YET or slot.state is None:
            return
        if slot.state.live:
            extremes = float(self.top[row]), float(self.bottom[row])
            slot.state = absorb(slot.state, int(self.last_ns[row]), float(self.last[row]), *extremes)
        self.last_ns[row] = NOTHING_YET
        self.top[row], self.bottom[row] = -np.inf, np.inf


class SymbolBook:
    """The plans of one symbol.  Snapshot-ready: `snapshot` gives plain values, `restore` takes them back."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.now_ns = 0
        self._gates = NO_GATES
        self._slots: dict[str, _Slot] = {}
        self._groups: dict[Profile | None, _Group] | None = None
        self._counts = list(NO_COUNTS)

    def set_gates(self, gates: GateTimeline) -> None:
        """Take the symbol's gate windows; edges already passed stay as they were."""
        if gates is not self._gates:
            self._settle_all()
            self._gates, self._groups = gates, None

    def commands(self, commands: Iterable[Command]) -> None:
        """Queue commands for their own times; one that is due in the past takes effect at the next record."""
        self._settle_all()
        self._groups = None
        for command in commands:
            plan_id = command.plan.plan_id if isinstance(command, Register) else command.plan_id
            slot = self._slots.get(plan_id)
            if slot is None:
                slot = self._slots[plan_id] = _Slot(plan_id, [])
            insort(slot.pending, command, key=lambda each: each.at_ns)

    def advance(self, ticks: SymbolSlice) -> Outcome:
        """Take all plans through one slice of the symbol's tape."""
        for index, count in enumerate(ticks.counts):
            self._counts[index] += count
        outcome = Outcome()
        moved: list[_Slot] = []
        for profile, group in self._grouped().items():
            moved += self._advance_group(group, profile, ticks, outcome)
        self.now_ns = max(self.now_ns, ticks.end_ns)
        self._regroup(moved)
        return outcome

    def mark(self, at_ns: int) -> Outcome:
        """Let time reach `at_ns` without a print: everything due at or before it happens."""
        return self.advance(empty_slice(max(at_ns, self.now_ns)))

    def end(self, at_ns: int | None) -> Outcome:
        """The tape stops at `at_ns`: commands up to there take effect, deadlines beyond the last record do not.

        None: the tape was left midway.  Either way the states of all plans are brought up to date.
        """
        pending = [command.at_ns for slot in self._slots.values() for command in slot.pending]
        due = [each for each in pending if at_ns is not None and each <= at_ns]
        outcome = self.mark(max(due)) if due else Outcome()
        self._settle_all()
        outcome.states += self._unwritten()
        return outcome

    def plan(self, plan_id: str) -> tuple[Plan, PlanState] | None:
        """Return the current version of a plan and its state; None before it is registered."""
        self._settle_all()
        slot = self._slots.get(plan_id)
        return None if slot is None or slot.plan is None or slot.state is None else (slot.plan, slot.state)

    def progress(self) -> ProgressRow:
        """Return how far the symbol's tape has come and what was on it."""
        return ProgressRow(self.symbol, self.now_ns, *self._counts)

    def snapshot(self) -> tuple[Any, ...]:
        """Return everything as plain values: layout, symbol, time, counts, and per plan its JSON, state and commands."""
        self._settle_all()
        slots = tuple(_slot_to_plain(slot) for slot in self._slots.values())
        return BOOK_LAYOUT, self.symbol, self.now_ns, tuple(self._counts), slots

    @classmethod
    def restore(cls, snapshot: tuple[Any, ...]) -> "SymbolBook":
        """Undo `snapshot`.  Raises ValueError for a layout that this version does not know."""
        layout, symbol, now_ns, counts, slots = snapshot
        if layout != BOOK_LAYOUT:
            msg = f"snapshot of {symbol} has layout {layout}; this version reads {BOOK_LAYOUT}"
            raise ValueError(msg)
        book = cls(symbol)
        book.now_ns, book._counts = now_ns, list(counts)
        book._slots = {slot.plan_id: slot for slot in map(_slot_from_plain, slots)}
        return book

    def _grouped(self) -> dict[Profile | None, _Group]:
        if self._groups is None:
            members: dict[Profile | None, list[_Slot]] = {}
            for slot in self._slots.values():
                members.setdefault(slot.profile, []).append(slot)
            self._groups = {profile: _Group(slots, self.now_ns, self._gates) for profile, slots in members.items()}
        return self._groups

    def _advance_group(
        self, group: _Group, profile: Profile | None, ticks: SymbolSlice, outcome: Outcome
    ) -> list[_Slot]:
        """Advance one group; return the plans that do not belong to it any more."""
        view = None if profile is None else ticks.view(profile)
        active = group.due <= ticks.end_ns
        if view is not None and len(view.ticks.price):
            active |= (group.low >= view.low) | (group.high <= view.high)
            group.absorb(view, ~active if active.any() else slice(None))
        moved = []
        for row in map(int, np.flatnonzero(active)):
            group.settle(row)
            slot = group.slots[row]
            _advance_slot(slot, ticks, self.now_ns, self._gates, outcome)
            group.refresh(row, max(self.now_ns, ticks.end_ns), self._gates)
            if slot.profile != profile:
                moved.append(slot)
        return moved

    def _regroup(self, moved: list[_Slot]) -> None:
        """Give plans that were registered or changed their profile a place among their like."""
        if not moved:
            return
        self._settle_all()
        self._groups = None

    def _settle_all(self) -> None:
        for group in (self._groups or {}).values():
            for row in map(int, np.flatnonzero(group.last_ns != NOTHING_YET)):
                group.settle(row)

    def _unwritten(self) -> Iterable[StateRow]:
        for slot in self._slots.values():
            if slot.plan is not None and slot.state is not None and slot.stamp != slot.written:
                slot.written = slot.stamp
                yield state_row(slot.plan, slot.state)


def empty_slice(end_ns: int) -> SymbolSlice:
    """Return a slice without prints that ends at `end_ns`."""
    none = np.empty(0, dtype=np.uint8)
    return SymbolSlice(np.empty(0, dtype=np.int64), np.empty(0), none, none, end_ns)


_EXPIRY, _GATE, _COMMAND = range(3)
"""What comes first when several things are due at one instant; ticks of that instant come last."""


def _next_due(slot: _Slot, after_ns: int, gates: GateTimeline) -> tuple[int, int] | None:
    """Return the time and kind of what happens next to a plan other than a tick."""
    due: list[tuple[int, int]] = []
    if slot.pending:
        due.append((slot.pending[0].at_ns, _COMMAND))
    if slot.plan is not None and slot.state is not None and slot.state.live:
        if slot.plan.expires_at_ns is not None:
            due.append((slot.plan.expires_at_ns, _EXPIRY))
        edge = gates.next_edge(after_ns, slot.plan.on_event)
        if edge is not None:
            due.append((edge.at_ns, _GATE))
    return min(due, default=None)


def _advance_slot(slot: _Slot, ticks: SymbolSlice, now_ns: int, gates: GateTimeline, outcome: Outcome) -> None:
    """Take one plan through a slice: ticks up to what is due next, then that, and so on."""
    happened: list[PlanEvent] = []
    from_ns = NOTHING_YET
    while True:
        due = _next_due(slot, now_ns, gates)
        until_ns = NEVER if due is None or due[0] > ticks.end_ns else due[0]
        happened += _run_ticks(slot, ticks, from_ns, until_ns)
        if due is None or until_ns == NEVER:
            break
        now_ns = from_ns = max(now_ns, due[0])
        happened += _happen(slot, due, now_ns, gates, outcome)
    if happened and slot.plan is not None and slot.state is not None:
        slot.written = slot.stamp
        outcome.events += happened
        outcome.states.append(state_row(slot.plan, slot.state))


def _run_ticks(slot: _Slot, ticks: SymbolSlice, from_ns: int, until_ns: int) -> list[PlanEvent]:
    """Run the ticks in [from, until) that the plan may act on."""
    plan, state = slot.plan, slot.state
    if plan is None or state is None or not state.live:
        return []
    view = ticks.view(Profile.of(plan)).ticks
    first = max(from_ns, plan.valid_from_ns)
    start = int(np.searchsorted(view.sip_ns, first))
    end = len(view.sip_ns) if until_ns == NEVER else int(np.searchsorted(view.sip_ns, until_ns))
    slot.state, events = run(plan, state, view, start, end)
    return events


def _happen(
    slot: _Slot, due: tuple[int, int], now_ns: int, gates: GateTimeline, outcome: Outcome
) -> Sequence[PlanEvent]:
    """Let what is due happen to a plan."""
    due_ns, kind = due
    if kind == _COMMAND:
        return _obey(slot, slot.pending.pop(0), now_ns, gates, outcome)
    if slot.plan is None or slot.state is None:
        return ()
    edge = gates.next_edge(due_ns - 1, slot.plan.on_event) if kind == _GATE else None
    slot.state, events = step(slot.plan, slot.state, edge or Expiry(due_ns))
    return events


def _obey(slot: _Slot, command: Command, now_ns: int, gates: GateTimeline, outcome: Outcome) -> Sequence[PlanEvent]:
    plan, state = slot.plan, slot.state
    if isinstance(command, Cancel):
        if plan is None or state is None or not state.live:
            outcome.refused.append(_refusal(command, "cancel", "no live plan has this id"))
            return ()
        slot.state, events = step(plan, state, Cancel(now_ns, command.plan_id))
        return events
    if plan is not None and command.plan.version <= plan.version:
        text = f"version {command.plan.version} is not above the registered version {plan.version}"
        outcome.refused.append(_refusal(command, "version", text))
        return ()
    return _register(slot, command, now_ns, gates, outcome)


def _register(slot: _Slot, command: Register, now_ns: int, gates: GateTimeline, outcome: Outcome) -> list[PlanEvent]:
    """Replace what lives, register the new version, and put it before the gate as it stands now."""
    plan, events = command.plan, list[PlanEvent]()
    last_seq = 0
    if slot.plan is not None and slot.state is not None:
        old, replaced = step(slot.plan, slot.state, Register(now_ns, plan))
        events += replaced
        last_seq = old.last_seq
    state, registered = register(plan, now_ns, last_seq, command.profile or measure(plan))
    events += registered
    edge = gates.at(now_ns, plan.on_event)
    if edge is not None:
        state, gated = step(plan, state, edge)
        events += gated
    slot.plan, slot.state = plan, state
    outcome.plans.append(plan_row(plan, now_ns))
    return events


def _refusal(command: Command, field_name: str, reason: str) -> DeadLetter:
    plan_id = command.plan.plan_id if isinstance(command, Register) else command.plan_id
    return DeadLetter(f"command {plan_id}", command.at_ns, field_name, reason, plan_id)


def _slot_to_plain(slot: _Slot) -> tuple[Any, ...]:
    plan = None if slot.plan is None else plan_to_json(slot.plan)
    state = None if slot.state is None else slot.state.to_row()
    pending = tuple(
        (each.at_ns, plan_to_json(each.plan)) if isinstance(each, Register) else (each.at_ns, None)
        for each in slot.pending
    )
    return slot.plan_id, plan, state, pending, slot.written


def _slot_from_plain(plain: tuple[Any, ...]) -> _Slot:
    plan_id, plan, state, pending, written = plain
    return _Slot(
        plan_id,
        [
            Cancel(at_ns, plan_id) if body is None else Register(at_ns, read_plan(body, NO_DEFAULTS))
            for at_ns, body in pending
        ],
        None if plan is None else read_plan(plan, NO_DEFAULTS),
        None if state is None else PlanState.from_row(state),
        written,
    )
