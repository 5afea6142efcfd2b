"""Bars made up for tests."""

from collections.abc import Sequence
from math import nan

import numpy as np

from operators.bars.columns import DTYPES, Bars
from operators.times import MINUTE_NS


def minute_bars(starts_ns: Sequence[int], prices: Sequence[float] | None = None, phase: int = 2) -> Bars:
    """One-minute bars with no two values alike; `prices` are the closes."""
    closes = [100 + index / 7 for index in range(len(starts_ns))] if prices is None else list(prices)
    rows = [
        (
            start,
            start + MINUTE_NS,
            close - 0.1,
            close + 0.3,
            close - 0.2,
            close,
            10.1 + close,
            close + 0.05,
            3,
            phase,
            0,
        )
        for start, close in zip(starts_ns, closes, strict=True)
    ]
    return bars_from(rows)


def bars_from(rows: Sequence[tuple[float, ...]]) -> Bars:
    """Bars from rows in the order of their fields."""
    if not rows:
        return Bars.empty()
    columns = zip(*rows, strict=True)
    return Bars(*(np.array(column, dtype=kind) for column, kind in zip(columns, DTYPES, strict=True)))


def day_bar(start_ns: int, end_ns: int, close: float) -> Bars:
    """One daily bar of unknown vwap."""
    return bars_from([(start_ns, end_ns, close - 1, close + 2, close - 3, close, 1000.0, nan, 0, 2, 0)])
