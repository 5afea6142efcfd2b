"""Prints in the order of their symbols' times, whatever file they come from."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from flows.tape.scan import dead_letter
from operators import ticks
from operators.columnar import Ints
from operators.frames import TickFrame
from operators.rows import DeadLetter
from operators.times import NEVER, iso


class OrderGuard:
    """Holds each symbol's time against going back: such a print cannot have been the last when it was known.

    `until_ns`: later prints are left out, ns UTC; but what stands behind one of them goes back, as in the whole file.
    """

    def __init__(self, watched: Sequence[str], until_ns: int = NEVER) -> None:
        self._last = np.zeros(len(watched) + 1, dtype=np.int64)
        self._until_ns = until_ns

    def widen(self, count: int) -> None:
        """Take note that there are `count` watched symbols now, the new ones last."""
        last = np.zeros(count + 1, dtype=np.int64)
        last[: len(self._last) - 1] = self._last[:-1]
        self._last = last

    def restore(self, newest_ns: Sequence[int]) -> None:
        """Know of each watched symbol's latest time (ns UTC) before the first frame."""
        self._last[: len(newest_ns)] = newest_ns

    def check(self, frame: TickFrame, numbers: Ints, source: str) -> tuple[TickFrame, Ints, list[DeadLetter]]:
        """Return the prints that are asked for and do not go back, their rows, and those that are and do."""
        sip_ns, code = frame.sip_ns, frame.code
        if not len(sip_ns):
            return frame, numbers, []
        if sip_ns[0] >= self._last.max() and bool((sip_ns[1:] >= sip_ns[:-1]).all()):
            self._last[code] = sip_ns
            count = int(sip_ns.searchsorted(self._until_ns, side="right"))
            return (frame, numbers, []) if count == len(sip_ns) else (frame.take(slice(count)), numbers[:count], [])
        highest, asked = self._highest(frame), sip_ns <= self._until_ns
        back = (sip_ns < highest) & (code < len(frame.symbols)) & asked
        self._last[code] = highest
        kept = asked & ~back
        if kept.all():
            return frame, numbers, []
        letters = [
            dead_letter(source, int(numbers[row]), ticks.SIP_NS, *self._told(frame, row, int(highest[row])))
            for row in map(int, np.flatnonzero(back))
        ]
        return frame.take(kept), numbers[kept], letters

    def _highest(self, frame: TickFrame) -> Ints:
        """Return for each print the latest time of its symbol up to it."""
        rows = pl.DataFrame({"code": frame.code, "sip_ns": frame.sip_ns})
        running = rows.select(pl.col("sip_ns").cum_max().over("code")).to_series().to_numpy()
        highest: Ints = np.maximum(running, self._last[frame.code])
        return highest

    def _told(self, frame: TickFrame, row: int, highest: int) -> tuple[str, str]:
        symbol, at_ns, price = frame.symbols[frame.code[row]], int(frame.sip_ns[row]), float(frame.price[row])
        return f"{symbol} goes back in time, after {iso(highest)}", f"{symbol} {at_ns} {price}"
