"""A session's extremes so far, and of its first minutes.  Rule: an opening range is a number once its minutes are over.

Rows come in pairs (highest x, highest -x), so that the low is found by the same step as the high.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Self

import numpy as np

from operators.bars.columns import Floats
from operators.scan.features.ragged import Ragged

SHORT_RANGE: Final = 5
LONG_RANGE: Final = 15
"""Minutes of the two opening ranges."""


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

    __slots__ = ("last",)

    def __init__(self) -> None:
        self.last: tuple[float, ...] = (float("nan"),) * 8

    @staticmethod
    def extend(owners: "Sequence[Ranges]", ragged: Ragged, minute: Floats, sides: Floats) -> SessionRanges:
        """Take the owners' next bars.

        `minute`: minutes from the open to each bar's end; `sides`: rows high, -low, close, -close, shape (4, bars).
        """
        lengths = np.array((SHORT_RANGE, SHORT_RANGE, LONG_RANGE, LONG_RANGE)).reshape(4, 1)
        rows = np.concatenate((sides, sides[[0, 1, 0, 1]]))
        rows[2:4, minute <= LONG_RANGE] = np.nan
        rows[4:][minute > lengths] = np.nan
        before = np.array([own.last for own in owners]).T[:, :, None]
        found = np.fmax.accumulate(ragged.padded(rows, before, np.nan), axis=2)
        for own, last in zip(owners, ragged.after(found)[:, :, 0].T.tolist(), strict=True):
            own.last = tuple(last)
        after = ragged.rows(found, 1)
        opening = np.where(minute >= lengths, after[4:], np.nan)
        return SessionRanges(after[:2], opening, ragged.rows(found[2:4]))

    def to_plain(self) -> tuple[float, ...]:
        """Write the state."""
        return self.last

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        own = cls()
        own.last = tuple(plain)
        return own
