"""Swing pivots.  Rule: a turn is known at the end of the k-th bar after it, and nothing of it before.

A fractal (Williams 1995): a bar's high above the highs of the k bars before it and not below those of the k after it,
so that of equal highs in a row the first is the pivot; lows mirrored.  Bars of the regular session follow one another
across nights and halts, as on a chart of regular hours.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, Self

import numpy as np

from operators.bars.columns import Bars, Floats, Interval, Ints, Mask
from operators.levels.high_low import SIGNS, Extreme
from operators.levels.level import LevelKind, Mark


class SwingRule(NamedTuple):
    """`wing`: bars on each side; `keep`: how many of the latest highs, and lows, are levels; `look_back`: bars."""

    wing: int
    keep: int
    look_back: int
    high: LevelKind
    low: LevelKind


SWING_RULES: Final[Mapping[Interval, SwingRule]] = {
    Interval.M5: SwingRule(3, 3, 156, LevelKind.SWING_HIGH_5M, LevelKind.SWING_LOW_5M),
    Interval.M60: SwingRule(2, 3, 140, LevelKind.SWING_HIGH_60M, LevelKind.SWING_LOW_60M),
    Interval.D1: SwingRule(2, 5, 252, LevelKind.SWING_HIGH_1D, LevelKind.SWING_LOW_1D),
}
"""5m takes three bars a side where the others take Williams' two: a turn of ten minutes is noise.  Look-back: two
sessions, twenty sessions, a year."""


class Swings:
    """Swing highs and lows of one interval, as of any instant."""

    __slots__ = ("_confirmed_ns", "_pivots", "_rule", "_signed", "_start_ns")

    def __init__(self, interval: Interval) -> None:
        self._rule = SWING_RULES[interval]
        self._signed: Floats = np.empty((2, 0))  # highs, negated lows of the last bars
        self._start_ns: Ints = np.empty(0, dtype=np.int64)
        self._pivots: tuple[list[Extreme], list[Extreme]] = ([], [])
        self._confirmed_ns: tuple[list[int], list[int]] = ([], [])

    def extend(self, bars: Bars) -> None:
        """Take bars in, in time order."""
        if not len(bars):
            return
        wing = self._rule.wing
        signed = np.hstack((self._signed, (bars.high, -bars.low)))
        start_ns = np.concatenate((self._start_ns, bars.start_ns))
        kept = signed.shape[1] - len(bars)
        for side, position in zip(*(found.tolist() for found in _turns(signed, wing).nonzero()), strict=True):
            end_ns = int(bars.end_ns[position + 2 * wing - kept])
            price = SIGNS[side] * float(signed[side, position + wing])
            self._pivots[side].append(Extreme(price, int(start_ns[position + wing]), end_ns))
            self._confirmed_ns[side].append(end_ns)
        self._signed, self._start_ns = signed[:, -2 * wing :], start_ns[-2 * wing :]

    def marks(self, as_of_ns: int) -> Iterator[Mark]:
        """Return the latest pivots confirmed at or before an instant."""
        rule = self._rule
        for pivots, confirmed_ns, kind in zip(self._pivots, self._confirmed_ns, (rule.high, rule.low), strict=True):
            known = bisect_right(confirmed_ns, as_of_ns)
            for price, since_ns, available_at_ns in pivots[max(0, known - rule.keep) : known]:
                yield price, kind, since_ns, available_at_ns

    def to_plain(self) -> tuple[Any, ...]:
        """Write the last bars and the latest pivots; earlier ones are forgotten."""
        highs, lows = (tuple(tuple(pivot) for pivot in side[-self._rule.keep :]) for side in self._pivots)
        return tuple(map(tuple, self._signed.tolist())), tuple(self._start_ns.tolist()), highs, lows

    @classmethod
    def from_plain(cls, interval: Interval, plain: tuple[Any, ...]) -> Self:
        """Undo `to_plain`."""
        swings = cls(interval)
        signed, start_ns, *sides = plain
        swings._signed, swings._start_ns = np.array(signed), np.array(start_ns, dtype=np.int64)
        for pivots, confirmed_ns, side in zip(swings._pivots, swings._confirmed_ns, sides, strict=True):
            pivots.extend(Extreme(*pivot) for pivot in side)
            confirmed_ns.extend(pivot.available_at_ns for pivot in pivots)
        return swings


def _turns(signed: Floats, wing: int) -> Mask:
    """For each window of 2 wing + 1 bars, per side: is its middle above all before it, not below any after it?"""
    windows = max(0, signed.shape[1] - 2 * wing)
    middle = signed[:, wing : wing + windows]
    turns = np.ones(middle.shape, dtype=np.bool_)
    for offset in range(wing):
        turns &= middle > signed[:, offset : offset + windows]
        turns &= middle >= signed[:, wing + 1 + offset : wing + 1 + offset + windows]
    return turns


def seeded(interval: Interval, history: Bars) -> Swings:
    """Return swings over the last bars of history, as many as the rule looks back."""
    swings = Swings(interval)
    swings.extend(history.take(slice(-SWING_RULES[interval].look_back, None)))
    return swings
