"""Swing pivots.  Rule: a turn is known at the end of the k-th bar after it, and nothing of it before.

A fractal (Williams 1995): a bar's high above the highs of the k bars before it and not below those of the k after it,
so that of equal highs in a row the first is the pivot; lows mirrored.  Bars of the regular session follow one another
across nights and halts, as on a chart of regular hours.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, Self

from operators.bars.columns import Bars, Interval
from operators.levels.level import LevelKind, Mark
from operators.levels.running_extreme import Extreme


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


class _Side:
    """Confirmed pivots of one side, and the prices of the last bars.  `sign`: +1 for highs, -1 for lows."""

    __slots__ = ("_confirmed_ns", "_pivots", "_sign", "_window")

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._window: list[tuple[float, int]] = []  # signed price, start
        self._pivots: list[Extreme] = []
        self._confirmed_ns: list[int] = []

    def add(self, price: float, start_ns: int, end_ns: int, wing: int) -> None:
        window = self._window
        window.append((self._sign * price, start_ns))
        if len(window) <= 2 * wing:
            return
        centre, since_ns = window[wing]
        if _turns(window, centre, wing):
            self._pivots.append(Extreme(self._sign * centre, since_ns, end_ns))
            self._confirmed_ns.append(end_ns)
        del window[0]

    def latest(self, as_of_ns: int, keep: int) -> list[Extreme]:
        known = bisect_right(self._confirmed_ns, as_of_ns)
        return self._pivots[max(0, known - keep) : known]

    def to_plain(self, keep: int) -> tuple[Any, ...]:
        return tuple(self._window), tuple(tuple(pivot) for pivot in self._pivots[-keep:])

    @classmethod
    def from_plain(cls, sign: int, plain: tuple[Any, ...]) -> Self:
        side = cls(sign)
        window, pivots = plain
        side._window = [tuple(each) for each in window]
        side._pivots = [Extreme(*pivot) for pivot in pivots]
        side._confirmed_ns = [pivot.available_at_ns for pivot in side._pivots]
        return side


def _turns(window: list[tuple[float, int]], centre: float, wing: int) -> bool:
    """Whether the middle is above all before it and at or above all after it."""
    for price, _ in window[:wing]:
        if price >= centre:
            return False
    return all(price <= centre for price, _ in window[wing + 1 :])


class Swings:
    """Swing highs and lows of one interval, as of any instant."""

    __slots__ = ("_highs", "_lows", "_rule")

    def __init__(self, interval: Interval) -> None:
        self._rule = SWING_RULES[interval]
        self._highs, self._lows = _Side(1), _Side(-1)

    def extend(self, bars: Bars) -> None:
        """Take bars in, in time order."""
        columns = (bars.start_ns, bars.end_ns, bars.high, bars.low)
        wing, highs, lows = self._rule.wing, self._highs, self._lows
        for start_ns, end_ns, high, low in zip(*(column.tolist() for column in columns), strict=True):
            highs.add(high, start_ns, end_ns, wing)
            lows.add(low, start_ns, end_ns, wing)

    def marks(self, as_of_ns: int) -> Iterator[Mark]:
        """Return the latest pivots confirmed at or before an instant."""
        rule = self._rule
        for side, kind in ((self._highs, rule.high), (self._lows, rule.low)):
            for price, since_ns, available_at_ns in side.latest(as_of_ns, rule.keep):
                yield price, kind, since_ns, available_at_ns

    def to_plain(self) -> tuple[Any, ...]:
        """Write windows and the latest pivots; earlier ones are forgotten."""
        return self._highs.to_plain(self._rule.keep), self._lows.to_plain(self._rule.keep)

    @classmethod
    def from_plain(cls, interval: Interval, plain: tuple[Any, ...]) -> Self:
        """Undo `to_plain`."""
        swings = cls(interval)
        highs, lows = plain
        swings._highs, swings._lows = _Side.from_plain(1, highs), _Side.from_plain(-1, lows)
        return swings


def seeded(interval: Interval, history: Bars) -> Swings:
    """Return swings over the last bars of history, as many as the rule looks back."""
    swings = Swings(interval)
    swings.extend(history.take(slice(-SWING_RULES[interval].look_back, None)))
    return swings
