"""Mean and variance over the last `period` values.  Rule: each window is summed in order, on its own, from nothing.

So no error of an earlier window survives in a later one, a constant series has a variance of exactly 0, and how the
input was cut cannot show.  Two passes over differences from the window's first value (Chan, Golub, LeVeque 1983).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from operators.indicators.values import NOT_AVAILABLE, Floats


class Moments(NamedTuple):
    """One value per window: its mean, and the sum of squared differences from it."""

    mean: Floats
    squares: Floats


def empty_tail(period: int) -> Floats:
    """Return what stands before the first value: nothing available, `period` times."""
    return np.full(period, NOT_AVAILABLE)


def moments(tail: Floats, values: Floats) -> tuple[Floats, Moments]:
    """Return the tail for the next values, and the moments of the window that ends at each of these.

    `tail`: the `period` values before these.  A window that holds one that is not available has no moments: NaN.
    """
    period, windows = len(tail), len(values) + 1
    joined = np.concatenate((tail, values))
    columns = np.ndarray((period, windows), np.float64, joined, 0, (8, 8))
    apart = columns - columns[0]
    # The window before these is computed again: only from two columns on does numpy add rows strictly in order.
    mean = np.add.reduce(apart)
    mean /= period
    apart -= mean
    apart *= apart
    mean += columns[0]
    return joined[windows - 1 :], Moments(mean[1:], np.add.reduce(apart)[1:])


def tail_to_plain(tail: Floats) -> tuple[float, ...]:
    """Write the available values of a tail."""
    return tuple(tail[~np.isnan(tail)].tolist())


def tail_from_plain(plain: Sequence[Any], period: int) -> Floats:
    """Undo `tail_to_plain`."""
    return np.array([NOT_AVAILABLE] * (period - len(plain)) + list(plain), dtype=np.float64)
