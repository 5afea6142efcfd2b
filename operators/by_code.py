"""Rows put in the order of their codes, equal ones in the order they came.

Taken from all over a long column, wide values miss the processor's cache one by one.  Put down in the order in which
they stand, each at its place, they fill the rows of every code line by line.
"""

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from operators.columnar import Ints

NARROW: Final = 2
"""Bytes of values that are taken sooner than put down: a frame's column of them fits into the cache."""


@dataclass(frozen=True, slots=True)
class ByCode:
    """`order`: the position of each row that is wanted next; `places`: where each row goes."""

    order: Ints
    places: Ints

    @classmethod
    def of(cls, code: npt.NDArray[np.unsignedinteger[Any]]) -> Self | None:
        """Return how rows of these codes get into their order; None: they are in it."""
        if (code[1:] >= code[:-1]).all():
            return None
        order = np.argsort(code, kind="stable")
        places = np.empty_like(order)
        places[order] = np.arange(len(order))
        return cls(order, places)

    def put(self, column: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return a column in the order of the codes."""
        if column.itemsize <= NARROW:
            return column.take(self.order)
        found = np.empty_like(column)
        found[self.places] = column
        return found
