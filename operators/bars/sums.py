"""What prints amount to per minute.  Rule: a minute is a bar once some print gave it an open, and only then."""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from operators.bars.columns import NO_BARS, Bars, Bytes, Floats, Ints
from operators.times import MINUTE_NS

OPEN, HIGH, LOW, CLOSE, VOLUME, NOTIONAL = range(6)
"""The rows of `Sums.values`."""

Sum = tuple[int, float, float, float, float, float, float, int, int]
"""One minute as plain numbers: start, the six values, trades, phase."""


class Sums(msgspec.Struct, frozen=True, eq=False, gc=False):
    """Minutes in ascending order, each with at least one print.

    `start_ns`: ns UTC; `values`, shape (6, minutes): open and close in dollars, NaN while no print may set them; high
    and low in dollars, infinities the wrong way round while none may; volume in shares, notional in dollars; `trades`:
    prints in the volume; `phase`: session code of the print that set the open, 0 without.
    """

    start_ns: Ints
    values: Floats
    trades: Ints
    phase: Bytes

    def __len__(self) -> int:
        return len(self.start_ns)

    def take(self, which: slice | Ints) -> "Sums":
        """Return the minutes of a slice or at positions, copied."""
        values = self.values[:, which].copy()
        return Sums(self.start_ns[which].copy(), values, self.trades[which].copy(), self.phase[which].copy())

    def part(self, start: int, end: int) -> "Sums":
        """Return the minutes [start, end), not copied."""
        part = slice(start, end)
        return Sums(self.start_ns[part], self.values[:, part], self.trades[part], self.phase[part])

    def row(self, index: int) -> Sum:
        """Return one minute as plain numbers."""
        values = self.values[:, index].tolist()
        return (self.start_ns.item(index), *values, self.trades.item(index), self.phase.item(index))


NO_SUMS: Final = Sums(
    np.empty(0, dtype=np.int64), np.empty((6, 0)), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint8)
)


def sums_of(rows: Sequence[Sum]) -> Sums:
    """Return rows as columns."""
    if not rows:
        return NO_SUMS
    start_ns, *values, trades, phase = zip(*rows, strict=True)
    return Sums(
        np.array(start_ns, dtype=np.int64),
        np.array(values, dtype=np.float64),
        np.array(trades, dtype=np.int64),
        np.array(phase, dtype=np.uint8),
    )


def joined(pieces: Sequence[Sums]) -> Sums:
    """Join pieces that follow one another."""
    if not pieces:
        return NO_SUMS
    return Sums(
        np.concatenate([piece.start_ns for piece in pieces]),
        np.concatenate([piece.values for piece in pieces], axis=1),
        np.concatenate([piece.trades for piece in pieces]),
        np.concatenate([piece.phase for piece in pieces]),
    )


def priced(sums: Sums) -> Sums:
    """Return the minutes that have an open: the others are no bars."""
    there = sums.values[OPEN] == sums.values[OPEN]
    return sums if there.all() else sums.take(there.nonzero()[0])


def bars_of(sums: Sums, revision: Ints | None = None) -> Bars:
    """Return priced minutes as bars, of revision 0 unless given."""
    if not len(sums):
        return NO_BARS
    open_, high, low, close, volume, notional = sums.values
    divisor = volume if volume.all() else np.where(volume > 0, volume, np.nan)
    return Bars(
        start_ns=sums.start_ns,
        end_ns=sums.start_ns + MINUTE_NS,
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=volume,
        vwap=notional / divisor,
        trades=sums.trades,
        phase=sums.phase,
        revision=np.zeros(len(sums), dtype=np.int64) if revision is None else revision,
    )


def sums_to_plain(sums: Sums) -> tuple[bytes, ...]:
    """Write the columns as bytes, for snapshots."""
    return sums.start_ns.tobytes(), sums.values.tobytes(), sums.trades.tobytes(), sums.phase.tobytes()


def sums_from_plain(plain: Sequence[bytes]) -> Sums:
    """Undo `sums_to_plain`."""
    start_ns, values, trades, phase = plain
    return Sums(
        np.frombuffer(start_ns, dtype=np.int64),
        np.frombuffer(values, dtype=np.float64).reshape(6, -1),
        np.frombuffer(trades, dtype=np.int64),
        np.frombuffer(phase, dtype=np.uint8),
    )
