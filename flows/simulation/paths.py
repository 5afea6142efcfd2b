"""Where a symbol's price goes in a day: an overnight gap, a shape, a random walk and, if asked for, shocks.

The walk takes one step per print, so that the price moves when trading is busy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf, log1p
from typing import Final

import numpy as np

from operators.columnar import Floats, Ints
from operators.sessions import SessionDay
from operators.times import MINUTE_NS

EVERY_SYMBOL: Final = "*"


class Shape(StrEnum):
    """How the regular session goes."""

    TREND_UP = "trend_up"
    TREND_DOWN = "trend_down"
    RANGE = "range"
    REVERSAL = "reversal"
    REVERSAL_DOWN = "reversal_down"
    GAP = "gap"
    GAP_DOWN = "gap_down"
    COIL_UP = "coil_up"
    COIL_DOWN = "coil_down"


_POINTS: Final[dict[Shape, tuple[tuple[float, ...], tuple[float, ...]]]] = {
    Shape.TREND_UP: ((0, 0.3, 0.5, 1), (0, 0.9, 0.7, 1.8)),
    Shape.TREND_DOWN: ((0, 0.3, 0.5, 1), (0, -0.9, -0.7, -1.8)),
    Shape.RANGE: ((0, 0.12, 0.3, 0.48, 0.66, 0.84, 1), (0, 0.5, -0.5, 0.5, -0.5, 0.5, 0)),
    Shape.REVERSAL: ((0, 0.42, 1), (0, -1.5, 0.7)),
    Shape.REVERSAL_DOWN: ((0, 0.42, 1), (0, 1.5, -0.7)),
    Shape.GAP: ((0, 0.1, 0.55, 1), (0, 0.4, -1.1, -0.6)),
    Shape.GAP_DOWN: ((0, 0.1, 0.55, 1), (0, -0.4, 1.1, 0.6)),
    Shape.COIL_UP: ((0, 0.12, 0.3, 0.48, 0.7, 1), (0, -0.5, 0.55, 0.05, 0.9, 1.2)),
    Shape.COIL_DOWN: ((0, 0.12, 0.3, 0.48, 0.7, 1), (0, 0.5, -0.55, -0.05, -0.9, -1.2)),
}
"""Parts of the regular session that have passed, and the drift up to then in daily volatilities."""

_CALM: Final = {Shape.RANGE: 0.35, Shape.COIL_UP: 0.3, Shape.COIL_DOWN: 0.3}
_WALK: Final = 0.6
"""The walk's deviation over the regular session, in daily volatilities."""
_GAP: Final = {Shape.GAP: 3.0, Shape.GAP_DOWN: -3.0}
"""Overnight gaps in daily volatilities; of the other shapes, 0.3 times a standard normal."""


@dataclass(frozen=True, slots=True)
class SymbolSpec:
    """One symbol's day.  `open_price`: dollars, at the regular open; `daily_volatility`: fraction of the price.

    `trades`: how many prints besides the auctions; `tape`: 1 NYSE, 2 ARCA, 3 Nasdaq; `gap`: overnight, fraction of
    yesterday's close; None: as the shape has it.
    """

    symbol: str
    open_price: float
    daily_volatility: float
    trades: int
    shape: Shape
    tape: int = 1
    gap: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be a symbol's day."""
        if not (self.symbol and 1 <= self.open_price < inf and 0 < self.daily_volatility < 0.5 and self.trades > 0):
            msg = f"{self}: needs a symbol, an open price of 1 dollar or more, a volatility in (0, 0.5), and trades"
            raise ValueError(msg)
        if self.tape not in (1, 2, 3) or (self.gap is not None and not -0.9 < self.gap < inf):
            msg = f"{self}: tape must be 1, 2 or 3, and gap above -0.9"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Shock:
    """A sudden move at `at_ns` (ns UTC), up or down by chance, of `size` daily volatilities; `*`: of every symbol."""

    at_ns: int
    size: float
    symbol: str = EVERY_SYMBOL


def mid_prices(
    rng: np.random.Generator, day: SessionDay, spec: SymbolSpec, sip_ns: Ints, shocks: Sequence[Shock] = ()
) -> Floats:
    """Return where the price stands at ascending times (ns UTC), dollars; at the regular open it is the open price."""
    progress = _progress(sip_ns, day.open_ns, day.close_ns)
    at, drift = _POINTS[spec.shape]
    moved = spec.daily_volatility * (np.interp(progress, at, drift) + _walk(rng, day, spec, sip_ns))
    for shock in shocks:
        sign = rng.choice((-1, 1))
        if shock.symbol in (spec.symbol, EVERY_SYMBOL):
            moved += sign * shock.size * spec.daily_volatility * _shocked(sip_ns - shock.at_ns)
    moved += _before_open(rng, day, spec, sip_ns)
    mid: Floats = spec.open_price * np.exp(moved)
    return mid


def _progress(sip_ns: Ints, start_ns: int, end_ns: int) -> Floats:
    return np.clip((sip_ns - start_ns) / max(1, end_ns - start_ns), 0, 1)


def _walk(rng: np.random.Generator, day: SessionDay, spec: SymbolSpec, sip_ns: Ints) -> Floats:
    """Walk in daily volatilities, 0 at the regular open."""
    first, last = np.searchsorted(sip_ns, (day.open_ns, day.close_ns))
    step = _CALM.get(spec.shape, _WALK) / np.sqrt(max(1, last - first))
    walk = step * rng.standard_normal(len(sip_ns)).cumsum()
    pinned: Floats = walk - walk[min(first, len(walk) - 1)]
    return pinned


def _before_open(rng: np.random.Generator, day: SessionDay, spec: SymbolSpec, sip_ns: Ints) -> Floats:
    """The pre-market's way from yesterday's close to the open, as log of the price over the open price."""
    usual = _GAP[spec.shape] if spec.shape in _GAP else 0.3 * rng.standard_normal()
    gap = usual * spec.daily_volatility if spec.gap is None else spec.gap
    done = _progress(sip_ns, day.pre_ns, day.open_ns)
    way: Floats = -log1p(gap) * (1 - done**2 * (3 - 2 * done))
    return way


def _shocked(after_ns: Ints) -> Floats:
    """The part of a shock that stands so long after it: all of it in minutes, two fifths given back in the hour."""
    minutes = np.maximum(after_ns, 0) / MINUTE_NS
    part: Floats = (1 - np.exp(-minutes / 1.5)) - 0.4 * (1 - np.exp(-minutes / 20))
    return part
