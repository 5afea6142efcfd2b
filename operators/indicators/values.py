"""What indicators share.  Rule: a column holds one value per bar, and NaN where no value is available yet."""

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NOT_AVAILABLE: Final = float("nan")


def at_least(name: str, value: int, least: int) -> int:
    """Return a whole number of bars or sessions.  Raises ValueError, naming it, when it is below `least`."""
    if value < least:
        msg = f"{name}: got {value}; must be {least} or more"
        raise ValueError(msg)
    return value


def before_and_after(last: float | None, values: Floats) -> tuple[Floats, Floats]:
    """Return each value's predecessor and the value itself; without a `last`, the first value only precedes.

    >>> [column.tolist() for column in before_and_after(1.0, np.array([2.0, 3.0]))]
    [[1.0, 2.0], [2.0, 3.0]]
    >>> [column.tolist() for column in before_and_after(None, np.array([2.0, 3.0]))]
    [[2.0], [3.0]]
    """
    if last is None:
        return values[:-1], values[1:]
    joined = np.concatenate(((last,), values))
    return joined[:-1], values


def runs(session: Ints) -> list[tuple[int, int, int]]:
    """Return (number, start, end) of each run of equal session numbers.

    >>> runs(np.array([7, 7, 8]))
    [(7, 0, 2), (8, 2, 3)]
    """
    if not len(session):
        return []
    if session[0] == session[-1] and (session == session[0]).all():
        return [(int(session[0]), 0, len(session))]
    edges = [0, *(np.flatnonzero(np.diff(session)) + 1).tolist(), len(session)]
    return [(int(session[start]), start, end) for start, end in pairwise(edges)]
