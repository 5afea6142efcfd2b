"""Plans of one profile as columns, so that the many that nothing happens to cost next to nothing."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from operators.columnar import Ints, Ticks, quiet_band
from operators.eligibility import Profile
from operators.gating import NEVER, GateTimeline
from operators.lifecycle import absorb
from operators.slots import NOTHING_YET, Due, Slot, next_due

COLUMNS: Final = ("low", "high", "due", "later", "last_ns", "last", "top", "bottom")


class PlanColumns:
    """Plans of one profile as columns: the quiet bands, what is due, and the quiet ticks not yet folded in.

    `low`, `high`: the quiet band.  `due`: when something other than a tick happens next, NOTHING_YET where no tick may
    be absorbed; `later`: as `due`, gate edges aside.  `last_ns`, `last`, `top`, `bottom`: the last quiet tick and the
    extremes of all; NOTHING_YET where there is none.
    """

    def __init__(self, slots: list[Slot]) -> None:
        self.slots = slots
        count = len(slots)
        self.low, self.high = np.full(count, -np.inf), np.full(count, np.inf)
        self.due, self.later = np.full(count, NEVER, dtype=np.int64), np.full(count, NEVER, dtype=np.int64)
        self.last_ns = np.full(count, NOTHING_YET, dtype=np.int64)
        self.last, self.top, self.bottom = np.empty(count), np.full(count, -np.inf), np.full(count, np.inf)

    @classmethod
    def of(cls, slots: list[Slot], now_ns: int, gates: GateTimeline) -> "PlanColumns":
        """Build the columns of plans, everything up to `now_ns` having happened to them."""
        columns = cls(slots)
        for row in range(len(slots)):
            columns.bound(row)
            columns.expect(row, next_due(slots[row], now_ns, gates), now_ns)
        return columns

    def bound(self, row: int) -> None:
        """Bring a plan's quiet band in line with its state."""
        slot = self.slots[row]
        if slot.plan is not None and slot.state is not None and slot.state.live:
            band = quiet_band(slot.plan, slot.state)
            self.low[row], self.high[row] = band.low, band.high
        else:
            self.low[row], self.high[row] = -np.inf, np.inf

    def expect(self, row: int, due: Due | None, now_ns: int) -> None:
        """Note what is due next to a plan after `now_ns`."""
        slot = self.slots[row]
        self.due[row] = NEVER if due is None else due.at_ns
        self.later[row] = slot.later_ns
        if slot.plan is not None and slot.plan.valid_from_ns > now_ns:
            self.due[row] = NOTHING_YET  # its band may not be trusted to absorb ticks before valid_from

    def absorb(self, view: Ticks, quiet: npt.NDArray[np.bool_] | slice) -> None:
        """Let quiet plans see a whole view: its last tick and its extremes."""
        self.last_ns[quiet] = view.sip_ns[-1]
        self.last[quiet] = view.price[-1]
        self.top[quiet] = np.maximum(self.top[quiet], view.high)
        self.bottom[quiet] = np.minimum(self.bottom[quiet], view.low)

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
        self.settle(np.flatnonzero(self.last_ns != NOTHING_YET))

    def take(self, rows: Ints) -> "PlanColumns":
        """Return columns of some of the plans."""
        taken = PlanColumns.__new__(PlanColumns)
        taken.slots = [self.slots[row] for row in rows.tolist()]
        for name in COLUMNS:
            setattr(taken, name, getattr(self, name)[rows])
        return taken

    def parted(self, moving: Sequence[int]) -> list["PlanColumns"]:
        """Return the plans that stay, and those that move, by what profile they have now."""
        parts: dict[Profile | None, list[int]] = {}
        for row in moving:
            parts.setdefault(self.slots[row].profile, []).append(row)
        staying = np.setdiff1d(np.arange(len(self.slots)), np.array(moving, dtype=np.int64), assume_unique=True)
        return [self.take(rows) for rows in (staying, *map(np.array, parts.values())) if len(rows)]


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
