"""What five-minute features take from minutes.  Rule: as of the last one that ended by then, of the same session.

The session's sums, extremes and trading are kept once, on minutes; a longer bar reads them at its end.
"""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Final, Self

import numpy as np

from operators.bars.columns import Floats, Ints
from operators.scan.features.minute import MinuteFeatures

PRICES: Final = ("vwap", "session_open", "prior_close", "session_high", "session_low")
MEASURES: Final = ("atr_1d", "deviation", "dollars", "coverage", "moving", "since_hole")
NAMES: Final = (*PRICES, *MEASURES)

_READ: Final = attrgetter(*NAMES)


class LastMinute:
    """The columns `NAMES` of a piece's minutes, and of the last one before."""

    __slots__ = ("_ends_ns", "_rows")

    def __init__(self) -> None:
        self._ends_ns: Ints = np.zeros(1, dtype=np.int64)
        self._rows: Floats = np.full((len(NAMES), 1), np.nan)

    def extend(self, features: MinuteFeatures) -> None:
        """Take the minutes of a piece."""
        rows = np.concatenate(_READ(features)).reshape(len(NAMES), -1)
        self._ends_ns = np.concatenate((self._ends_ns[-1:], features.end_ns))
        self._rows = np.concatenate((self._rows[:, -1:], rows), axis=1)

    def at(self, end_ns: Ints, open_ns: int) -> Floats:
        """Return the columns at instants of a session, shape (names, instants); NaN before its first minute."""
        last = self._ends_ns.searchsorted(end_ns, side="right") - 1
        rows = self._rows[:, last]
        if self._ends_ns[last[0]] <= open_ns:
            rows[:, self._ends_ns[last] <= open_ns] = np.nan
        return rows

    def to_plain(self) -> tuple[Any, ...]:
        """Write the last row."""
        return self._ends_ns[-1:].item(), self._rows[:, -1].tobytes()

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        own = cls()
        end_ns, row = plain
        own._ends_ns, own._rows = np.array([end_ns]), np.frombuffer(row).reshape(-1, 1)
        return own
