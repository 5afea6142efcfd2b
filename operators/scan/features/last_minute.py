"""What five-minute features take from minutes.  Rule: as of the last one that ended by then, of the same session.

The session's sums, extremes and trading are kept once, on minutes; a longer bar reads them at its end.
"""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Final, NamedTuple, Self

import numpy as np

from operators.bars.columns import Floats, Ints
from operators.scan.features.as_of import AsOf
from operators.scan.features.minute import MinuteFeatures
from operators.scan.features.rounds import Round

PRICES: Final = ("vwap", "session_open", "prior_close", "session_high", "session_low")
MEASURES: Final = ("atr_1d", "deviation", "dollars", "coverage", "moving", "since_hole")
NAMES: Final = (*PRICES, *MEASURES)

_READ: Final = attrgetter(*NAMES)


class LastMinute:
    """The columns `NAMES` of the last minute so far, and its end, ns UTC."""

    __slots__ = ("ends_ns", "rows")

    def __init__(self) -> None:
        self.ends_ns: Ints = np.zeros(1, dtype=np.int64)
        self.rows: Floats = np.full((len(NAMES), 1), np.nan)

    @staticmethod
    def extend(owners: "Sequence[LastMinute]", sizes: Sequence[int], features: MinuteFeatures) -> "LastMinutes":
        """Take the owners' next minutes, one owner's after another's."""
        rows = np.concatenate(_READ(features)).reshape(len(NAMES), -1)
        ends, columns, start = list[Ints](), list[Floats](), 0
        for own, size in zip(owners, sizes, strict=True):
            stop = start + size
            ends += own.ends_ns, features.end_ns[start:stop]
            columns += own.rows, rows[:, start:stop]
            if size:
                own.ends_ns, own.rows = features.end_ns[stop - 1 : stop].copy(), rows[:, stop - 1 : stop].copy()
            start = stop
        return LastMinutes(AsOf.of(ends, [size + 1 for size in sizes]), np.concatenate(columns, axis=1))

    def to_plain(self) -> tuple[Any, ...]:
        """Write the last row."""
        return self.ends_ns.item(), self.rows.tobytes()

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        own = cls()
        end_ns, row = plain
        own.ends_ns, own.rows = np.array([end_ns]), np.frombuffer(row).reshape(-1, 1)
        return own


class LastMinutes(NamedTuple):
    """The minutes of a piece, each owner's with the one before, shape (names, minutes)."""

    as_of: AsOf
    rows: Floats

    def at(self, round_: Round) -> Floats:
        """Return the columns at the ends of a round's bars, shape (names, bars); NaN before the first minute."""
        return self.as_of.read(self.rows, round_)
