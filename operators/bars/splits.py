"""Splits.  Rule: bars before the ex-date are told in the shares of the day that looks back, and in no later one's.

A split of `before` shares into `after` multiplies earlier volumes by after / before and divides prices by it.  It
counts from midnight New York of its ex-date on; who looks back from a day before that must not apply it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import isfinite

import numpy as np
from msgspec.structs import replace

from operators.bars.columns import Bars
from operators.sessions import new_york_day_ns


@dataclass(frozen=True, slots=True)
class Split:
    """`before` shares of a symbol became `after` (1 to 4: four for one) with the New York date `ex_date`."""

    symbol: str
    ex_date: date
    before: float
    after: float

    def __post_init__(self) -> None:
        """Refuse a ratio that is none."""
        if not (isfinite(self.before) and isfinite(self.after) and self.before > 0 and self.after > 0):
            msg = f"split of {self.symbol} on {self.ex_date}: got {self.before:g} to {self.after:g}; must be above 0"
            raise ValueError(msg)


def due(splits: Iterable[Split], symbol: str, until: date, after: date = date.min) -> tuple[Split, ...]:
    """Return a symbol's splits with an ex-date later than `after` and not later than `until`, oldest first."""
    found = (each for each in splits if each.symbol == symbol and after < each.ex_date <= until)
    return tuple(sorted(found, key=lambda each: each.ex_date))


def adjusted(bars: Bars, splits: Sequence[Split]) -> Bars:
    """Return bars told in the shares that the last of one symbol's splits left; apply each split once only.

    A bar that starts at or after an ex-date is in the new shares already.
    """
    if not splits or not len(bars):
        return bars
    before, after = np.ones(len(bars)), np.ones(len(bars))
    for split in splits:
        earlier = bars.start_ns < new_york_day_ns(split.ex_date)[0]
        before[earlier] *= split.before
        after[earlier] *= split.after
    prices = {name: getattr(bars, name) * before / after for name in ("open", "high", "low", "close", "vwap")}
    return replace(bars, volume=bars.volume * after / before, **prices)
