"""What one session's five-minute bars are measured against.  New with each session."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple, Self

import numpy as np

from operators.bars.columns import Bars, Floats
from operators.prices import PRICE_TOLERANCE
from operators.scan.features.ragged import Ragged
from operators.scan.features.rolling import Tail, highest

RECENT, CHANNEL = 3, 6
"""Bars, this one included, that an extreme may lie back; bars before this one that make the channel (half an hour)."""
FIRST_HALF_HOUR: Final = 30.0
"""Minutes; Gao, Han, Li and Zhou, Market Intraday Momentum, 2018."""


class LookBack(NamedTuple):
    """The close before and the VWAP six bars ago, (bars,).

    `extremes`: highs and lows in turn: of price and of RSI over the recent bars, of price over the channel, (6, bars).
    """

    before: Floats
    vwap_ago: Floats
    extremes: Floats


class FiveSession:
    """The state of one session."""

    __slots__ = ("half_hour_close", "number", "run", "tail")

    def __init__(self, number: int) -> None:
        self.number = number
        self.tail = Tail(6, CHANNEL)
        self.run = 0.0
        self.half_hour_close = float("nan")

    @staticmethod
    def look_back(owners: "Sequence[FiveSession]", ragged: Ragged, bars: Bars, vwap: Floats, rsi: Floats) -> LookBack:
        """Return what lies a few bars back, in each owner's session only."""
        rows = np.concatenate((bars.high, -bars.low, rsi, -rsi, bars.close, vwap)).reshape(6, -1)
        joined = Tail.join_all([own.tail for own in owners], ragged, rows)
        recent = highest(joined[:4, :, CHANNEL - RECENT + 1 :], RECENT)
        channel = highest(joined[:2, :, :-1], CHANNEL, np.maximum)
        extremes = np.concatenate((ragged.rows(recent), ragged.rows(channel)))
        np.negative(extremes[1::2], out=extremes[1::2])
        return LookBack(ragged.rows(joined[4:5], CHANNEL - 1)[0], ragged.rows(joined[5:])[0], extremes)

    @staticmethod
    def half_hour(owners: "Sequence[FiveSession]", ragged: Ragged, minute: Floats, close: Floats) -> Floats:
        """Return the first half hour's last close, dollars, NaN until it is over."""
        early = np.add.reduceat(minute <= FIRST_HALF_HOUR, ragged.starts[:-1], dtype=np.int64)
        for number in early.nonzero()[0].tolist():
            owners[number].half_hour_close = close.item(ragged.starts.item(number) + early.item(number) - 1)
        known = ragged.each([own.half_hour_close for own in owners])
        return np.where(minute >= FIRST_HALF_HOUR, known, np.nan)

    @staticmethod
    def side_run(owners: "Sequence[FiveSession]", ragged: Ragged, close: Floats, vwap: Floats) -> Floats:
        """Return how many closes in a row had been above the VWAP (below: negative) before each new bar."""
        off, before = (close - vwap).tolist(), list[float]()
        for own, (start, stop) in zip(owners, pairwise(ragged.starts.tolist()), strict=True):
            own.run = _counted(own.run, off[start:stop], before)
        return np.array(before)

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state."""
        return self.number, self.run, self.half_hour_close, self.tail.to_plain()

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        own = cls(plain[0])
        own.run, own.half_hour_close, own.tail = plain[1], plain[2], Tail.from_plain(plain[3])
        return own


def _counted(run: float, off: Sequence[float], before: list[float]) -> float:
    """Append how far the run had come before each close; return how far it has."""
    for each in off:
        before.append(run)
        if each > PRICE_TOLERANCE:
            run = max(run, 0.0) + 1
        elif each < -PRICE_TOLERANCE:
            run = min(run, 0.0) - 1
        else:
            run = 0.0
    return run
