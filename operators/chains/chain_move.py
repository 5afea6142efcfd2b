"""The expected move from a chain, and the two quotes that decided it.  Rule: it is what the engine's straddle says.

Only the strikes near the price and the nearest expiries are asked, so that a question costs some 0.2 milliseconds.
"""

from collections.abc import Callable
from itertools import islice
from typing import Final

import msgspec

from operators.chains.chain_history import ChainHistory
from operators.chains.option_quote import OptionQuote
from operators.engine.expected_move import ExpectedMove
from operators.engine.straddle import straddle_move

STRIKES: Final = 32
"""How many strikes near the price are looked at: the forward lies among them, or nothing near the money is quoted."""

EXPIRIES: Final = 4
"""How many expiries at or after the horizon are tried."""


class Straddle(msgspec.Struct, frozen=True, gc=False):
    """An expected move with the quotes of its call and its put."""

    move: ExpectedMove
    legs: tuple[OptionQuote, ...]


def chain_straddle(
    history: ChainHistory, at_ns: int, price: float, horizon_minutes: float, minutes_until: Callable[[int], float]
) -> Straddle | None:
    """Return the move to the horizon as of an instant (ns UTC), or None when the chain has no straddle for it.

    `price`: of the underlying, dollars.  `horizon_minutes`: regular-session minutes; `minutes_until`: those from
    `at_ns` to an instant.
    """
    if not horizon_minutes > 0:
        return None
    later = (each for each in history.expiries(at_ns) if minutes_until(each) >= horizon_minutes)
    for expiry_ns in islice(later, EXPIRIES):
        chain = history.asof_near(at_ns, expiry_ns, price, STRIKES)
        move = straddle_move(chain, at_ns, horizon_minutes, minutes_until)
        if move is not None and move.strike is not None:
            return Straddle(move, history.legs(at_ns, expiry_ns, move.strike))
    return None
