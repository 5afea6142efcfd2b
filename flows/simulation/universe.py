"""A universe of made-up symbols, a few busy and most quiet: what big tapes are drawn from, and plans around it."""

from dataclasses import dataclass

import numpy as np

FIRST_STREAM, TAPE_STREAM, PLAN_STREAM = range(3)
"""Streams of chance of one seed: the universe, its tape, its plans."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One symbol of the universe.  `price`: dollars, where the day begins; `volatility`: daily, fraction of the price.

    `share`: its part of all prints; `tape`: 1 NYSE, 2 ARCA, 3 Nasdaq.
    """

    symbol: str
    price: float
    volatility: float
    share: float
    tape: int


def stream(seed: int, which: int) -> np.random.SeedSequence:
    """Return one of a seed's streams of chance."""
    return np.random.SeedSequence(seed, spawn_key=(which,))


def universe(n_symbols: int, seed: int) -> tuple[Listing, ...]:
    """Return listings by rank; the first trades most, the n-th about 1/n of it.  Digits keep the tickers unreal.

    >>> [listing.symbol for listing in universe(3, seed=1)]
    ['SIM000', 'SIM001', 'SIM002']
    """
    if n_symbols < 1:
        msg = f"got {n_symbols} symbols; must be 1 or more"
        raise ValueError(msg)
    rng = np.random.default_rng(stream(seed, FIRST_STREAM))
    prices = np.clip(np.exp(rng.normal(4, 0.8, n_symbols)), 8, 900).round(2)
    volatilities = np.clip(rng.lognormal(np.log(0.02), 0.4, n_symbols), 0.008, 0.06).round(4)
    shares = 1 / np.arange(1, n_symbols + 1)
    shares /= shares.sum()
    tapes = rng.integers(1, 4, n_symbols)
    return tuple(
        Listing(f"SIM{rank:03d}", float(price), float(volatility), float(share), int(tape))
        for rank, (price, volatility, share, tape) in enumerate(zip(prices, volatilities, shares, tapes, strict=True))
    )
