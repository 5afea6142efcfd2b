"""Closed minutes as they stand by now.  Rule: a print that comes after its minute closed makes one revision of it.

It adds to volume, vwap and trades, and moves high and low, as its sale conditions let it; open and close stay.  A
print that changes nothing makes no revision, and one whose minute has no bar makes none.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any, Final

import msgspec
import numpy as np

from operators.bars.columns import NO_BARS, Bars, Ints
from operators.bars.prints import HIGH_LOW_BIT, RIGHTS, VOLUME_BIT
from operators.bars.sums import Sum, Sums, bars_of, joined, sums_from_plain, sums_of, sums_to_plain
from operators.times import MINUTE_NS

REMEMBERED_NS: Final = 16 * 60 * MINUTE_NS
"""From the start of pre-market trading to the end of after-hours trading."""


class Straggler(msgspec.Struct, frozen=True, gc=False):
    """A print that belongs to a minute which closed before it came.  Times in ns UTC, dollars, shares."""

    at_ns: int
    start_ns: int
    price: float
    size: float
    flags: int


class Revisions(msgspec.Struct, frozen=True, eq=False, gc=False):
    """Bars as stragglers left them, one per straggler that changed one, in tape order.

    `before`: the same as they had stood; `at_ns`: when each became known, ns UTC.
    """

    bars: Bars
    before: Bars
    at_ns: Ints


NO_REVISIONS: Final = Revisions(NO_BARS, NO_BARS, np.empty(0, dtype=np.int64))


class ClosedMinutes:
    """A symbol's bars of the last `remembered_ns`, with what revised them."""

    def __init__(self, remembered_ns: int = REMEMBERED_NS) -> None:
        self._remembered_ns = remembered_ns
        self._pieces: list[Sums] = []
        self._starts: list[int] = []
        self._revised: dict[int, tuple[Sum, int]] = {}

    def add(self, bars: Sums, now_ns: int) -> None:
        """Remember bars that follow all others; forget what no print from `now_ns` on can revise."""
        if len(bars):
            self._pieces.append(bars)
            self._starts.append(int(bars.start_ns[0]))
        oldest_ns = now_ns - self._remembered_ns
        while len(self._starts) > 1 and self._starts[1] <= oldest_ns:
            del self._starts[0], self._pieces[0]
        if self._revised:
            self._revised = {start: row for start, row in self._revised.items() if start >= oldest_ns}

    def revise(self, stragglers: Iterable[Straggler]) -> Revisions:
        """Take stragglers, in tape order, into the bars that they belong to."""
        rows, before = list[Sum](), list[Sum]()
        revisions, at_ns = list[int](), list[int]()
        for each in stragglers:
            found = self._find(each)
            if found is None:
                continue
            row = _with(found[0], each)
            if row != found[0]:
                self._revised[each.start_ns] = row, found[1] + 1
                rows.append(row)
                before.append(found[0])
                revisions.append(found[1])
                at_ns.append(each.at_ns)
        if not rows:
            return NO_REVISIONS
        old = np.array(revisions, dtype=np.int64)
        after, stood = bars_of(sums_of(rows), old + 1), bars_of(sums_of(before), old)
        return Revisions(after, stood, np.array(at_ns, dtype=np.int64))

    def _find(self, straggler: Straggler) -> tuple[Sum, int] | None:
        """Return a straggler's bar as it stands, and its revision."""
        start_ns = straggler.start_ns
        if start_ns < straggler.at_ns - self._remembered_ns:
            return None
        if start_ns in self._revised:
            return self._revised[start_ns]
        piece = bisect_right(self._starts, start_ns) - 1
        if piece < 0:
            return None
        sums = self._pieces[piece]
        index = int(sums.start_ns.searchsorted(start_ns))
        return (sums.row(index), 0) if index < len(sums) and sums.start_ns[index] == start_ns else None

    def to_plain(self, now_ns: int) -> tuple[Any, ...]:
        """Write what prints from `now_ns` on can still revise, the same whatever pieces it came in."""
        oldest_ns = now_ns - self._remembered_ns
        sums = joined(self._pieces)
        kept = sums.take((sums.start_ns >= oldest_ns).nonzero()[0])
        revised = sorted((*row, revision) for row, revision in self._revised.values() if row[0] >= oldest_ns)
        return self._remembered_ns, sums_to_plain(kept), tuple(revised)

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> "ClosedMinutes":
        """Undo `to_plain`."""
        remembered_ns, sums, revised = plain
        minutes = cls(remembered_ns)
        restored = sums_from_plain(sums)
        if len(restored):
            minutes._pieces, minutes._starts = [restored], [int(restored.start_ns[0])]
        minutes._revised = {row[0]: (tuple(row[:-1]), row[-1]) for row in revised}
        return minutes


def _with(row: Sum, straggler: Straggler) -> Sum:
    start_ns, open_, high, low, close, volume, notional, trades, phase = row
    may = int(RIGHTS[phase, straggler.flags])
    if may & VOLUME_BIT:
        volume += straggler.size
        notional += straggler.price * straggler.size
        trades += 1
    if may & HIGH_LOW_BIT:
        high, low = max(high, straggler.price), min(low, straggler.price)
    return start_ns, open_, high, low, close, volume, notional, trades, phase
