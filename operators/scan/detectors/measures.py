"""Measures that several setups read.  Rule: written for a long, and right for a short on mirrored columns."""

from typing import Protocol

import numpy as np

from operators.bars.columns import Floats


class Barred(Protocol):
    """Features that hold their own bar, dollars."""

    @property
    def high(self) -> Floats: ...  # noqa: D102
    @property
    def low(self) -> Floats: ...  # noqa: D102
    @property
    def close(self) -> Floats: ...  # noqa: D102


def close_location(f: Barred) -> Floats:
    """Return where the close lies in its bar, 0 at the low, 1 at the high (at the low, for a short); NaN: no range."""
    height = f.high - f.low
    location: Floats = (f.close - f.low) / np.where(height > 0, height, np.nan)
    return location
