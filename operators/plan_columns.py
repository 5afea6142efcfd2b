"""Plans of one profile as columns, so that the many that nothing happens to cost next to nothing."""

import numpy as np
import numpy.typing as npt

from operators.columnar import Ticks, quiet_band
from operators.gating import GateTimeline
from operators.lifecycle import absorb
from operators.slots import NEVER, NOTHING_YET, Slot, next_due


class PlanColumns:
    """Plans of one profile as columns: the quiet bands, what is due, and the quiet ticks not yet folded in."""

    def __init__(self, slots: list[Slot], now_ns: int, gates: GateTimeline) -> None:
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
        due = next_due(slot, now_ns, gates)
        self.due[row] = NEVER if due is None else due[0]
        if slot.plan is not None and slot.plan.valid_from_ns > now_ns:
            self.due[row] = NOTHING_YET  # its band may not be trusted to absorb ticks before valid_from

    def absorb(self, view: Ticks, quiet: npt.NDArray[np.bool_] | slice) -> None:
        """Let quiet plans see a whole view: its last tick and its extremes."""
        self.last_ns[quiet] = view.sip_ns[-1]
        self.last[quiet] = view.price[-1]
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
