"""The plans of one symbol by profile, those of a profile in columns, where the quiet advance together.

Groups are made of the slots when they are asked for, and forgotten when plans came, went or were changed elsewhere.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from operators.columnar import Ints, Ticks
from operators.data_gaps import DataGaps
from operators.edges import Meeting
from operators.eligibility import Profile, SymbolSlice
from operators.gating import GateTimeline
from operators.held import Held, profile_row
from operators.plan_columns import PlanColumns, all_calm, due_ns, joined
from operators.plans import Gate
from operators.slots import Outcome, Slot, advance_slot, next_due, run_slot
from operators.state import Quiet
from operators.times import NEVER

ACTIONS: Final = (Gate.DEFINED_RISK, Gate.SUPPRESS)


class Now(NamedTuple):
    """How far a symbol's tape has come (ns UTC), its gate windows, and its gaps that stand."""

    at_ns: int
    gates: GateTimeline
    gaps: DataGaps


Changed = dict[Profile | None, list[int]]
"""By profile, the rows of the plans that something was due for."""


class PlanGroups:
    """The plans in `slots`, which their owner may change after `forget`."""

    def __init__(self, slots: Mapping[str, Slot]) -> None:
        self._slots = slots
        self._groups: dict[Profile | None, PlanColumns] | None = None

    def advance(self, ticks: SymbolSlice, now: Now, outcome: Outcome) -> Changed:
        """Take all plans through a slice; `regroup` wants to know what it returns."""
        groups = self._grouped(now).items()
        return {profile: _advanced(group, profile, ticks, now, outcome) for profile, group in groups}

    def regroup(self, changed: Changed) -> None:
        """Give plans that were registered or changed their profile a place among their like."""
        groups = self._groups or {}
        movers = {
            profile: [row for row in rows if groups[profile].slots[row].profile != profile]
            for profile, rows in changed.items()
        }
        if any(movers.values()):
            parts = [part for profile, rows in movers.items() for part in groups[profile].parted(rows)]
            self._groups = joined(parts)

    def calm(self, ticks: SymbolSlice, now: Now) -> bool:
        """Take all plans through a slice at which nothing happens; otherwise leave it, and return False."""
        return self._passes(ticks, now) or all_calm(self._grouped(now), ticks)

    def due_ns(self, now: Now) -> int:
        """Return the instant (ns UTC) before which time alone brings nothing about; in the past where nobody knows."""
        if self._groups is None:  # whose columns cost more than one look at each plan
            dues = [due_ns(slot, next_due(slot, now.at_ns, now.gates), now.at_ns) for slot in self._slots.values()]
            return min(dues, default=NEVER)
        return min([group.calm.due_ns for group in self._groups.values()], default=NEVER)

    def held(self) -> tuple[tuple[Any, ...], ...]:
        """Return what the quiet of each profile saw since something happened, as `Held` tells it."""
        quiet = ((profile, group.held) for profile, group in self._known() if profile is not None)
        return tuple((profile_row(profile), tuple(seen)) for profile, seen in quiet if seen is not None)

    def hold(self, held: Held, now: Now) -> None:
        """Let all plans have seen what was held."""
        for profile, group in self._grouped(now).items():
            seen = held.of(profile)
            if seen is not None:
                group.hold(seen)

    def quiet(self) -> dict[str, Quiet]:
        """Return what each plan saw that its slot does not know yet, by id."""
        found: dict[str, Quiet] = {}
        for _, group in self._known():
            found |= group.quiet()
        return found

    def settle(self) -> None:
        """Let every slot know what its plan saw."""
        for _, group in self._known():
            group.settle_all()

    def forget(self) -> None:
        """Settle, and make the groups anew when they are asked for."""
        self.settle()
        self._groups = None

    def _passes(self, ticks: SymbolSlice, now: Now) -> bool:
        """Whether time merely passes, known without columns: those of plans just told of would be of no use again."""
        return self._groups is None and not len(ticks.price) and self.due_ns(now) > ticks.end_ns

    def _known(self) -> Iterable[tuple[Profile | None, PlanColumns]]:
        return (self._groups or {}).items()

    def _grouped(self, now: Now) -> dict[Profile | None, PlanColumns]:
        if self._groups is None:
            members: dict[Profile | None, list[Slot]] = {}
            for slot in self._slots.values():
                members.setdefault(slot.profile, []).append(slot)
            self._groups = {profile: PlanColumns.of(slots, now.at_ns, now.gates) for profile, slots in members.items()}
        return self._groups


def _advanced(group: PlanColumns, profile: Profile | None, ticks: SymbolSlice, now: Now, outcome: Outcome) -> list[int]:
    """Advance one group; return the rows of those that something was due for: they may not belong to it any more.

    The quiet see the slice together.  Of the others, those that merely meet a gate edge are quickly done.
    """
    view = None if profile is None or not len(ticks.price) else ticks.view(profile)
    if view is not None and not len(view.price):
        view = None
    if group.calm.due_ns > ticks.end_ns:
        if view is None:
            return []
        if group.calm.holds(seen := view.as_quiet()):
            group.hold(seen)
            return []
    group.release()
    active = due = group.due <= ticks.end_ns
    if view is not None:
        active = due | (group.low >= view.low) | (group.high <= view.high)
        group.absorb(view, ~active)
    rows = np.flatnonzero(active)
    group.settle(rows)
    dues = np.flatnonzero(due)
    if len(dues):
        rows = _meet_edge(group, rows, view, ticks.end_ns, now, outcome)
    end_ns = max(now.at_ns, ticks.end_ns)
    for row, is_due in zip(rows.tolist(), due[rows].tolist(), strict=True):
        if is_due:
            later = advance_slot(group.slots[row], ticks, now.at_ns, now.gates, outcome, now.gaps)
            group.expect(row, later, end_ns)
        elif not run_slot(group.slots[row], ticks, outcome):
            group.expect(row, next_due(group.slots[row], end_ns, now.gates), end_ns)  # its end is due no more
        group.bound(row)
    return dues.tolist()


def _meet_edge(group: PlanColumns, rows: Ints, view: Ticks | None, end_ns: int, now: Now, outcome: Outcome) -> Ints:
    """Take those plans over a gate edge that meet just one in this slice, and are quiet; return the other rows."""
    edge_ns, next_ns = now.gates.next_two(now.at_ns)
    if not edge_ns <= end_ns < next_ns:
        return rows
    lone = (group.due[rows] == edge_ns) & (group.later[rows] > end_ns)
    if view is not None:
        lone &= (group.low[rows] < view.low) & (group.high[rows] > view.high)
    edges = {action: now.gates.next_edge(now.at_ns, action) for action in ACTIONS}
    meetings = {action: Meeting.of(edge, view) for action, edge in edges.items() if edge is not None}
    met = []
    for row in rows[lone].tolist():
        slot = group.slots[row]
        if slot.plan is not None and meetings[slot.plan.on_event].meet(slot, outcome):
            met.append(row)
            if slot.plan.on_event is Gate.SUPPRESS:
                group.bound(row)
    group.expect_edge(met, next_ns)
    return group.without(rows, met) if met else rows
