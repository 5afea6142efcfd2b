"""The expected move that an option chain pays for.  Rule: only quotes known by the instant, and only two-sided ones.

At the money is the strike whose call and put cost most nearly the same: by put-call parity (no rates, no dividends
before expiry) call - put = forward - strike, so it is the strike nearest the forward.  Its straddle is worth
E|S_T - K|; what the forward's distance from the strike adds is taken out with the normal model of Bachelier, and the
rest is scaled by sqrt(minutes to the horizon / minutes to expiry).
"""

from collections.abc import Callable, Iterable, Sequence
from math import erf, exp, inf, pi, sqrt
from typing import Final

import msgspec

from operators.engine.expected_move import DEVIATIONS_PER_MOVE, ExpectedMove, MoveBasis
from operators.times import MINUTE_NS

STALE_AFTER_NS: Final = 30 * MINUTE_NS
"""A quote that nobody renewed for so long says nothing any more."""

WIDEST_SPREAD: Final = 0.5
"""A straddle whose spread is wider than this share of its middle is no price."""

HALVINGS: Final = 60


class ChainQuote(msgspec.Struct, frozen=True, gc=False):
    """Call and put of one strike and expiry, as quoted at `available_at_ns` (ns UTC).

    Dollars per share; a side of 0 is a side that nobody quotes.  `expiry_ns`: the close of the expiry's session.
    """

    strike: float
    expiry_ns: int
    call_bid: float
    call_ask: float
    put_bid: float
    put_ask: float
    available_at_ns: int

    @property
    def two_sided(self) -> bool:
        """Whether both options are quoted on both sides, uncrossed, and narrowly enough to have a middle."""
        sides = 0 < self.call_bid <= self.call_ask < inf and 0 < self.put_bid <= self.put_ask < inf
        spread = self.call_ask - self.call_bid + self.put_ask - self.put_bid
        return sides and 0 < self.strike < inf and spread <= WIDEST_SPREAD * self.cost

    @property
    def cost(self) -> float:
        """The straddle's middle."""
        return (self.call_bid + self.call_ask + self.put_bid + self.put_ask) / 2

    @property
    def forward_less_strike(self) -> float:
        """What put-call parity says the forward is above the strike."""
        return (self.call_bid + self.call_ask - self.put_bid - self.put_ask) / 2


def straddle_move(
    chain: Iterable[ChainQuote],
    as_of_ns: int,
    horizon_minutes: float,
    minutes_until: Callable[[int], float],
    stale_after_ns: int = STALE_AFTER_NS,
) -> ExpectedMove | None:
    """Return the move to the horizon, or None when no expiry at or after it has a straddle with a price.

    `chain`: quotes in any order; of one strike and expiry the latest that is known by `as_of_ns` counts (of equal
    times the later one), if it is not older than `stale_after_ns`.  `horizon_minutes`: regular-session minutes.
    `minutes_until`: regular-session minutes from `as_of_ns` to an instant (`trading_minutes` of a calendar).  The
    nearest expiry at or after the horizon that has such a straddle decides.
    """
    known = _latest(chain, as_of_ns, as_of_ns - stale_after_ns) if horizon_minutes > 0 else []
    for expiry_ns in sorted({quote.expiry_ns for quote in known}):
        minutes = minutes_until(expiry_ns)
        if minutes >= horizon_minutes:
            move = _scaled([each for each in known if each.expiry_ns == expiry_ns], horizon_minutes / minutes)
            if move is not None:
                return move
    return None


def _scaled(quotes: Sequence[ChainQuote], share: float) -> ExpectedMove | None:
    """The move of one expiry's straddle over a share of its time."""
    quote = min(quotes, key=lambda each: (abs(each.forward_less_strike), each.strike))
    deviation = bachelier_deviation(quote.cost, quote.forward_less_strike)
    if deviation == 0 or abs(quote.forward_less_strike) > deviation:  # nothing near the money is quoted
        return None
    dollars = deviation / DEVIATIONS_PER_MOVE * sqrt(share)
    known_at = quote.available_at_ns
    return ExpectedMove(dollars, MoveBasis.STRADDLE, known_at, strike=quote.strike, expiry_ns=quote.expiry_ns)


def bachelier_deviation(cost: float, offset: float) -> float:
    """Return the deviation d of a normal price whose straddle costs `cost` at a strike `offset` from the forward.

    Solves cost = offset erf(offset / (d sqrt 2)) + d sqrt(2/pi) exp(-offset^2 / (2 d^2)) by halving (it ascends in d;
    Bachelier 1900).  0 when the cost is no more than the offset: then no time value is left.

    >>> round(bachelier_deviation(1.0, 0.0), 9) == round(DEVIATIONS_PER_MOVE, 9)
    True
    """
    if not cost > abs(offset):
        return 0.0
    low, high = 0.0, cost * DEVIATIONS_PER_MOVE
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _straddle_cost(middle, offset) < cost else (low, middle)
    return high


def _straddle_cost(deviation: float, offset: float) -> float:
    away = offset / deviation
    return offset * erf(away / sqrt(2)) + deviation * sqrt(2 / pi) * exp(-away * away / 2)


def _latest(chain: Iterable[ChainQuote], as_of_ns: int, oldest_ns: int) -> list[ChainQuote]:
    """Keep the last known quote of every strike and expiry, whatever it says: one that was withdrawn is no price."""
    latest: dict[tuple[int, float], ChainQuote] = {}
    for quote in chain:
        if oldest_ns <= quote.available_at_ns <= as_of_ns:
            place = (quote.expiry_ns, quote.strike)
            if place not in latest or latest[place].available_at_ns <= quote.available_at_ns:
                latest[place] = quote
    return [quote for quote in latest.values() if quote.two_sided]
