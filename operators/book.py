"""All plans of one symbol and how far its tape has come.  `advance` is the whole dataflow for a symbol.

Each plan's life depends only on its own commands, its gate and the symbol's records, so plans advance one by one
through a frame.  Those whose quiet band holds the whole frame, and which nothing is due for, advance together.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from operators.data_gaps import NO_GAPS, DataGap, DataGaps
from operators.eligibility import NO_COUNTS, SymbolSlice
from operators.events import Kind
from operators.gating import NO_GATES, GateTimeline
from operators.groups import Now, PlanGroups
from operators.held import Held
from operators.lifecycle import replan, step
from operators.plans import Plan
from operators.proposing.desk import Desk
from operators.proposing.proposer import Proposal
from operators.records import Command, Register
from operators.rows import ProgressRow, StateRow, state_row
from operators.slot_plain import slot_from_layout_2, slot_from_plain, slot_to_plain
from operators.slots import Outcome, Past, Slot, advance_slot
from operators.state import PlanState
from operators.transitions import NEXT

BOOK_LAYOUT: Final = 3
"""Version of `SymbolBook.snapshot`; raise it when the layout changes."""
BEFORE_RETIRING: Final = 2
"""A layout without gaps, in which every plan stays.  It is still read."""


class SymbolBook:
    """The plans of one symbol.  Snapshot-ready: `snapshot` gives plain values, `restore` takes them back."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.now_ns = 0
        self._gates, self._gaps = NO_GATES, NO_GAPS
        self._gates_kept: tuple[Any, ...] | None = None
        self._slots: dict[str, Slot] = {}
        self._groups = PlanGroups(self._slots)
        self._counts = list(NO_COUNTS)
        self._desk = Desk(symbol)
        self._retired: dict[str, Past] = {}
        self._met = 0
        self._retires = True  # whether a plan may have ended since `retire` last looked

    def set_gates(self, gates: GateTimeline) -> None:
        """Take the symbol's gate windows; edges already passed stay as they were."""
        if gates is not self._gates:
            self._groups.forget()
            self._gates, self._gates_kept = gates, None

    def commands(self, commands: Iterable[Command]) -> None:
        """Queue commands for their own times; one that is due in the past takes effect at the next record."""
        self._groups.forget()
        self._retires = True
        for command in commands:
            plan_id = command.plan.plan_id if isinstance(command, Register) else command.plan_id
            self._slot(plan_id).queue(command)

    def advance(self, ticks: SymbolSlice, proposals: Sequence[Proposal] = ()) -> Outcome:
        """Take all plans through one slice of the symbol's tape.

        `proposals` were made at instants up to the slice's end, in order; each acts at its own, before prints of then.
        """
        outcome = Outcome()
        if not proposals and self.holds(ticks):
            return outcome
        self._count(ticks)
        self._retires = True
        if proposals and self._contested(ticks.end_ns):
            for proposal in proposals:
                before, ticks = ticks.cut(proposal.candidate.at_ns)
                self._advance(before, (), outcome)
                self._advance(SymbolSlice.empty(before.end_ns), (proposal,), outcome)
            proposals = ()
        self._advance(ticks, proposals, outcome)
        return outcome

    def _contested(self, until_ns: int) -> bool:
        """Whether a command that is due by then is of a plan that a proposal may begin or replan: order decides."""
        asked = [slot for slot in self._slots.values() if slot.pending and slot.pending[0].at_ns <= until_ns]
        remembered = self._desk.remembered() if asked else ()
        return any(slot.plan is None or slot.plan_id in remembered for slot in asked)

    def _advance(self, ticks: SymbolSlice, proposals: Sequence[Proposal], outcome: Outcome) -> None:
        before = len(outcome.events)
        changed = self._groups.advance(ticks, self._now(), outcome)
        if len(outcome.events) > before:
            self._desk.note(outcome.events[before:])
        made = [slot for proposal in proposals for slot in self._take(proposal, ticks, outcome)]
        self.now_ns = max(self.now_ns, ticks.end_ns)
        if made:
            self._groups.forget()
        else:
            self._groups.regroup(changed)

    def holds(self, ticks: SymbolSlice) -> bool:
        """Take all plans through a slice at which nothing happens; otherwise leave it, and return False."""
        if not self._groups.calm(ticks, self._now()):
            return False
        self._count(ticks)
        self.now_ns = max(self.now_ns, ticks.end_ns)
        return True

    def held(self) -> Held:
        """Return what `holds` took since `advance` last saw something happen, or more."""
        return Held(self.now_ns, tuple(self._counts), self._groups.held())

    def catch_up(self, held: Held) -> bool:
        """Hold the slices that another life of this book held after it was kept; False: it held none."""
        if held.records <= self._counts[0]:
            return False
        self._groups.hold(held, self._now())
        self.now_ns, self._counts = held.now_ns, list(held.counts)
        return True

    def mark(self, at_ns: int, proposals: Sequence[Proposal] = ()) -> Outcome:
        """Let time reach `at_ns` without a print: everything due at or before it happens."""
        return self.advance(SymbolSlice.empty(max(at_ns, self.now_ns)), proposals)

    @property
    def due_ns(self) -> int:
        """The instant (ns UTC) before which time alone brings nothing about; in the past where nobody can say."""
        return self._groups.due_ns(self._now())

    def gap(self, told: DataGap) -> Outcome:
        """Take note of what is missing, or is no more: all living plans carry it from this place of the tape on."""
        self._groups.settle()
        self._gaps, outcome, self._retires = self._gaps.told(told).by(self.now_ns), Outcome(), True
        for slot in self._slots.values():
            if slot.plan is None or slot.state is None:
                continue
            before = slot.state.data_gap
            slot.state, _ = step(slot.plan, slot.state, told)
            if slot.state.data_gap != before:
                slot.written, slot.row = slot.state, state_row(slot.plan, slot.state)
                outcome.states.append(slot.row)
        return outcome

    def end(self, at_ns: int | None) -> Outcome:
        """The tape stops at `at_ns`: commands up to there take effect, deadlines beyond the last record do not.

        None: the tape was left midway.  Either way the states of all plans are brought up to date.
        """
        pending = [command.at_ns for slot in self._slots.values() for command in slot.pending]
        due = [each for each in pending if at_ns is not None and each <= at_ns]
        outcome = self.mark(max(due)) if due else Outcome()
        self._groups.settle()
        outcome.states += self._unwritten()
        return outcome

    def plan(self, plan_id: str) -> tuple[Plan, PlanState] | None:
        """Return the current version of a plan and its state; None before it is registered."""
        self._groups.settle()
        slot = self._slots.get(plan_id)
        return None if slot is None or slot.plan is None or slot.state is None else (slot.plan, slot.state)

    def progress(self) -> ProgressRow:
        """Return how far the symbol's tape has come and what was on it."""
        return ProgressRow(self.symbol, self.now_ns, *self._counts)

    def retire(self) -> None:
        """Let plans go that ended, were told of and cannot be replanned; `plan` knows them no more.

        None whose mark an open gap's end will change.  Nothing happens to them any more, and what is kept must not grow
        with every session.
        """
        if not self._retires:
            return
        asked, leaving = self._desk.remembered(), list[Slot]()
        for slot in self._slots.values():
            ended = slot.state is None or not (slot.state.live or slot.state != slot.written or slot.state.waits)
            if ended and not slot.pending and slot.plan_id not in asked:
                leaving.append(slot)
        if leaving:
            self._groups.forget()
        for slot in leaving:
            past = slot.past if slot.state is None else Past(slot.state.version, slot.state.last_seq)
            if past is not None:
                self._retired[slot.plan_id] = past
            del self._slots[slot.plan_id]
        self._retires = not all(slot.state is not None and slot.state.live for slot in self._slots.values())

    def snapshot(self) -> tuple[Any, ...]:
        """Return everything as plain values: layout, symbol, time, counts, gates, plans, desk, plans retired, gaps."""
        quiet = self._groups.quiet()
        slots = tuple(slot_to_plain(slot, quiet.get(slot.plan_id)) for slot in self._slots.values())
        if self._gates_kept is None:
            self._gates_kept = self._gates.to_plain()
        gates, gaps, desk = self._gates_kept, self._gaps.to_plain(), self._desk.to_plain()
        retired = tuple((plan_id, *past) for plan_id, past in self._retired.items())
        return BOOK_LAYOUT, self.symbol, self.now_ns, tuple(self._counts), gates, slots, desk, retired, gaps

    @classmethod
    def restore(cls, snapshot: tuple[Any, ...]) -> "SymbolBook":
        """Undo `snapshot`.  Raises ValueError for a layout that this version does not know."""
        if snapshot[0] not in (BEFORE_RETIRING, BOOK_LAYOUT):
            known = f"{BEFORE_RETIRING} and {BOOK_LAYOUT}"
            msg = f"snapshot of {snapshot[1]} has layout {snapshot[0]}; this version reads {known}"
            raise ValueError(msg)
        read = slot_from_plain
        if snapshot[0] == BEFORE_RETIRING:
            snapshot, read = (*snapshot, (), NO_GAPS.to_plain()), slot_from_layout_2
        _, symbol, now_ns, counts, gates, slots, desk, retired, gaps = snapshot
        book = cls(symbol)
        book._desk, book._gaps = Desk.from_plain(desk), DataGaps.from_plain(gaps)
        book.now_ns, book._counts, book._gates = now_ns, list(counts), GateTimeline.from_plain(gates)
        book._slots.update((slot.plan_id, slot) for slot in map(read, slots))
        for place, slot in enumerate(book._slots.values()):
            slot.place = place
        book._met = len(book._slots)
        book._retired = {plan_id: Past(*past) for plan_id, *past in retired}
        return book

    def _now(self) -> Now:
        return Now(self.now_ns, self._gates, self._gaps)

    def _count(self, ticks: SymbolSlice) -> None:
        self._counts = [before + count for before, count in zip(self._counts, ticks.counts, strict=True)]

    def _slot(self, plan_id: str) -> Slot:
        """Return a plan's slot, a new one if need be; one that comes back knows what its past left."""
        slot = self._slots.get(plan_id)
        if slot is None:
            slot = Slot(plan_id, [], place=self._met, past=self._retired.pop(plan_id, None))
            self._slots[plan_id] = slot
            self._met += 1
        return slot

    def _take(self, proposal: Proposal, ticks: SymbolSlice, outcome: Outcome) -> list[Slot]:
        """Let a proposal become a plan, if it does; return the plan's slot."""
        taken = self._desk.take(proposal, self._gates)
        outcome.scans.append(taken.row)
        outcome.quotes += proposal.quotes
        plan = taken.plan
        if plan is None:
            return []
        if taken.follows is not None:
            self._replan(self._slots[taken.follows], plan, outcome)
        slot = self._slot(plan.plan_id)
        slot.queue(Register(plan.valid_from_ns, plan))
        before, now_ns = len(outcome.events), self.now_ns
        if slot.plan is not None:  # it has seen the slice already, in a version that somebody gave
            now_ns = max(now_ns, ticks.end_ns)
            ticks = SymbolSlice.empty(now_ns)
        advance_slot(slot, ticks, now_ns, self._gates, outcome, self._gaps)
        self._desk.note(outcome.events[before:])
        return [slot]

    def _replan(self, slot: Slot, new: Plan, outcome: Outcome) -> None:
        if slot.plan is None or slot.state is None or Kind.REPLAN not in NEXT[slot.state.phase]:
            return  # a version that a command brought meanwhile is in its place
        slot.state, events = replan(slot.state, new.valid_from_ns, new.plan_id)
        slot.written = slot.state
        outcome.events += events
        outcome.states.append(state_row(slot.plan, slot.state))

    def _unwritten(self) -> Iterable[StateRow]:
        for slot in self._slots.values():
            if slot.plan is not None and slot.state is not None and slot.state != slot.written:
                slot.written = slot.state
                yield state_row(slot.plan, slot.state)
