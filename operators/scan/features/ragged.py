"""Rows of several owners, one after another, and the same as a matrix per owner.  Rule: padding reaches no result.

Most of what a step of numpy costs on few bars is fixed, so symbols are worked on together.  What runs along the bars of
one owner (sums, highest so far) runs along the rows of a matrix that is padded behind each owner's last bar.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt

from operators.bars.columns import Ints

Rows = TypeVar("Rows", bound=npt.NDArray[Any])


@dataclass(frozen=True, slots=True, eq=False)
class Ragged:
    """How many rows each owner has.  `starts`: where each begins, and where the last ends; `owner`, `place`: per row.

    Every owner has at least one row.
    """

    sizes: Ints
    starts: Ints
    owner: Ints
    place: Ints

    @classmethod
    def of(cls, sizes: Sequence[int] | Ints) -> Self:
        """Lay out owners of so many rows each."""
        counts = np.array(sizes, dtype=np.int64)
        starts = np.concatenate(([0], counts.cumsum()))
        owner = np.arange(len(counts)).repeat(counts)
        return cls(counts, starts, owner, np.arange(len(owner)) - starts[owner])

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def width(self) -> int:
        """The most rows of an owner."""
        return int(self.sizes.max())

    def each(self, values: Any) -> Any:
        """Repeat one value per owner, in the last axis, for each of its rows."""
        return np.asarray(values)[..., self.owner]

    def padded(self, columns: Rows, before: Rows, fill: Any) -> Rows:
        """Return columns of shape (kinds, rows) as (kinds, owners, `before` + most rows), the padding `fill`.

        `before`: what stands before each owner's rows, shape (kinds, owners, some).
        """
        kinds, owners, lead = before.shape
        matrix = np.full((kinds, owners, lead + self.width), fill, dtype=columns.dtype)
        matrix[:, :, :lead] = before
        matrix.reshape(kinds, -1)[:, self._flat(lead, lead + self.width)] = columns
        return matrix  # type: ignore[return-value]

    def rows(self, matrix: Rows, shift: int = 0) -> Rows:
        """Return what stands in a matrix (kinds, owners, ...) at each row's place, shifted to the right by so much."""
        flat = matrix.reshape(matrix.shape[0], -1)
        return flat.take(self._flat(shift, matrix.shape[2]), axis=1)  # type: ignore[return-value]

    def after(self, matrix: Rows, width: int = 1) -> Rows:
        """Return the `width` columns of a matrix from each owner's number of rows on, shape (kinds, owners, width)."""
        columns = self.sizes[:, None] + np.arange(width)
        return matrix[:, np.arange(len(self))[:, None], columns]  # type: ignore[return-value]

    def _flat(self, shift: int, width: int) -> Ints:
        return self.owner * width + (self.place + shift)
