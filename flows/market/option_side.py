"""The practice market's options: contracts as listed on a date, and their quotes, never beyond market time.

Rule: a contract is listed from the New York date of its first quote to the date in its ticker.
"""

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from flows.market.listing import Listing, Window
from flows.option_quotes import option_files
from flows.option_rows import ASK, AT, BID, SCHEMA, TICKER, OptionFilter, read_option_quotes
from operators.chains.contracts import Contract, read_contract, root_of
from operators.sessions import new_york

CONTRACTS: Final = "/v3/reference/options/contracts"
QUOTES: Final = "/v3/quotes/"


class OptionSide:
    """`quotes`: `option_rows.SCHEMA`, ascending by ticker and time."""

    def __init__(self, quotes: pl.DataFrame) -> None:
        self._at, self._bid, self._ask = (quotes[name].to_numpy() for name in (AT, BID, ASK))
        counts = quotes.group_by(TICKER, maintain_order=True).len()
        ends = np.cumsum(counts["len"].to_numpy().astype(np.int64)).tolist()
        self._rows = dict(zip(counts[TICKER], zip([0, *ends], ends, strict=False), strict=True))

    def quotes_of(self, ticker: str, window: Window) -> Listing:
        """List a contract's quotes in a window."""
        first, last = self._rows.get(ticker, (0, 0))
        at_ns = self._at[first:last]
        low = first + int(np.searchsorted(at_ns, window.low_ns))
        high = max(low, first + int(np.searchsorted(at_ns, window.high_ns, side="right")))
        places = range(low, high) if window.ascending else range(high - 1, low - 1, -1)
        return Listing(len(places), lambda start, end: [self._quote(place) for place in places[start:end]])

    def contracts(self, asked: Mapping[str, str], now_ns: int) -> Listing:
        """List contracts as of a date, today's without one, by expiry and strike.  Raises ValueError."""
        today = new_york(now_ns).date()
        as_of = min(today, date.fromisoformat(asked["as_of"])) if "as_of" in asked else today
        expired = asked.get("expired", "false") == "true"
        root, found = root_of(asked.get("underlying_ticker", "")), list[Contract]()
        for contract, listed in self._contracts:
            alive = listed <= as_of and (expired or contract.expiry >= as_of)
            if alive and root in ("", contract.root) and _within(contract, asked):
                found.append(contract)
        texts = [_contract(each) for each in found]
        return Listing(len(texts), lambda start, end: texts[start:end])

    @cached_property
    def _contracts(self) -> list[tuple[Contract, date]]:
        """All contracts with the date since when they are listed."""
        found = [(read_contract(name), new_york(int(self._at[rows[0]])).date()) for name, rows in self._rows.items()]
        return sorted(found, key=lambda each: (each[0].expiry, each[0].strike, each[0].ticker))

    def _quote(self, place: int) -> str:
        at_ns, bid, ask = int(self._at[place]), float(self._bid[place]), float(self._ask[place])
        return f'{{"ask_price":{ask!r},"bid_price":{bid!r},"sequence_number":{place + 1},"sip_timestamp":{at_ns}}}'


def recorded_options(folder: Path) -> OptionSide:
    """Read all option quotes under a folder.  Raises DataMissingError where there are none."""
    wanted = OptionFilter(None, date.min, 0, furthest=None, thin=False)
    frames = [read_option_quotes(file, wanted).quotes for file in option_files(folder, wanted)]
    quotes = pl.concat([pl.DataFrame(schema=SCHEMA), *frames])
    return OptionSide(quotes.sort(TICKER, AT, maintain_order=True))


def _within(contract: Contract, asked: Mapping[str, str]) -> bool:
    for name, value in (("expiration_date", contract.expiry.isoformat()), ("strike_price", contract.strike)):
        low, high = asked.get(f"{name}.gte"), asked.get(f"{name}.lte")
        kind = type(value)
        if (low is not None and value < kind(low)) or (high is not None and value > kind(high)):  # type: ignore[operator]
            return False
    return True


def _contract(each: Contract) -> str:
    return (
        f'{{"contract_type":"{each.right}","expiration_date":"{each.expiry.isoformat()}",'
        f'"shares_per_contract":100,"strike_price":{each.strike!r},"ticker":"{each.ticker}",'
        f'"underlying_ticker":"{each.root}"}}'
    )
