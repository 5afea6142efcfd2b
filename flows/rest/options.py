"""`/v3/reference/options/contracts` as of a date, and the last row of `/v3/quotes/{contract}` by an instant."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Final
from urllib.parse import quote

import msgspec

from flows.rest.client import Page, RestClient
from flows.rest.errors import RestError

CONTRACT_ROWS: Final = 1_000
"""The most that the vendor gives at once."""


class ContractRow(msgspec.Struct, gc=False):
    """What is read of a listed contract; its ticker says the rest."""

    ticker: str
    shares_per_contract: float = 100


_Dollars = Annotated[float, msgspec.Meta(ge=0)]


class _Quote(msgspec.Struct, gc=False):
    sip_timestamp: int
    bid_price: _Dollars = 0.0
    ask_price: _Dollars = 0.0


_contracts: Final = msgspec.json.Decoder(Page[ContractRow])
_quotes: Final = msgspec.json.Decoder(Page[_Quote])


def contract_rows(
    rest: RestClient,
    underlying: str,
    day: date,
    first_expiry: date | None = None,
    last_expiry: date | None = None,
    low_strike: float | None = None,
    high_strike: float | None = None,
) -> Iterator[ContractRow]:
    """Yield the contracts on an underlying that were listed on a date and had not expired before it.

    Raises NotEntitledError, and RestError for anything else that did not pass.
    """
    first = max(day, first_expiry or day)
    query: dict[str, object] = {"underlying_ticker": underlying, "as_of": day, "expired": "false"}
    query |= {"expiration_date.gte": first, "expiration_date.lte": last_expiry}
    query |= {"strike_price.gte": low_strike, "strike_price.lte": high_strike}
    query |= {"order": "asc", "sort": "ticker", "limit": CONTRACT_ROWS}
    asked = {name: value for name, value in query.items() if value is not None}
    for _, rows in rest.pages(f"contracts of {underlying}", "/v3/reference/options/contracts", asked, _contracts):
        yield from rows


def last_quote(rest: RestClient, ticker: str, from_ns: int, to_ns: int) -> tuple[float, float, int] | None:
    """Return bid and ask (dollars, 0: none) and time (ns UTC) of a contract's last quote in [from, to]; None: none.

    Raises NotEntitledError, and RestError for anything else that did not pass.
    """
    what = f"quotes of {ticker}"
    query: dict[str, object] = {"timestamp.gte": from_ns, "timestamp.lte": to_ns}
    query |= {"order": "desc", "sort": "timestamp", "limit": 1}
    for _, rows in rest.pages(what, f"/v3/quotes/{quote(ticker, safe=':.-')}", query, _quotes):
        row = rows[0]
        if not from_ns <= row.sip_timestamp <= to_ns:
            msg = f"{what}: the server's page is out of the window asked for"
            raise RestError(msg)
        return row.bid_price, row.ask_price, row.sip_timestamp
    return None
