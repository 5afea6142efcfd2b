"""The expected move: how far the price is expected to be from here at the horizon, either way, in dollars.

It is the expected absolute move E|S_T - S_0|, the very thing that an at-the-money straddle costs.  For a normal move
with standard deviation d it is d sqrt(2/pi), so d = move sqrt(pi/2) wherever a deviation is asked for.  It grows with
the square root of regular-session time; a night counts for nothing of its own.
"""

from enum import StrEnum
from math import inf, isfinite, pi, sqrt
from typing import Final

import msgspec

DEVIATIONS_PER_MOVE: Final = sqrt(pi / 2)
"""Standard deviations of a normal move in one expected absolute move."""


class MoveBasis(StrEnum):
    """Where an expected move comes from."""

    STRADDLE = "atm_straddle"
    REALIZED = "realized_volatility"


class ExpectedMove(msgspec.Struct, frozen=True, gc=False):
    """`dollars` per share to the style's horizon, and its `basis`; known from `available_at_ns` (ns UTC).

    From a straddle: `strike` in dollars and `expiry_ns` name it.  From realised volatility: `volatility` per bar.
    0 dollars is a value (nothing moves), unknown is no ExpectedMove at all.  Raises ValueError for other than dollars.
    """

    dollars: float
    basis: MoveBasis
    available_at_ns: int
    strike: float | None = None
    expiry_ns: int | None = None
    volatility: float | None = None

    def __post_init__(self) -> None:
        """Refuse a move that is no distance."""
        if not 0 <= self.dollars < inf:
            msg = f"expected move: got {self.dollars}; must be dollars, 0 or more"
            raise ValueError(msg)

    @property
    def deviation(self) -> float:
        """The standard deviation of the price at the horizon, in dollars."""
        return self.dollars * DEVIATIONS_PER_MOVE


def realized_move(price: float, volatility: float | None, bars: float, available_at_ns: int) -> ExpectedMove | None:
    """Return price x volatility x sqrt(bars) x sqrt(2/pi), or None where the volatility is not available.

    `price`: dollars, > 0.  `volatility`: standard deviation of the log return of one bar (None or nan before
    warm-up; annualised ones divide by sqrt(bars per year) first).  `bars`: bars to the horizon, 0 or more, as
    `StyleRule.bars_ahead` gives them.  Raises ValueError for a price or a horizon that is none.
    """
    if not (0 < price < inf and 0 <= bars < inf):
        msg = f"realised move: got price {price} and {bars} bars; must be dollars above 0, and bars of 0 or more"
        raise ValueError(msg)
    if volatility is None or not isfinite(volatility) or volatility < 0:
        return None
    dollars = price * volatility * sqrt(bars) / DEVIATIONS_PER_MOVE
    return ExpectedMove(dollars, MoveBasis.REALIZED, available_at_ns, volatility=volatility)
