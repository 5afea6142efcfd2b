"""How well a session trades, bar by bar: enough bars, no hole just before, prices that move.

Rule: these are about data and liquidity, not about direction; every detector that trades intraday requires them.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple, Self

import numpy as np

from operators.bars.columns import Bars, Floats, Ints
from operators.scan.features.ragged import Ragged
from operators.times import MINUTE_NS

DAY_NS: Final = 1440 * MINUTE_NS
_OWNER_SHIFT: Final = 46
"""Nanoseconds of 19 hours fit below: no session is longer."""


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

    __slots__ = ("bar_ns", "hole_ns", "moved", "open_ns", "resumed_ns", "starts", "window")

    def __init__(self, bar_ns: int, window: int, hole_ns: int, open_ns: int) -> None:
        self.bar_ns, self.window, self.hole_ns, self.open_ns = bar_ns, window, hole_ns, open_ns
        self.resumed_ns = open_ns - DAY_NS
        self.starts: Ints = np.empty(0, dtype=np.int64)
        self.moved: Ints = np.empty(0, dtype=np.int64)

    @staticmethod
    def extend(owners: "Sequence[TradingQuality]", ragged: Ragged, bars: Bars) -> Trading:
        """Take the owners' next bars."""
        until_ns = [own.known_until_ns() for own in owners]
        open_ns = np.array([own.open_ns for own in owners])
        since_hole = _since_hole(owners, ragged, bars, until_ns)
        both, starts, moved = _with_windows(owners, ragged, bars)
        keys = starts - both.each(open_ns) + (both.owner << _OWNER_SHIFT)
        at = both.starts[1:].repeat(ragged.sizes) - ragged.each(ragged.sizes) + ragged.place
        bar_ns, window = owners[0].bar_ns, owners[0].window
        ended_ns = bars.end_ns - ragged.each(open_ns)
        first = keys.searchsorted(np.maximum(ended_ns - window * bar_ns, 0) + (ragged.owner << _OWNER_SHIFT))
        count = at + 1 - first
        before = np.concatenate(((0,), moved.cumsum()))
        possible = np.minimum(ended_ns / bar_ns, window)
        return Trading(count / possible, (before[at + 1] - before[first]) / count, since_hole)

    def known_until_ns(self) -> int:
        """Up to when bars are known of, ns UTC."""
        return int(self.starts[-1]) + self.bar_ns if len(self.starts) else self.open_ns

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state."""
        numbers = self.bar_ns, self.window, self.hole_ns, self.open_ns, self.resumed_ns
        return *numbers, self.starts.tobytes(), self.moved.tobytes()

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        bar_ns, window, hole_ns, open_ns, resumed_ns, starts, moved = plain
        quality = cls(bar_ns, window, hole_ns, open_ns)
        quality.resumed_ns = resumed_ns
        quality.starts, quality.moved = np.frombuffer(starts, np.int64), np.frombuffer(moved, np.int64)
        return quality


def _with_windows(owners: Sequence[TradingQuality], ragged: Ragged, bars: Bars) -> tuple[Ragged, Ints, Ints]:
    """Return the windows' bars with the new ones behind them: starts, whether each had a range; keep the windows."""
    ranged = (bars.high > bars.low).astype(np.int64)
    both = Ragged.of([len(own.starts) + size for own, size in zip(owners, ragged.sizes.tolist(), strict=True)])
    starts, moved = list[Ints](), list[Ints]()
    for own, (first, stop) in zip(owners, pairwise(ragged.starts.tolist()), strict=True):
        starts += own.starts, bars.start_ns[first:stop]
        moved += own.moved, ranged[first:stop]
    all_starts, all_moved = np.concatenate(starts), np.concatenate(moved)
    for own, (first, stop) in zip(owners, pairwise(both.starts.tolist()), strict=True):
        part = slice(max(first, stop - own.window), stop)
        own.starts, own.moved = all_starts[part].copy(), all_moved[part].copy()
    return both, all_starts, all_moved


def _since_hole(owners: Sequence[TradingQuality], ragged: Ragged, bars: Bars, until_ns: Sequence[int]) -> Floats:
    ended = np.concatenate((bars.end_ns[:1], bars.end_ns[:-1]))
    ended[ragged.starts[:-1]] = until_ns
    known = np.array([own.resumed_ns for own in owners])
    resumed = np.where(bars.start_ns - ended >= owners[0].hole_ns, bars.start_ns, ragged.each(known))
    latest = np.maximum.accumulate(ragged.padded(resumed[None], known[None, :, None], 0), axis=2)
    for own, last in zip(owners, ragged.after(latest)[0, :, 0].tolist(), strict=True):
        own.resumed_ns = last
    since: Floats = (bars.end_ns - ragged.rows(latest, 1)[0]) / MINUTE_NS
    return since
