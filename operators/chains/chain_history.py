"""All quotes of one underlying's options, asked as of an instant.  Rule: the last quote by then, and nothing later."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any, Final, NamedTuple, Self

import numpy as np

from operators.bars.columns import Floats, Ints
from operators.chains.contracts import Contract, Right, read_contract
from operators.chains.option_quote import OptionQuote
from operators.engine.straddle import STALE_AFTER_NS, ChainQuote

NEVER: Final = -1
"""The place of a quote that is not there."""


class Leg(NamedTuple):
    """One contract's quotes, ascending in time.  `expiry_ns`: the close of its last session, ns UTC."""

    contract: Contract
    expiry_ns: int
    at_ns: Ints
    bid: Floats
    ask: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ChainHistory:
    """Pairs of a call and a put, ascending by (expiry, strike), and the quotes of each contract, ascending in time.

    `expiry_ns`, `strike`: one per pair, ns UTC and dollars.  `contracts`: tickers, two per pair, the call first;
    contract c has the quotes `starts[c]` to `starts[c + 1]` of the columns `at_ns` (ns UTC: when each was known),
    `bid` and `ask` (dollars, 0: nobody quotes this side).
    """

    underlying: str
    contracts: tuple[str, ...]
    expiry_ns: Ints
    strike: Floats
    starts: Ints
    at_ns: Ints
    bid: Floats
    ask: Floats

    @classmethod
    def of(cls, underlying: str, legs: Iterable[Leg]) -> Self:
        """Pair legs, in any order; one without quotes or without its other half is left out: it makes no straddle."""
        quoted = (leg for leg in legs if len(leg.at_ns))
        ordered = sorted(quoted, key=lambda leg: (leg.expiry_ns, leg.contract.strike, leg.contract.ticker))
        pairs = [(one, two) for one, two in pairwise(ordered) if _paired(one, two)]
        whole = list(chain.from_iterable(pairs))
        starts = np.zeros(len(whole) + 1, dtype=np.int64)
        np.cumsum([len(leg.at_ns) for leg in whole], out=starts[1:])
        return cls(
            underlying,
            tuple(leg.contract.ticker for leg in whole),
            np.array([call.expiry_ns for call, _ in pairs], dtype=np.int64),
            np.array([call.contract.strike for call, _ in pairs], dtype=np.float64),
            starts,
            np.concatenate([np.empty(0, dtype=np.int64), *(leg.at_ns for leg in whole)]),
            np.concatenate([np.empty(0), *(leg.bid for leg in whole)]),
            np.concatenate([np.empty(0), *(leg.ask for leg in whole)]),
        )

    def expiries(self, at_ns: int) -> list[int]:
        """Return the expiries that are still to come at an instant, ascending, ns UTC."""
        return [int(each) for each in np.unique(self.expiry_ns[self._alive(at_ns) :])]

    def asof(self, at_ns: int, stale_after_ns: int = STALE_AFTER_NS) -> tuple[ChainQuote, ...]:
        """Return the whole chain as of an instant, ns UTC, ascending by (expiry, strike).

        Per pair, the last quote of each side that was known by then; the pair is known since the younger of them.  Not
        there: what has expired, what was never quoted by then, and what has a side older than `stale_after_ns`.
        """
        return self._quotes(self._alive(at_ns), len(self.strike), at_ns, stale_after_ns)

    def asof_near(self, at_ns: int, expiry_ns: int, price: float, strikes: int) -> tuple[ChainQuote, ...]:
        """Return of `asof` only one expiry, and only the `strikes` nearest to a price; equally near ones all."""
        first, last = self._expiring(expiry_ns)
        first = max(first, self._alive(at_ns))
        if last - first > strikes:
            away = np.abs(self.strike[first:last] - price)
            near = np.flatnonzero(away <= np.partition(away, strikes - 1)[strikes - 1])  # ascending, without a hole
            first, last = first + int(near[0]), first + int(near[-1]) + 1
        return self._quotes(first, last, at_ns, STALE_AFTER_NS)

    def legs(self, at_ns: int, expiry_ns: int, strike: float) -> tuple[OptionQuote, ...]:
        """Return the quotes of a pair that `asof` has at an instant, the call's first; none for no such pair.

        Two expiry dates may end with one session; of their pairs the one quoted last is meant, as for a straddle.
        """
        first, last = self._expiring(expiry_ns)
        strikes = self.strike[first:last]
        low, high = (first + int(np.searchsorted(strikes, strike, side=side)) for side in ("left", "right"))
        pairs, calls, puts = self._known(low, high, at_ns, STALE_AFTER_NS)
        if not len(pairs):
            return ()
        younger = np.maximum(self.at_ns[calls], self.at_ns[puts])
        best = int(np.flatnonzero(younger == younger.max())[-1])
        call = 2 * int(pairs[best])
        return self._row(call, int(calls[best])), self._row(call + 1, int(puts[best]))

    def _row(self, contract: int, place: int) -> OptionQuote:
        known = read_contract(self.contracts[contract])
        return OptionQuote(
            contract=known.ticker,
            underlying=self.underlying,
            expiry=known.expiry.isoformat(),
            type=str(known.right),
            strike=known.strike,
            at_ns=int(self.at_ns[place]),
            bid=float(self.bid[place]),
            ask=float(self.ask[place]),
        )

    def _alive(self, at_ns: int) -> int:
        """The first pair that has not expired."""
        return int(np.searchsorted(self.expiry_ns, at_ns, side="right"))

    def _expiring(self, expiry_ns: int) -> tuple[int, int]:
        """The pairs of one expiry, from and to."""
        first, last = (np.searchsorted(self.expiry_ns, expiry_ns, side=side) for side in ("left", "right"))
        return int(first), int(last)

    def _quotes(self, first: int, last: int, at_ns: int, stale_after_ns: int) -> tuple[ChainQuote, ...]:
        pairs, calls, puts = self._known(first, last, at_ns, stale_after_ns)
        sides = (column[places] for places in (calls, puts) for column in (self.bid, self.ask))
        known_ns = np.maximum(self.at_ns[calls], self.at_ns[puts])
        columns = (self.strike[pairs], self.expiry_ns[pairs], *sides, known_ns)
        return tuple(map(ChainQuote, *(column.tolist() for column in columns)))

    def _known(self, first: int, last: int, at_ns: int, stale_after_ns: int) -> tuple[Ints, Ints, Ints]:
        """Of the pairs [first, last) those known and fresh: their numbers, and the places of their calls and puts."""
        calls, puts = self._last(first, last, at_ns).reshape(-1, 2).T
        both = np.flatnonzero((calls != NEVER) & (puts != NEVER))
        oldest = np.minimum(self.at_ns[calls[both]], self.at_ns[puts[both]])
        both = both[oldest >= at_ns - stale_after_ns]
        return first + both, calls[both], puts[both]

    def _last(self, first: int, last: int, at_ns: int) -> Ints:
        """Return the place of the last quote by an instant, or NEVER, of each contract of the pairs [first, last).

        Times ascend within a contract, so the quotes that are known are counted.
        """
        starts, stop = self.starts[2 * first : 2 * last], self.starts[2 * last]
        if not len(starts):
            return np.empty(0, dtype=np.int64)
        known = self.at_ns[starts[0] : stop] <= at_ns
        count = np.add.reduceat(known, starts - starts[0], dtype=np.int64)
        return np.where(count > 0, starts + count - 1, NEVER)

    def to_plain(self) -> tuple[Any, ...]:
        """Write the columns as bytes, for snapshots; equal histories are equal bytes."""
        columns = (self.expiry_ns, self.strike, self.starts, self.at_ns, self.bid, self.ask)
        return self.underlying, self.contracts, *(column.tobytes() for column in columns)

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        underlying, contracts, *texts = plain
        expiry_ns, starts, at_ns = (np.frombuffer(texts[place], dtype=np.int64) for place in (0, 2, 3))
        strike, bid, ask = (np.frombuffer(texts[place], dtype=np.float64) for place in (1, 4, 5))
        return cls(underlying, contracts, expiry_ns, strike, starts, at_ns, bid, ask)


def _paired(one: Leg, two: Leg) -> bool:
    """Whether these are the call and the put of one expiry date and strike."""
    same = one.contract.expiry == two.contract.expiry and one.contract.strike == two.contract.strike
    return same and (one.contract.right, two.contract.right) == (Right.CALL, Right.PUT)
