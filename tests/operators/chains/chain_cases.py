"""Made chains: two expiries, a few strikes, quotes at chosen or random instants."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from hypothesis import strategies as st

from operators.chains.chain_history import ChainHistory, Leg
from operators.chains.contracts import read_contract
from operators.times import MINUTE_NS, SECOND_NS

OPEN_NS = 1_450_967_400_000_000_000  # 2015-12-24T14:30:00Z, 09:30 New York
EXPIRIES = ("151224", "151231", "160115")
STRIKES = (740.0, 745.0, 747.5, 750.0)

Quote = tuple[str, int, float, float]
"""Ticker, ns after OPEN_NS, bid, ask."""


def ticker(expiry: str, right: str, strike: float, root: str = "GOOG") -> str:
    return f"O:{root}{expiry}{right}{round(strike * 1_000):08d}"


def ends_ns(expiry: str) -> int:
    """16:00 New York in winter; 13:00 on the half day."""
    hour = 18 if expiry == "151224" else 21
    at = datetime.strptime(f"20{expiry}", "%Y%m%d").replace(hour=hour, tzinfo=UTC)
    return int(at.timestamp()) * SECOND_NS


def chain_of(quotes: Sequence[Quote]) -> ChainHistory:
    """The history of quotes, those of one contract in the order of their instants."""
    by_ticker: dict[str, list[Quote]] = {}
    for quote in sorted(quotes, key=lambda quote: quote[1]):
        by_ticker.setdefault(quote[0], []).append(quote)
    legs = []
    for name, own in by_ticker.items():
        at_ns = np.array([OPEN_NS + quote[1] for quote in own], dtype=np.int64)
        bid, ask = (np.array([quote[place] for quote in own]) for place in (2, 3))
        contract = read_contract(name)
        legs.append(Leg(contract, ends_ns(f"{contract.expiry:%y%m%d}"), at_ns, bid, ask))
    return ChainHistory.of("GOOG", legs)


def pair(
    expiry: str, strike: float, call: float, put: float, after_ns: int = 0, spread: float = 0.1
) -> tuple[Quote, Quote]:
    """Call and put around these middles, at one instant."""
    half = spread / 2
    return (
        (ticker(expiry, "C", strike), after_ns, call - half, call + half),
        (ticker(expiry, "P", strike), after_ns, put - half, put + half),
    )


TICKERS = [ticker(expiry, right, strike) for expiry in EXPIRIES for strike in STRIKES for right in "CP"]

instants = st.integers(0, 400).map(lambda half_minutes: half_minutes * MINUTE_NS // 2)
prices = st.integers(0, 400).map(lambda dimes: dimes / 10)
quotes = st.lists(st.tuples(st.sampled_from(TICKERS), instants, prices, prices), max_size=60, unique_by=lambda q: q[:2])
