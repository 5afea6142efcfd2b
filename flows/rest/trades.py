"""`/v3/trades/{ticker}`: the pages of a window, in the order of SIP times or backwards, validated."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

import msgspec

from flows.rest.client import Page, RestClient
from flows.rest.errors import RestError

PAGE_ROWS: Final = 50_000
"""The most that the vendor gives at once."""


class _Row(msgspec.Struct, gc=False):
    sip_timestamp: int
    price: float


_page: Final = msgspec.json.Decoder(Page[_Row])


def trade_pages(
    rest: RestClient, symbol: str, from_ns: int, to_ns: int, rows: int = PAGE_ROWS, *, ascending: bool = True
) -> Iterator[bytes]:
    """Yield the bodies of all pages of a symbol's trades with SIP times in [from, to], ns UTC, as received.

    Raises NotEntitledError, and RestError for anything else that did not pass.
    """
    what, last_ns = f"trades of {symbol}", from_ns if ascending else to_ns
    query: dict[str, object] = {
        "timestamp.gte": from_ns,
        "timestamp.lte": to_ns,
        "order": "asc" if ascending else "desc",
        "sort": "timestamp",
        "limit": rows,
    }
    for body, found in rest.pages(what, f"/v3/trades/{quote(symbol, safe=':.-')}", query, _page):
        for row in found:
            low_ns, high_ns = (last_ns, to_ns) if ascending else (from_ns, last_ns)
            if not low_ns <= row.sip_timestamp <= high_ns:
                msg = f"{what}: the server's page is out of order, or out of the window asked for"
                raise RestError(msg)
            last_ns = row.sip_timestamp
        yield body
