"""The bars of one symbol that questions to the engine look back on.  Rule: they are kept as they stood at their end."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from operators.bars.columns import NO_BARS, Bars, Floats, Interval

KEPT: Final = {Interval.M1: 2_000, Interval.M5: 1_000, Interval.M60: 400, Interval.D1: 300}
"""How many bars of an interval are kept at least: two sessions of minutes with their extended hours, five of 5m, some
months of 60m, a year of days."""


class RecentBars:
    """The last bars per interval.  Which older ones are still here depends on the pieces and decides nothing."""

    def __init__(self) -> None:
        self._pieces: dict[Interval, list[Bars]] = {interval: [] for interval in KEPT}

    def extend(self, bars: Mapping[Interval, Bars]) -> None:
        """Take the next bars."""
        for interval, pieces in self._pieces.items():
            new = bars.get(interval)
            if new is not None:
                pieces.append(new)

    def of(self, interval: Interval) -> Bars:
        """Return the bars of an interval, ascending; at least the last `KEPT`, as far as there are so many."""
        pieces = self._pieces[interval]
        if len(pieces) > 1:
            whole = Bars.concat(pieces)
            pieces[:] = [whole if len(whole) <= 2 * KEPT[interval] else whole.take(slice(-KEPT[interval], None))]
        return pieces[0] if pieces else NO_BARS

    def closes(self, interval: Interval, as_of_ns: int, count: int) -> Floats:
        """Return the last `count` closes known at an instant, dollars, oldest first; fewer if there are not so many."""
        bars = self.of(interval)
        stop = int(np.searchsorted(bars.end_ns, as_of_ns, side="right"))
        return bars.close[max(0, stop - count) : stop]

    def to_plain(self) -> tuple[Any, ...]:
        """Write the last `KEPT` bars of every interval as plain values."""
        return tuple(self.of(interval).take(slice(-KEPT[interval], None)).to_plain() for interval in KEPT)

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> "RecentBars":
        """Undo `to_plain`."""
        own = cls()
        for interval, columns in zip(KEPT, plain, strict=True):
            own._pieces[interval] = [Bars.from_plain(columns)]
        return own
