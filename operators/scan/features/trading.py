"""How well a session trades, bar by bar: enough bars, no hole just before, prices that move.

Rule: these are about data and liquidity, not about direction; every detector that trades intraday requires them.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Self

import numpy as np

from operators.bars.columns import Bars, Floats, Ints
from operators.times import MINUTE_NS

DAY_NS: Final = 1440 * MINUTE_NS


class Trading(NamedTuple):
    """One value per bar.  `coverage`: bars present of those possible in the window; `moving`: their part with a range.

    `since_hole`: minutes since trading resumed after a hole; a session begins as if the last hole were a day ago.
    """

    coverage: Floats
    moving: Floats
    since_hole: Floats


class TradingQuality:
    """The state of one session: the window's bars, and when the last hole ended.

    `bar_ns`: a bar's length; `window`: how many bar lengths the window spans; `hole_ns`: a hole has no bar for so long.
    """

    __slots__ = ("_bar_ns", "_hole_ns", "_moved", "_open_ns", "_resumed_ns", "_starts", "_window")

    def __init__(self, bar_ns: int, window: int, hole_ns: int, open_ns: int) -> None:
        self._bar_ns, self._window, self._hole_ns, self._open_ns = bar_ns, window, hole_ns, open_ns
        self._resumed_ns = open_ns - DAY_NS
        self._starts: Ints = np.empty(0, dtype=np.int64)
        self._moved: Ints = np.empty(0, dtype=np.int64)

    def extend(self, bars: Bars) -> Trading:
        """Take the session's next bars."""
        old, size = len(self._starts), len(bars)
        until_ns = int(self._starts[-1]) + self._bar_ns if old else self._open_ns
        starts = np.concatenate((self._starts, bars.start_ns))
        moved = np.concatenate((self._moved, bars.high > bars.low), dtype=np.int64)
        self._starts, self._moved = starts[-self._window :], moved[-self._window :]
        whole = int(starts[-1]) - int(starts[0]) == (old + size - 1) * self._bar_ns
        if whole and old == self._window and moved.all():
            ones = np.ones(size)
            return Trading(ones, ones, (bars.end_ns - self._resumed_ns) / MINUTE_NS)
        first = np.searchsorted(starts, bars.end_ns - self._window * self._bar_ns)
        count = np.arange(old + 1, old + size + 1) - first
        before = np.concatenate(((0,), moved.cumsum()))
        possible = np.minimum((bars.end_ns - self._open_ns) / self._bar_ns, self._window)
        return Trading(count / possible, (before[old + 1 :] - before[first]) / count, self._since_hole(bars, until_ns))

    def _since_hole(self, bars: Bars, until_ns: int) -> Floats:
        ended = np.concatenate(((until_ns,), bars.end_ns[:-1]))
        resumed = np.where(bars.start_ns - ended >= self._hole_ns, bars.start_ns, self._resumed_ns)
        resumed = np.maximum.accumulate(resumed)
        self._resumed_ns = int(resumed[-1])
        since: Floats = (bars.end_ns - resumed) / MINUTE_NS
        return since

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state."""
        numbers = self._bar_ns, self._window, self._hole_ns, self._open_ns, self._resumed_ns
        return *numbers, self._starts.tobytes(), self._moved.tobytes()

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        bar_ns, window, hole_ns, open_ns, resumed_ns, starts, moved = plain
        quality = cls(bar_ns, window, hole_ns, open_ns)
        quality._resumed_ns = resumed_ns
        quality._starts, quality._moved = np.frombuffer(starts, np.int64), np.frombuffer(moved, np.int64)
        return quality
