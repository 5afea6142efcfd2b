"""Prints in the order of their symbols' times, whatever file they come from."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from flows.tape.scan import dead_letter
from operators import ticks
from operators.columnar import Ints
from operators.frames import TickFrame
from operators.rows import DeadLetter
from operators.times import iso


class OrderGuard:
    """Holds each symbol's time against going back: such a print cannot have been the last when it was known."""

    def __init__(self, watched: Sequence[str]) -> None:
        self._last = np.zeros(len(watched) + 1, dtype=np.int64)

    def widen(self, count: int) -> None:
        """Take note that there are `count` watched symbols now, the new ones last."""
        last = np.zeros(count + 1, dtype=np.int64)
        last[: len(self._last) - 1] = self._last[:-1]
        self._last = last

    def restore(self, newest_ns: Sequence[int]) -> None:
        """Know of each watched symbol's latest time (ns UTC) before the first frame."""
        self._last[: len(newest_ns)] = newest_ns

    def check(self, frame: TickFrame, numbers: Ints, source: str) -> tuple[TickFrame, Ints, list[DeadLetter]]:
        """Return the frame without prints that go back, the rows of what is left, and those that do."""
        sip_ns, code = frame.sip_ns, frame.code
        if not len(sip_ns):
            return frame, numbers, []
        if sip_ns[0] >= self._last.max() and bool((sip_ns[1:] >= sip_ns[:-1]).all()):
            self._last[code] = sip_ns
            return frame, numbers, []
        highest = self._highest(frame)
        back = (sip_ns < highest) & (code < len(frame.symbols))
        self._last[code] = highest
        if not back.any():
            return frame, numbers, []
        kept = ~back
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
