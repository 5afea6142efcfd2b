"""A session's extremes so far, and of its first minutes.  Rule: an opening range is a number once its minutes are over.

Rows come in pairs (highest x, highest -x), so that the low is found by the same step as the high.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Self

import numpy as np

from operators.bars.columns import Floats

SHORT_RANGE: Final = 5
LONG_RANGE: Final = 15
"""Minutes of the two opening ranges."""

_NOW, _OPENING = slice(0, 4), slice(4, 8)


class SessionRanges(NamedTuple):
    """Dollars, one value per bar, lows negated.  `session`: rows high, low so far, shape (2, bars).

    `opening`: rows high, low of the first 5, then of the first 15 minutes; `closes`: rows best, worst close of bars
    that end after the first 15 minutes, up to the bar before this one.
    """

    session: Floats
    opening: Floats
    closes: Floats


class Ranges:
    """The state of one session: rows high, low, close (twice), then the two opening ranges' high and low."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: Floats = np.full((8, 1), np.nan)

    def extend(self, minute: Floats, sides: Floats) -> SessionRanges:
        """Take the session's next bars.

        `minute`: minutes from the open to each bar's end; `sides`: rows high, -low, close, -close, shape (4, bars).
        """
        late = minute[0] > LONG_RANGE
        opening = self._last[_OPENING] + np.zeros(len(minute)) if late else self._opening(minute, sides)
        if not late:
            sides = sides.copy()
            sides[2:, minute <= LONG_RANGE] = np.nan
        found = np.fmax.accumulate(np.concatenate((self._last[_NOW], sides), axis=1), axis=1)
        self._last = np.concatenate((found[:, -1:], self._last[_OPENING]))
        return SessionRanges(found[:2, 1:], opening, found[2:, :-1])

    def _opening(self, minute: Floats, sides: Floats) -> Floats:
        lengths = np.array((SHORT_RANGE, SHORT_RANGE, LONG_RANGE, LONG_RANGE)).reshape(4, 1)
        inside = np.where(minute <= lengths, sides[[0, 1, 0, 1]], np.nan)
        found = np.fmax.accumulate(np.concatenate((self._last[_OPENING], inside), axis=1), axis=1)[:, 1:]
        self._last[_OPENING] = found[:, -1:]
        return np.where(minute >= lengths, found, np.nan)

    def to_plain(self) -> tuple[float, ...]:
        """Write the state."""
        return tuple(self._last[:, 0].tolist())

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        own = cls()
        own._last = np.array(plain, dtype=np.float64).reshape(8, 1)
        return own
