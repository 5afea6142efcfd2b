"""Windows that reach back over the piece's edge.  Rule: what a window needs of the past is carried, never recomputed.

Only maxima and minima roll here, so the answer does not depend on where the input was cut.
"""

from collections.abc import Callable, Sequence
from typing import Any, Self, TypeVar

import numpy as np

from operators.bars.columns import Floats, Mask
from operators.scan.features.ragged import Ragged

Column = TypeVar("Column", Floats, Mask)


class Tail:
    """The last `width` columns of a matrix of `rows` rows, NaN where there were none yet."""

    __slots__ = ("last",)

    def __init__(self, rows: int, width: int) -> None:
        self.last: Floats = np.full((rows, width), np.nan)

    def join(self, new: Floats) -> Floats:
        """Return the tail with the new columns behind it, and keep the last ones of both."""
        both = np.concatenate((self.last, new), axis=1)
        self.last = both[:, new.shape[1] :]
        return both

    @staticmethod
    def join_all(owners: "Sequence[Tail]", ragged: Ragged, new: Floats) -> Floats:
        """`join` for several owners: shape (rows, owners, width + most new columns), padded with NaN."""
        before = np.array([own.last for own in owners]).swapaxes(0, 1)
        both = ragged.padded(new, before, np.nan)
        for own, last in zip(owners, ragged.after(both, before.shape[2]).swapaxes(0, 1), strict=True):
            own.last = last
        return both

    def to_plain(self) -> tuple[int, bytes]:
        """Write the columns."""
        return self.last.shape[0], self.last.tobytes()

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        rows, text = plain
        last: Floats = np.frombuffer(text).reshape(rows, -1)
        tail = cls(*last.shape)
        tail.last = last
        return tail


def highest(matrix: Column, width: int, pick: Callable[[Column, Column], Column] = np.fmax) -> Column:
    """Return the highest of each `width` adjacent columns; `width` - 1 fewer columns come out than went in.

    `pick`: `np.fmax` takes what is there of a window; `np.maximum` answers NaN until the window is full.
    """
    found, have = matrix, 1
    while have < width:
        step = min(have, width - have)
        found = pick(found[..., step:], found[..., :-step])
        have += step
    return found
