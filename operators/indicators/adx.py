"""Average directional index (Wilder).  Rule: how one-sided the highs' rises and the lows' falls are, smoothed twice.

The conventions of TA-Lib: +DI and -DI available from bar `period` + 1 on, ADX from bar 2 * `period` on.  Without any
range the DIs are 0; where both are 0, no direction is defined: the ADX then keeps its value, or counts 0 while seeding.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from operators.indicators.true_range import true_range
from operators.indicators.values import NOT_AVAILABLE, Floats, at_least

Columns = tuple[list[float], list[float], list[float]]


class AdxColumns(NamedTuple):
    """One value per bar, each 0 to 100: the index, and the upward and downward directional indicators."""

    adx: Floats
    plus_di: Floats
    minus_di: Floats


class Adx:
    """The average directional index over a nominal `period` of bars, 2 or more."""

    __slots__ = ("_before", "_moves", "_period", "_sums")

    def __init__(self, period: int) -> None:
        self._period = at_least("period", period, 2)
        self._moves = 0
        self._before: tuple[float, float, float] | None = None
        self._sums = (0.0, 0.0, 0.0, 0.0)

    def extend(self, high: Floats, low: Floats, close: Floats) -> AdxColumns:
        """Return index and indicators at each new bar."""
        if not len(close):
            return AdxColumns(np.empty(0), np.empty(0), np.empty(0))
        first = int(self._before is None)
        ranges = true_range(None if self._before is None else self._before[2], high, low, close).tolist()
        moves = list(zip(high[first:].tolist(), low[first:].tolist(), ranges, strict=True))
        self._before = self._before or (float(high[0]), float(low[0]), float(close[0]))
        early, half = (max(each - self._moves, 0) for each in (self._period - 1, 2 * self._period - 1))
        columns: Columns = ([], [], [])
        decay = 1.0 / self._period
        if early:
            self._follow(moves[:early], columns, 0.0, 0.0)
            self._sums = (*self._sums[:3], 0.0)
        if half:
            self._follow(moves[early:half], columns, decay, 0.0)
        self._follow(moves[half:], columns, decay, decay)
        self._before = float(high[-1]), float(low[-1]), float(close[-1])
        self._moves += len(moves)
        silent = max(half - 1, 0), early, early
        index, *percents = (_column(each, first, hidden) for each, hidden in zip(columns, silent, strict=True))
        return AdxColumns(index / self._period, *percents)

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state as plain nested tuples."""
        return self._period, self._moves, self._before, self._sums

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`; lists do as well as tuples."""
        adx = cls(plain[0])
        adx._moves, adx._sums = plain[1], tuple(plain[3])
        adx._before = None if plain[2] is None else tuple(plain[2])
        return adx

    def _follow(
        self, moves: list[tuple[float, float, float]], columns: Columns, fade: float, index_fade: float
    ) -> None:
        """Take bars, as high, low and true range, into the sums, and append index and indicators to the columns.

        Wilder's sums lose a share of themselves, then gain the new value: `fade` those of the moves, `index_fade` that
        of the index; while a sum is being seeded, 0.
        """
        if self._before is None:
            return
        high_before, low_before, _ = self._before
        rise, fall, reach, index = self._sums
        adx, plus, minus = columns
        for high, low, true_reach in moves:
            up, down = high - high_before, low_before - low
            high_before, low_before = high, low
            reach += true_reach - fade * reach
            rise -= fade * rise
            fall -= fade * fall
            if up > down and up > 0.0:
                rise += up
            elif down > up and down > 0.0:
                fall += down
            if total := rise + fall:
                index += 100.0 * abs(rise - fall) / total - index_fade * index
            percents = 100.0 / reach if reach else 0.0
            adx.append(index)
            plus.append(percents * rise)
            minus.append(percents * fall)
        self._before = (high_before, low_before, self._before[2])
        self._sums = (rise, fall, reach, index)


def _column(values: list[float], first: int, hidden: int) -> Floats:
    """Make a column that is silent at the `first` bar, which has none before it, and at the `hidden` ones after it."""
    return np.array([NOT_AVAILABLE] * (first + min(hidden, len(values))) + values[hidden:], dtype=np.float64)
