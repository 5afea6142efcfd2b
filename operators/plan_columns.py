"""Plans of one profile as columns, so that the many that nothing happens to cost next to nothing.

A piece that lies within all bands, before all that is due, is not even looked at plan by plan: it is held for all of
them at once, and folded into the columns when one of them must be touched.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from operators.columnar import Ticks, quiet_band
from operators.gating import GateTimeline
from operators.lifecycle import absorb
from operators.slots import NEVER, NOTHING_YET, Slot, next_due


class Calm(NamedTuple):
    """Where no plan of a group has anything to do: prices strictly between `low` and `high`, times before `due_ns`."""

    low: float
    high: float
    due_ns: int


class PlanColumns:
    """Plans of one profile as columns: the quiet bands, what is due, and the quiet ticks not yet folded in.

    Call `release` before anything that touches single plans.
    """

    def __init__(self, slots: list[Slot], now_ns: int, gates: GateTimeline) -> None:
        self.slots = slots
        count = len(slots)
        self.low, self.high = np.empty(count), np.empty(count)
        self.due = np.empty(count, dtype=np.int64)
        self.last_ns = np.full(count, NOTHING_YET, dtype=np.int64)
        self.last, self.top, self.bottom = np.empty(count), np.empty(count), np.empty(count)
        self._calm: Calm | None = None
        self._held: tuple[int, float, float, float] | None = None
        for row in range(count):
            self.refresh(row, now_ns, gates)

    @property
    def calm(self) -> Calm:
        """Return where nobody has anything to do."""
        if self._calm is None:
            self._calm = Calm(float(self.low.max()), float(self.high.min()), int(self.due.min()))
        return self._calm

    def hold(self, view: Ticks) -> None:
        """Keep ticks that are quiet for every plan."""
        at_ns, last, top, bottom = int(view.sip_ns[-1]), float(view.price[-1]), view.high, view.low
        if self._held is not None:
            top, bottom = max(top, self._held[2]), min(bottom, self._held[3])
        self._held = at_ns, last, top, bottom

    def release(self) -> None:
        """Fold what was held into every plan's columns."""
        if self._held is not None:
            self._absorb(slice(None), *self._held)
            self._held = None

    def refresh(self, row: int, now_ns: int, gates: GateTimeline) -> None:
        """Bring a plan's columns in line with its state."""
        slot, self._calm = self.slots[row], None
        self.last_ns[row] = NOTHING_YET
        self.top[row], self.bottom[row] = -np.inf, np.inf
        self.low[row], self.high[row] = -np.inf, np.inf
        if slot.plan is not None and slot.state is not None and slot.state.live:
            band = quiet_band(slot.plan, slot.state)
            self.low[row], self.high[row] = band.low, band.high
        due = next_due(slot, now_ns, gates)
        self.due[row] = NEVER if due is None else due[0]
        if slot.plan is not None and slot.plan.valid_from_ns > now_ns:
            self.due[row] = NOTHING_YET  # its band may not be trusted to absorb ticks before valid_from

    def absorb(self, view: Ticks, quiet: npt.NDArray[np.bool_] | slice) -> None:
        """Let quiet plans see a whole view: its last tick and its extremes."""
        self._absorb(quiet, int(view.sip_ns[-1]), float(view.price[-1]), view.high, view.low)

    def _absorb(self, quiet: npt.NDArray[np.bool_] | slice, at_ns: int, last: float, top: float, bottom: float) -> None:
        self.last_ns[quiet] = at_ns
        self.last[quiet] = last
        self.top[quiet] = np.maximum(self.top[quiet], top)
        self.bottom[quiet] = np.minimum(self.bottom[quiet], bottom)

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
