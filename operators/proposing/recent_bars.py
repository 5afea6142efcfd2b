"""The bars of one symbol that questions to the engine look back on.  Rule: they are kept as they stood at their end."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from operators.bars.columns import NO_BARS, Bars, Floats, Interval
from operators.bars.fold import REGULAR
from operators.bars.splits import Split, adjusted

KEPT: Final = {Interval.M1: 2_000, Interval.M5: 1_000, Interval.M60: 400, Interval.D1: 300}
"""How many bars of an interval are kept at least: two sessions of minutes with their extended hours, five of 5m, some
months of 60m, a year of days."""


class RecentBars:
    """The last bars per interval.  Which older ones are still here depends on the pieces and decides nothing.

    Bars are let go when the next come, never before: of a long piece, its first bar's end may be asked about too.
    """

    def __init__(self) -> None:
        self._pieces: dict[Interval, list[Bars]] = {interval: [] for interval in KEPT}
        self._count = dict.fromkeys(KEPT, 0)

    def extend(self, bars: Mapping[Interval, Bars]) -> None:
        """Take the next bars; whatever is asked from now on is asked as of their ends."""
        for interval, kept in KEPT.items():
            new = bars.get(interval)
            if new is None:
                continue
            if self._count[interval] > 2 * kept:
                self._hold(interval, self.of(interval).take(slice(-kept, None)))
            self._pieces[interval].append(new)
            self._count[interval] += len(new)

    def of(self, interval: Interval) -> Bars:
        """Return the bars of an interval, ascending; at least the last `KEPT` of any instant of the last piece."""
        pieces = self._pieces[interval]
        if len(pieces) > 1:
            pieces[:] = [Bars.concat(pieces)]
        return pieces[0] if pieces else NO_BARS

    def retell(self, splits: Sequence[Split]) -> None:
        """Tell the bars before a symbol's splits in the shares that they left."""
        for interval in KEPT:
            self._hold(interval, adjusted(self.of(interval), splits))

    def changes(self, interval: Interval, as_of_ns: int, count: int, *, within_sessions: bool) -> Floats:
        """Return the last `count` changes from close to close known at an instant, dollars, oldest first.

        Of regular hours alone, and `within_sessions` between bars that adjoin: neither a night nor a halt is a bar's
        change.  Fewer if there are not so many.
        """
        bars = self.of(interval)
        regular = (bars.phase[: int(np.searchsorted(bars.end_ns, as_of_ns, side="right"))] == REGULAR).nonzero()[0]
        changes: Floats = np.diff(bars.close[regular])
        if within_sessions:
            changes = changes[bars.start_ns[regular[1:]] == bars.end_ns[regular[:-1]]]
        return changes[-count:]

    def to_plain(self) -> tuple[Any, ...]:
        """Write the last `KEPT` bars of every interval as plain values."""
        return tuple(self.of(interval).take(slice(-KEPT[interval], None)).to_plain() for interval in KEPT)

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> "RecentBars":
        """Undo `to_plain`."""
        own = cls()
        for interval, columns in zip(KEPT, plain, strict=True):
            own._hold(interval, Bars.from_plain(columns))
        return own

    def _hold(self, interval: Interval, bars: Bars) -> None:
        self._pieces[interval], self._count[interval] = [bars], len(bars)
