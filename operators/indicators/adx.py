"""Average directional index (Wilder).  Rule: how one-sided the highs' rises and the lows' falls are, smoothed twice.

The conventions of TA-Lib: +DI and -DI available from bar `period` + 1 on, ADX from bar 2 * `period` on.  Without any
range the DIs are 0; where both are 0, no direction is defined: the ADX then keeps its value, or counts 0 while seeding.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from operators.indicators.seeded_mean import SeededMean
from operators.indicators.values import NOT_AVAILABLE, Floats, at_least


class AdxColumns(NamedTuple):
    """One value per bar, each 0 to 100: the index, and the upward and downward directional indicators."""

    adx: Floats
    plus_di: Floats
    minus_di: Floats


class Adx:
    """The average directional index over a nominal `period` of bars, 2 or more."""

    __slots__ = ("_adx", "_before", "_fall", "_range", "_rise")

    def __init__(self, period: int) -> None:
        seeds = at_least("period", period, 2) - 1
        self._rise, self._fall, self._range = (SeededMean.wilder(period, seeds) for _ in range(3))
        self._adx = SeededMean.wilder(period)
        self._before: tuple[float, float, float] | None = None

    def extend(self, high: Floats, low: Floats, close: Floats) -> AdxColumns:
        """Return index and indicators at each new bar."""
        if not len(close):
            return AdxColumns(np.empty(0), np.empty(0), np.empty(0))
        first = self._before is None
        rises, falls, ranges = self._moves(high, low, close)
        smooth = (self._rise.extend(rises), self._fall.extend(falls), self._range.extend(ranges))
        columns = np.full((3, len(close)), NOT_AVAILABLE)
        columns[:, first:] = smooth
        reach = columns[2]
        reach[reach == 0.0] = 1.0  # without any range there was no movement either
        plus, minus = columns[:2] * 100.0 / reach
        self._before = float(high[-1]), float(low[-1]), float(close[-1])
        return AdxColumns(np.array(self._smooth(plus, minus), dtype=np.float64), plus, minus)

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state as plain nested tuples."""
        means = (self._rise, self._fall, self._range, self._adx)
        return *(mean.to_plain() for mean in means), self._before

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`; lists do as well as tuples."""
        adx = cls(plain[0][0])
        adx._rise, adx._fall, adx._range, adx._adx = (SeededMean.from_plain(mean) for mean in plain[:4])
        adx._before = None if plain[4] is None else tuple(plain[4])
        return adx

    def _moves(self, high: Floats, low: Floats, close: Floats) -> tuple[list[float], list[float], list[float]]:
        """Return directional movement up and down, of which one at most is not 0, and true range; in dollars."""
        bars = np.empty((3, len(close) + 1))
        bars[0, 1:], bars[1, 1:], bars[2, 1:] = high, low, close
        if self._before is None:
            bars = bars[:, 1:]
        else:
            bars[:, 0] = self._before
        (high_before, low_before, close_before), (high_after, low_after, _) = bars[:, :-1], bars[:, 1:]
        rise, fall = high_after - high_before, low_before - low_after
        ranges = np.maximum(high_after, close_before) - np.minimum(low_after, close_before)
        up, down = np.maximum(rise, 0.0) * (rise > fall), np.maximum(fall, 0.0) * (fall > rise)
        return up.tolist(), down.tolist(), ranges.tolist()

    def _smooth(self, plus: Floats, minus: Floats) -> list[float]:
        """Return the index: the mean of |+DI - -DI| in percent of their sum."""
        total = plus + minus
        parts, whole = np.abs(plus - minus) * 100.0, total.tolist()
        early = sum(each != each for each in whole)
        index = [NOT_AVAILABLE] * early
        if all(whole):
            return index + self._adx.extend((parts / total)[early:].tolist())
        for part, both in zip(parts.tolist()[early:], whole[early:], strict=True):
            keeps = not both and self._adx.available
            index += [self._adx.last] if keeps else self._adx.extend([part / both if both else 0.0])
        return index
