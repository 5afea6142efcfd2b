"""A simulated US equity day as the consolidated tape would print it.  Rule: all chance comes from the seed.

Every symbol has a stream of chance of its own, so that one symbol's day does not depend on how the others trade.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from flows.simulation.activity import Activity, ascending
from flows.simulation.paths import Shape, Shock, SymbolSpec, mid_prices
from flows.simulation.prints import BarePrints, dress
from flows.simulation.vendor import COLUMNS, by_ticker
from operators.columnar import Floats, Ints
from operators.sessions import SessionDay
from operators.times import SECOND_NS

SWEEP_SHARE: Final = 0.35
"""The part of prints that follow another within microseconds, as one order goes through several."""
SWEEP_GAP_NS: Final = 40_000
PRIMARY_EXCHANGE: Final = {1: 10, 2: 11, 3: 12}
OTHER_EXCHANGE: Final = 19
NASDAQ_TAPE: Final = 3


@dataclass(frozen=True, slots=True)
class _Auction:
    """An auction's print: its conditions, and how long it comes after its edge of the session, ns.

    `share`: its size over a tenth of the day's prints, in round lots; `primary`: on the listing exchange.
    """

    conditions: str
    after_ns: int
    share: float
    primary: bool = True


_OPENING: Final = {
    False: (_Auction("17", SECOND_NS, 0.5), _Auction("16", SECOND_NS + 9_000, 0.5)),
    True: (_Auction("9,25", SECOND_NS // 5, 0.5), _Auction("16", SECOND_NS // 5 + 9_000, 0.5)),
}
_CLOSING: Final = {
    False: (_Auction("19", 4 * SECOND_NS, 2.0), _Auction("15", 4 * SECOND_NS + 9_000, 2.0)),
    True: (_Auction("8,9", SECOND_NS // 4, 2.0), _Auction("15", SECOND_NS // 4 + 9_000, 2.0)),
}
_ELSEWHERE: Final = (_Auction("16", 2 * SECOND_NS, 0.01, primary=False), _Auction("15", SECOND_NS, 0.01, primary=False))


def simulate(
    seed: int | Sequence[int], day: SessionDay, specs: Sequence[SymbolSpec], shocks: Sequence[Shock] = ()
) -> pl.DataFrame:
    """Return a day's prints in the vendor's columns, in order of SIP time across symbols."""
    activity = Activity.of(day)
    streams = np.random.SeedSequence(seed).spawn(len(specs))
    frames = [
        _symbol_day(np.random.default_rng(stream), day, activity, spec, shocks)
        for stream, spec in zip(streams, specs, strict=True)
    ]
    tape = pl.concat(frames).sort("sip_timestamp", "ticker", maintain_order=True)
    return tape.with_columns(
        id=pl.int_range(1, pl.len() + 1).over("ticker", "exchange").cast(pl.String),
        sequence_number=pl.int_range(1, pl.len() + 1).over("tape"),
    ).select(pl.col(name).cast(dtype) for name, dtype in COLUMNS.items())


def _symbol_day(
    rng: np.random.Generator, day: SessionDay, activity: Activity, spec: SymbolSpec, shocks: Sequence[Shock]
) -> pl.DataFrame:
    sip_ns = _instants(rng, activity, spec.trades)
    mid = mid_prices(rng, day, spec, sip_ns, shocks)
    extended = (sip_ns < day.open_ns) | (sip_ns >= day.close_ns)
    bare = BarePrints(sip_ns, mid, extended, np.full(spec.trades, spec.tape, dtype=np.int32))
    last = mid[max(0, int(np.searchsorted(sip_ns, day.close_ns)) - 1)]
    auctions = _auctions(rng, day, spec, round(float(last), 2))
    return pl.concat([dress(rng, bare), auctions]).with_columns(ticker=pl.lit(spec.symbol))


def _instants(rng: np.random.Generator, activity: Activity, count: int) -> Ints:
    """SIP times of a symbol's prints: by chance over the day, some of them close upon the one before."""
    alone_ns = activity.instants(np.sort(rng.random(count)))
    follows = rng.random(count) < SWEEP_SHARE
    follows[0] = False
    place = np.arange(count)
    leader = np.maximum.accumulate(np.where(follows, 0, place))
    gaps_ns = np.where(follows, rng.integers(2_000, SWEEP_GAP_NS, count), 0).cumsum()
    return ascending(alone_ns[leader] + gaps_ns - gaps_ns[leader])


def _auctions(rng: np.random.Generator, day: SessionDay, spec: SymbolSpec, close_price: float) -> pl.DataFrame:
    """The prints of the opening and the closing auction, the official prices after them, and another exchange's."""
    nasdaq = spec.tape == NASDAQ_TAPE
    rows = [(each, day.open_ns, round(spec.open_price, 2)) for each in (*_OPENING[nasdaq], _ELSEWHERE[0])]
    rows += [(each, day.close_ns, close_price) for each in (*_CLOSING[nasdaq], _ELSEWHERE[1])]
    jitter_ns = int(rng.integers(0, SECOND_NS // 10))
    sip_ns = np.array([edge_ns + each.after_ns + jitter_ns for each, edge_ns, _ in rows])
    primary = PRIMARY_EXCHANGE[spec.tape]
    shares: Floats = np.array([100 * np.ceil(each.share * spec.trades / 10) for each, _, _ in rows])
    columns = {
        "conditions": [each.conditions for each, _, _ in rows],
        "correction": 0,
        "exchange": [primary if each.primary else OTHER_EXCHANGE for each, _, _ in rows],
        "participant_timestamp": sip_ns - 45_000,
        "price": [price for _, _, price in rows],
        "sip_timestamp": sip_ns,
        "size": shares,
        "tape": spec.tape,
        "trf_id": 0,
        "trf_timestamp": 0,
    }
    return pl.DataFrame(columns, schema={name: COLUMNS[name] for name in columns})


__all__ = ["Shape", "Shock", "SymbolSpec", "by_ticker", "simulate"]
