"""VWAPs anchored at the prior session's high and low.  Rule: an anchor is the first minute that reached the extreme.

That minute is included.  "Prior" is the calendar's session before this one; without its minutes there is no anchor.
"""

from collections.abc import Sequence
from typing import Any, Final, Self

import numpy as np

from operators.bars.columns import Floats
from operators.scan.features.ragged import Ragged
from operators.scan.features.sums import SessionSums, share

NONE: Final = (0.0, 0.0)
"""Volume times (price less origin), and volume: what an unknown anchor has before the session."""


class ExtremeAnchors:
    """Watches one session's high and low for the sums before them, in the terms of `SessionSums`."""

    __slots__ = ("before", "extreme")

    def __init__(self) -> None:
        self.extreme = [-np.inf, -np.inf]
        self.before = [NONE, NONE]

    @staticmethod
    def extend(owners: "Sequence[ExtremeAnchors]", ragged: Ragged, sides: Floats, running: Floats) -> None:
        """Take the session's next bars, as rows high and -low, and the sums before and after each."""
        reached = ragged.padded(sides, np.empty((2, len(ragged), 0)), -np.inf)
        first = reached.argmax(axis=2)
        highest = np.take_along_axis(reached, first[:, :, None], 2)[:, :, 0]
        known = np.array([own.extreme for own in owners]).T
        for side, number in np.argwhere(highest > known).tolist():
            own, place = owners[number], first.item(side, number)
            own.extreme[side] = highest.item(side, number)
            own.before[side] = running.item(0, number, place), running.item(2, number, place)

    def since(self, sums: SessionSums, origin: float) -> Floats:
        """Return sums from high and low to the session's end, shape (2 sums, 2 anchors), prices less a new origin."""
        total, _, volume = sums.sums
        rows = [(total - before, volume - shares) for before, shares in self.before]
        return np.array([[part + (sums.origin - origin) * shares for part, shares in rows], [row[1] for row in rows]])

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state."""
        return *self.extreme, *self.before

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        own = cls()
        own.extreme, own.before = list(plain[:2]), [tuple(each) for each in plain[2:]]
        return own


def anchored(since: Floats, after: Floats, origin: Floats) -> Floats:
    """Return the VWAPs anchored at the prior high and low at each new bar, dollars, shape (2, bars).

    Per bar: `since`, shape (2 sums, 2 anchors, bars); `after`: the session's sums after it, shape (3, bars); `origin`.
    """
    return share(since[0] + after[0], since[1] + after[2]) + origin
