"""Bars in columns.  Rule: a bar is known at its end and not before, and a minute without a usable print has none."""

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final, Self

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


class Interval(StrEnum):
    """How long a bar is: minutes, the regular session of a day, the sessions of an ISO week."""

    M1 = "1m"
    M5 = "5m"
    M15 = "15m"
    M60 = "60m"
    D1 = "1d"
    W1 = "1w"


class Bar(msgspec.Struct, frozen=True, gc=False):
    """One bar.  Times in ns UTC, prices in dollars, volume in shares; `vwap` None when unknown, `trades` then 0."""

    start_ns: int
    end_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    vwap: float | None
    trades: int
    phase: int
    revision: int


class Bars(msgspec.Struct, frozen=True, eq=False, gc=False):
    """Bars of one symbol and one interval, ascending by start; all columns are of equal length.

    `start_ns`, `end_ns`: ns UTC, half-open; `open` to `close`, `vwap`: dollars, vwap NaN when unknown; `volume`:
    shares; `trades`: prints in the volume, 0 when unknown; `phase`: session code of the start; `revision`: 0 as
    first closed, one more for each time that a late print changed the bar.
    """

    start_ns: Ints
    end_ns: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    vwap: Floats
    trades: Ints
    phase: Bytes
    revision: Ints

    def __len__(self) -> int:
        return len(self.start_ns)

    def take(self, which: slice | Mask | Ints) -> "Bars":
        """Return the bars of a slice, a mask or positions."""
        return Bars(
            *(self.start_ns[which], self.end_ns[which], self.open[which], self.high[which], self.low[which]),
            *(self.close[which], self.volume[which], self.vwap[which]),
            *(self.trades[which], self.phase[which], self.revision[which]),
        )

    def parts(self, edges: "Sequence[int]") -> "list[Bars]":
        """Return the bars between each two adjacent edges, not copied."""
        return [self.take(slice(start, stop)) if start < stop else NO_BARS for start, stop in pairwise(edges)]

    def row(self, index: int) -> Bar:
        """Return one bar as plain scalars."""
        values = [column[index].item() for column in self.columns()]
        if np.isnan(values[_VWAP]):
            values[_VWAP] = None
        return Bar(*values)

    def columns(self) -> tuple[npt.NDArray[Any], ...]:
        """Return the columns in the order of the fields."""
        return (
            *(self.start_ns, self.end_ns, self.open, self.high, self.low, self.close),
            *(self.volume, self.vwap, self.trades, self.phase, self.revision),
        )

    @classmethod
    def concat(cls, pieces: "Sequence[Bars]") -> Self:
        """Join pieces, which must follow one another."""
        if not pieces:
            return cls.empty()
        return cls(*map(np.concatenate, zip(*(piece.columns() for piece in pieces), strict=True)))

    @classmethod
    def empty(cls) -> Self:
        """Return no bars."""
        return cls(*(np.empty(0, dtype=kind) for kind in DTYPES))

    def to_plain(self) -> tuple[bytes, ...]:
        """Write the columns as bytes, for snapshots; equal bars are equal bytes."""
        return tuple(column.tobytes() for column in self.columns())

    @classmethod
    def from_plain(cls, plain: Sequence[bytes]) -> Self:
        """Undo `to_plain`."""
        return cls(*(np.frombuffer(text, dtype=kind) for text, kind in zip(plain, DTYPES, strict=True)))


COLUMNS: Final = Bars.__struct_fields__
DTYPES: Final = tuple(
    {"start_ns": np.int64, "end_ns": np.int64, "trades": np.int64, "revision": np.int64, "phase": np.uint8}.get(
        name, np.float64
    )
    for name in COLUMNS
)
_VWAP: Final = COLUMNS.index("vwap")
NO_BARS: Final = Bars.empty()
