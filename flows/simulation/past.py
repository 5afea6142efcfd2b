"""Daily bars that lead up to a day, one story per symbol.  Rule: simulated, all chance comes from the generator.

A past ends where the day after it begins, so that the two fit together at any price.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from operators.columnar import Floats


class Past(StrEnum):
    """What the year before looked like; falling markets are the same upside down."""

    DRIFT = "drift"
    PULLBACK = "pullback"
    BASE = "base"


_DRIFT: Final = {Past.DRIFT: 0.0, Past.PULLBACK: 0.33, Past.BASE: 0.15}
"""Daily volatilities that a session gains."""
_NOISE: Final = {Past.DRIFT: 0.8, Past.PULLBACK: 0.25, Past.BASE: 0.25}
_PULLBACK: Final = (-0.6, -0.6, -0.6, -0.4)
"""The last sessions' moves of a pullback."""
_BASE_SESSIONS: Final = 40
_BASE_SPREAD, _BASE_END = 0.6, 0.6
"""How far closes stray from the middle of a base, and where the last one stands, in daily volatilities."""


@dataclass(frozen=True, slots=True)
class DailyPath:
    """Daily open, high, low and close in dollars, shares; one row per session, ascending."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


def daily_path(
    rng: np.random.Generator, past: Past, sign: int, sessions: int, volatility: float, end: float, volume: float
) -> DailyPath:
    """Return the sessions before a price.  `sign`: +1 as told, -1 upside down; `volatility`: daily, fraction of price.

    `end`: the last close, dollars; `volume`: shares of a usual session.
    """
    moved = sign * volatility * _closes(rng, past, sessions + 1)
    close = end * np.exp(moved - moved[-1])
    before, close = close[:-1], close[1:]
    first = before * np.exp(0.1 * volatility * rng.standard_normal(sessions))
    stretch = volatility * np.abs(rng.normal(0.35, 0.1, (2, sessions)))
    high, low = np.maximum(first, close) * np.exp(stretch[0]), np.minimum(first, close) * np.exp(-stretch[1])
    shares = np.rint(volume * np.exp(0.15 * rng.standard_normal(sessions)))
    return DailyPath(first.round(2), high.round(2), low.round(2), close.round(2), shares)


def _closes(rng: np.random.Generator, past: Past, sessions: int) -> Floats:
    """Closes in daily volatilities from the first one."""
    steps = _DRIFT[past] + _NOISE[past] * rng.standard_normal(sessions)
    if past is Past.PULLBACK:
        steps[-len(_PULLBACK) :] = _PULLBACK
    closes: Floats = steps.cumsum()
    if past is Past.BASE:
        middle = closes[-_BASE_SESSIONS - 1]
        closes[-_BASE_SESSIONS:] = middle + np.clip(_BASE_SPREAD * rng.standard_normal(_BASE_SESSIONS), -1, 1)
        closes[-1] = middle + _BASE_END
    return closes
