"""One quote of one option contract, as it is stored.  Rule: it is known from `at_ns` on and not before."""

import msgspec


class OptionQuote(msgspec.Struct, frozen=True, gc=False):
    """`expiry`: the date in the ticker, as YYYY-MM-DD; `type`: call or put; `strike`, `bid`, `ask`: dollars per share.

    A side of 0 is a side that nobody quotes.  `at_ns`: ns UTC, when the quote was known.
    """

    contract: str
    underlying: str
    expiry: str
    type: str
    strike: float
    at_ns: int
    bid: float
    ask: float
