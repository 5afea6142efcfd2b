"""Plans of one profile as columns, so that the many that nothing happens to cost next to nothing.

A piece that lies within all bands, before all that is due, is not even looked at plan by plan: it is held for all of
them at once, and folded into the columns when one of them must be touched.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from operators.columnar import Ints, Ticks, quiet_band
from operators.eligibility import Profile, SymbolSlice
from operators.gating import GateTimeline
from operators.lifecycle import absorb
from operators.slots import NOTHING_YET, Due, Slot, next_due
from operators.state import Quiet
from operators.times import NEVER

COLUMNS: Final = ("low", "high", "due", "later", "last_ns", "last", "top", "bottom")


class Calm(NamedTuple):
    """Where no plan of a group has anything to do: prices strictly between `low` and `high`, times before `due_ns`."""

    low: float
    high: float
    due_ns: int

    def holds(self, seen: Quiet) -> bool:
        """Whether nothing happens at these ticks."""
        return self.low < seen.low and seen.high < self.high


class PlanColumns:
    """Plans of one profile as columns: the quiet bands, what is due, and the quiet ticks not yet folded in.

    `low`, `high`: the quiet band.  `due`: when something other than a tick happens next, NOTHING_YET where no tick may
    be absorbed; `later`: as `due`, gate edges aside.  `last_ns`, `last`, `top`, `bottom`: the last quiet tick and the
    extremes of all; NOTHING_YET where there is none.  Call `release` before anything that touches single plans.
    """

    def __init__(self, slots: list[Slot]) -> None:
        self.slots = slots
        count = len(slots)
        self.low, self.high = np.full(count, -np.inf), np.full(count, np.inf)
        self.due, self.later = np.full(count, NEVER, dtype=np.int64), np.full(count, NEVER, dtype=np.int64)
        self.last_ns = np.full(count, NOTHING_YET, dtype=np.int64)
        self.last, self.top, self.bottom = np.empty(count), np.full(count, -np.inf), np.full(count, np.inf)
        self._calm: Calm | None = None
        self._held: Quiet | None = None

    @classmethod
    def of(cls, slots: list[Slot], now_ns: int, gates: GateTimeline) -> "PlanColumns":
        """Build the columns of plans, everything up to `now_ns` having happened to them."""
        columns = cls(slots)
        for row in range(len(slots)):
            columns.bound(row)
            columns.expect(row, next_due(slots[row], now_ns, gates), now_ns)
        return columns

    @property
    def calm(self) -> Calm:
        """Return where nobody has anything to do."""
        if self._calm is None:
            self._calm = Calm(float(self.low.max()), float(self.high.min()), int(self.due.min()))
        return self._calm

    @property
    def held(self) -> Quiet | None:
        """Return what was held since it was last folded in."""
        return self._held

    def hold(self, seen: Quiet) -> None:
        """Keep ticks that are quiet for every plan."""
        self._held = seen if self._held is None else _after(self._held, seen)

    def release(self) -> None:
        """Fold what was held into every plan's columns."""
        if self._held is not None:
            self._absorb(slice(None), *self._held)
            self._held = None

    def bound(self, row: int) -> None:
        """Bring a plan's quiet band in line with its state."""
        slot, self._calm = self.slots[row], None
        if slot.plan is not None and slot.state is not None and slot.state.live:
            band = quiet_band(slot.plan, slot.state)
            self.low[row], self.high[row] = band.low, band.high
        else:
            self.low[row], self.high[row] = -np.inf, np.inf

    def expect(self, row: int, due: Due | None, now_ns: int) -> None:
        """Note what is due next to a plan after `now_ns`."""
        slot, self._calm = self.slots[row], None
        self.due[row] = due_ns(slot, due, now_ns)
        self.later[row] = slot.later_ns

    def expect_edge(self, rows: list[int], edge_ns: int) -> None:
        """Note that the next gate edge of live plans is at `edge_ns`."""
        self.due[rows], self._calm = np.minimum(self.later[rows], edge_ns), None

    def absorb(self, view: Ticks, quiet: npt.NDArray[np.bool_]) -> None:
        """Let quiet plans see a whole view: its last tick and its extremes."""
        self._absorb(quiet, int(view.sip_ns[-1]), float(view.price[-1]), view.high, view.low)

    def _absorb(self, quiet: npt.NDArray[np.bool_] | slice, at_ns: int, last: float, top: float, bottom: float) -> None:
        self.last_ns[quiet] = at_ns
        self.last[quiet] = last
        self.top[quiet] = np.maximum(self.top[quiet], top)
        self.bottom[quiet] = np.minimum(self.bottom[quiet], bottom)

    def settle(self, rows: Ints) -> None:
        """Fold the quiet ticks of some plans into their states."""
        rows = rows[self.last_ns[rows] != NOTHING_YET]
        if not len(rows):
            return
        told = (column[rows].tolist() for column in (self.last_ns, self.last, self.top, self.bottom))
        for row, *ticks in zip(rows.tolist(), *told, strict=True):
            slot = self.slots[row]
            if slot.state is not None and slot.state.live:
                slot.state = absorb(slot.state, *ticks)
        self.last_ns[rows] = NOTHING_YET
        self.top[rows], self.bottom[rows] = -np.inf, np.inf

    def settle_all(self) -> None:
        """Fold the quiet ticks of all plans into their states."""
        self.release()
        self.settle(np.flatnonzero(self.last_ns != NOTHING_YET))

    def quiet(self) -> dict[str, Quiet]:
        """Return the quiet ticks of each plan that are not part of its state yet."""
        columns = (column.tolist() for column in (self.last_ns, self.last, self.top, self.bottom))
        found = dict[str, Quiet]()
        for slot, at_ns, last, top, bottom in zip(self.slots, *columns, strict=True):
            seen = self._held if at_ns == NOTHING_YET else _after(Quiet(at_ns, last, top, bottom), self._held)
            if seen is not None:
                found[slot.plan_id] = seen
        return found

    def take(self, rows: Ints) -> "PlanColumns":
        """Return columns of some of the plans."""
        self.release()
        taken = PlanColumns([self.slots[row] for row in rows.tolist()])
        for name in COLUMNS:
            setattr(taken, name, getattr(self, name)[rows])
        return taken

    def without(self, rows: Ints, others: Sequence[int]) -> Ints:
        """Return the rows that are not among others."""
        kept = np.ones(len(self.slots), dtype=np.bool_)
        kept[others] = False
        return rows[kept[rows]]

    def parted(self, moving: Sequence[int]) -> list["PlanColumns"]:
        """Return the plans that stay, and those that move, by what profile they have now."""
        parts: dict[Profile | None, list[int]] = {}
        for row in moving:
            parts.setdefault(self.slots[row].profile, []).append(row)
        staying = self.without(np.arange(len(self.slots)), moving)
        return [self.take(rows) for rows in (staying, *map(np.array, parts.values())) if len(rows)]


def due_ns(slot: Slot, due: Due | None, now_ns: int) -> int:
    """Return when something other than a tick happens to a plan, `due` being next after `now_ns`."""
    if slot.plan is not None and slot.plan.valid_from_ns > now_ns:
        return NOTHING_YET  # its band may not be trusted to absorb ticks before valid_from
    return NEVER if due is None else due.at_ns


def _after(before: Quiet, seen: Quiet | None) -> Quiet:
    """Return what both leave, the one after the other."""
    if seen is None:
        return before
    return Quiet(seen.at_ns, seen.price, max(before.high, seen.high), min(before.low, seen.low))


def all_calm(groups: Mapping[Profile | None, PlanColumns], ticks: SymbolSlice) -> bool:
    """Whether nothing happens to any plan of these groups in a slice; if so, all have seen it."""
    seen = list[tuple[PlanColumns, Quiet]]()
    for profile, group in groups.items():
        calm = group.calm
        if calm.due_ns <= ticks.end_ns:
            return False
        glimpse = None if profile is None else ticks.glimpse(profile)
        if glimpse is not None:
            if not calm.holds(glimpse):
                return False
            seen.append((group, glimpse))
    for group, glimpse in seen:
        group.hold(glimpse)
    return True


def joined(parts: Sequence[PlanColumns]) -> dict[Profile | None, PlanColumns]:
    """Return columns of one profile each as one group per profile, in the order of the plans' places in their book."""
    members: dict[Profile | None, list[PlanColumns]] = {}
    for part in parts:
        members.setdefault(part.slots[0].profile, []).append(part)
    groups = [_in_order(group) for group in members.values()]
    return {group.slots[0].profile: group for group in sorted(groups, key=lambda each: each.slots[0].place)}


def _in_order(parts: list[PlanColumns]) -> PlanColumns:
    if len(parts) == 1:
        return parts[0]
    whole = PlanColumns([slot for part in parts for slot in part.slots])
    for name in COLUMNS:
        setattr(whole, name, np.concatenate([getattr(part, name) for part in parts]))
    return whole.take(np.argsort([slot.place for slot in whole.slots]))
