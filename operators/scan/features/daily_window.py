"""What the last year's daily bars hold.  Rule: a window counts once it is full, and is read whole.

Up to 30 sessions it counts while none of them is missing: "the session before" is the calendar's, and a base without
one of its days has made-up edges.  The year, whose one day in 252 says little, is the last 252 bars.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Self

import numpy as np

from operators.bars.columns import Bars, Floats, Ints, Mask
from operators.indicators.windows import empty_tail, moments, tail_from_plain, tail_to_plain
from operators.scan.features.rolling import Tail, highest
from operators.scan.features.sums import share

DIP, MONTH, BASE, YEAR = 2, 20, 30, 252
"""Sessions.  O'Neil (How to Make Money in Stocks) asks at least five weeks of a flat base; six leave no doubt."""
NARROW: Final = 7
"""Sessions of Crabel's NR7 (Day Trading with Short Term Price Patterns, 1990)."""
AGO: Final = 5
VOLUME: Final = 50
"""Sessions of O'Neil's average volume."""


class Seen(NamedTuple):
    """Columns in the order of `DailyFeatures`."""

    prices: tuple[Floats, ...]
    averages_ago: tuple[Floats, Floats]
    trading: tuple[Floats, ...]


class DailyWindow:
    """The last 252 daily bars of one symbol."""

    __slots__ = ("_dollars", "_moved", "_tail", "_volume")

    def __init__(self) -> None:
        self._tail = Tail(8, YEAR)
        self._volume, self._dollars, self._moved = (empty_tail(period) for period in (VOLUME, MONTH, MONTH))

    def extend(self, bars: Bars, sessions: Ints, fast: Floats, slow: Floats) -> Seen:
        """Take the next daily bars."""
        width = bars.high - bars.low
        self._volume, volume = moments(self._volume, bars.volume)
        numbers = sessions.astype(np.float64)
        rows = (bars.high, -bars.low, bars.close, fast, slow, -width, volume.mean, numbers)
        joined = self._tail.join(np.concatenate(rows).reshape(8, -1))
        narrowest = -highest(joined[5, YEAR - NARROW : -1], NARROW, np.maximum)
        wider = np.where(_unbroken(joined, NARROW), -_ago(joined[5], 1) - narrowest, np.nan)
        return Seen(
            _prices(joined),
            (_ago(joined[3], AGO), _ago(joined[4], AGO)),
            (wider, share(bars.volume, _ago(joined[6], 1)), *self._trading(bars, width, numbers, joined[7])),
        )

    def _trading(self, bars: Bars, width: Floats, sessions: Floats, joined: Floats) -> tuple[Floats, Floats, Floats]:
        self._dollars, dollars = moments(self._dollars, bars.close * bars.volume)
        self._moved, moved = moments(self._moved, (width > 0).astype(np.float64))
        return dollars.mean, MONTH / (sessions - _ago(joined, MONTH)), moved.mean

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state."""
        return self._tail.to_plain(), *map(tail_to_plain, (self._volume, self._dollars, self._moved))

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        own = cls()
        tail, volume, dollars, moved = plain
        own._tail = Tail.from_plain(tail)
        own._volume = tail_from_plain(volume, VOLUME)
        own._dollars, own._moved = tail_from_plain(dollars, MONTH), tail_from_plain(moved, MONTH)
        return own


def _prices(joined: Floats) -> tuple[Floats, ...]:
    """The close before, then highs and lows: the session before, two before, dip, month, year, base."""
    sides, year = joined[:2], highest(joined[:2, 1:], YEAR, np.maximum)
    before, mother, dip, month, base = (
        np.where(_unbroken(joined, back), columns, np.nan)
        for back, columns in (
            (1, _ago(joined[:3], 1)),
            (2, _ago(sides, 2)),
            (DIP - 1, highest(sides[:, YEAR - DIP + 1 :], DIP, np.maximum)),
            (MONTH - 1, highest(sides[:, YEAR - MONTH + 1 :], MONTH, np.maximum)),
            (BASE, highest(sides[:, YEAR - BASE : -1], BASE, np.maximum)),
        )
    )
    pairs = before[:2], mother, dip, month, year, base
    return before[2], *(each for high, low in pairs for each in (high, -low))


def _unbroken(joined: Floats, back: int) -> Mask:
    """Whether no session is missing from so many bars before each new bar up to it."""
    sessions = joined[7]
    unbroken: Mask = sessions[YEAR:] - _ago(sessions, back) == back
    return unbroken


def _ago(joined: Floats, bars: int) -> Floats:
    """Return what stood some bars before each new bar."""
    return joined[..., YEAR - bars : joined.shape[-1] - bars]
