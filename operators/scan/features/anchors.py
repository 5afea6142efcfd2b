"""VWAPs anchored at the prior session's high and low.  Rule: an anchor is the first minute that reached the extreme.

That minute is included.  "Prior" is the calendar's session before this one; without its minutes there is no anchor.
"""

from collections.abc import Sequence
from typing import Any, Final, Self

import numpy as np

from operators.bars.columns import Bars, Floats
from operators.scan.features.sums import SessionSums, share

NONE: Final = (0.0, 0.0)
"""Volume times (price less origin), and volume: what an unknown anchor has before the session."""


class ExtremeAnchors:
    """Watches one session's high and low for the sums before them, in the terms of `SessionSums`."""

    __slots__ = ("_before", "_extreme")

    def __init__(self) -> None:
        self._extreme = [-np.inf, -np.inf]
        self._before = [NONE, NONE]

    def extend(self, bars: Bars, running: Floats) -> None:
        """Take the session's next bars and the sums before and after each."""
        for side, reached in enumerate((bars.high, -bars.low)):
            first = int(reached.argmax())
            if reached[first] > self._extreme[side]:
                self._extreme[side] = float(reached[first])
                self._before[side] = float(running[0, first]), float(running[2, first])

    def since(self, sums: SessionSums, origin: float) -> Floats:
        """Return sums from high and low to the session's end, shape (2 sums, 2 anchors), prices less a new origin."""
        total, volume = float(sums.sums[0, 0]), float(sums.sums[2, 0])
        rows = [(total - before, volume - shares) for before, shares in self._before]
        return np.array([[part + (sums.origin - origin) * shares for part, shares in rows], [row[1] for row in rows]])

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state."""
        return *self._extreme, *self._before

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        own = cls()
        own._extreme, own._before = list(plain[:2]), [tuple(each) for each in plain[2:]]
        return own


def anchored(since: Floats, running: Floats, origin: float) -> Floats:
    """Return the VWAPs anchored at the prior high and low at each new bar, dollars, shape (2, bars)."""
    part = since[0][:, None] + running[0, 1:]
    volume = since[1][:, None] + running[2, 1:]
    return share(part, volume) + origin
