"""The trades that gap repair asks for: every page of a window, ascending, each as it was received."""

from collections.abc import Callable, Iterator
from random import Random

from flows.feed.api_key import ApiKey
from flows.rest.client import PER_SECOND, TRIES, RestClient
from flows.rest.errors import NotEntitledError, RestError
from flows.rest.trades import PAGE_ROWS, trade_pages

__all__ = ["PAGE_ROWS", "TRIES", "NotEntitledError", "RestError", "TradesClient"]


class TradesClient:
    """Asks `base` for trades.  `wait`: sleeps so many seconds, and may raise to give up."""

    def __init__(
        self, base: str, key: ApiKey, wait: Callable[[float], None], rng: Random, per_second: float = PER_SECOND
    ) -> None:
        self._rest = RestClient(base, key, wait, rng, per_second)

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return self._rest.requests

    def pages(self, symbol: str, from_ns: int, to_ns: int, rows: int = PAGE_ROWS) -> Iterator[bytes]:
        """Yield the bodies of all pages of a symbol's trades with SIP times in [from, to], ns UTC, in order.

        Raises NotEntitledError, and RestError for anything else that did not pass.
        """
        return trade_pages(self._rest, symbol, from_ns, to_ns, rows)

    def close(self) -> None:
        """Let go of the connections."""
        self._rest.close()
