"""The practice market's REST side: `/v3/trades/{ticker}` as the vendor answers it, never beyond market time.

Errors have the vendor's shapes; a page's cursor holds no key.
"""

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from flows.market.day import MarketDay
from flows.market.faults import FaultKind, Faults
from flows.market.texts import rest_rows
from operators.sessions import new_york_day_ns
from operators.times import EARLIEST_NS

TRADES: Final = "/v3/trades/"
USUAL_LIMIT, MOST_LIMIT = 1_000, 50_000
_REQUEST_ID: Final = '"request_id":"practice"'


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer.  `cut`: send less of the body than was promised."""

    status: HTTPStatus
    body: bytes
    cut: bool = False


@dataclass(frozen=True, slots=True)
class _Page:
    """Some of a ticker's prints: SIP times in [low, high], ns UTC, from the `offset`-th on."""

    ticker: str
    low_ns: int
    high_ns: int
    ascending: bool
    limit: int
    offset: int = 0


class RestSide:
    """Answers requests about a day.  `now_ns`: market time; `base`: where it is reached."""

    def __init__(self, day: MarketDay, faults: Faults, now_ns: Callable[[], int], base: Callable[[], str]) -> None:
        self._day, self._faults, self._now_ns, self._base = day, faults, now_ns, base

    def answer(self, target: str, authorization: str) -> Answer:
        """Answer one GET.  `target`: path and query as they came; `authorization`: that header, empty if absent."""
        parts = urlsplit(target)
        asked = dict(parse_qsl(parts.query))
        given = authorization.removeprefix("Bearer ").strip() or asked.get("apiKey", "")
        trouble = self._trouble(given)
        if trouble is not None:
            return trouble
        if not parts.path.startswith(TRADES):
            return _error(HTTPStatus.NOT_FOUND, f'"status":"NOT_FOUND",{_REQUEST_ID},"message":"not here"')
        try:
            page = self._page(unquote(parts.path.removeprefix(TRADES)), asked)
        except (ValueError, TypeError, binascii.Error):
            return _error(HTTPStatus.BAD_REQUEST, f'"status":"ERROR",{_REQUEST_ID},"error":"bad parameter"')
        return Answer(HTTPStatus.OK, self._body(page), cut=self._faults.use_up(FaultKind.REST_TRUNCATED))

    def _trouble(self, key: str) -> Answer | None:
        faults = self._faults
        if not key or faults.holds(FaultKind.BAD_KEY):
            return _error(HTTPStatus.UNAUTHORIZED, f'"status":"ERROR",{_REQUEST_ID},"error":"Unknown API Key"')
        if faults.holds(FaultKind.REST_403):
            text = "You are not entitled to this data. Please upgrade your plan."
            return _error(HTTPStatus.FORBIDDEN, f'"status":"NOT_AUTHORIZED",{_REQUEST_ID},"message":"{text}"')
        if faults.use_up(FaultKind.REST_429):
            text = "You've exceeded the maximum requests per minute."
            return _error(HTTPStatus.TOO_MANY_REQUESTS, f'"status":"ERROR",{_REQUEST_ID},"error":"{text}"')
        if faults.use_up(FaultKind.REST_500):
            return Answer(HTTPStatus.INTERNAL_SERVER_ERROR, b"")
        return None

    def _page(self, ticker: str, asked: dict[str, str]) -> _Page:
        if "cursor" in asked:
            return _Page(**json.loads(base64.urlsafe_b64decode(asked["cursor"])))
        low_ns, high_ns = EARLIEST_NS, self._now_ns()
        if "timestamp" in asked:
            first, last = _instants(asked["timestamp"])
            low_ns, high_ns = max(low_ns, first), min(high_ns, last)
        for name, after in (("gte", 0), ("gt", 1)):
            if f"timestamp.{name}" in asked:
                low_ns = max(low_ns, _instants(asked[f"timestamp.{name}"])[0] + after)
        for name, before in (("lte", 0), ("lt", 1)):
            if f"timestamp.{name}" in asked:
                high_ns = min(high_ns, _instants(asked[f"timestamp.{name}"])[0] - before)
        limit = max(1, min(int(asked.get("limit", USUAL_LIMIT)), MOST_LIMIT))
        return _Page(ticker, low_ns, high_ns, asked.get("order", "desc") == "asc", limit)

    def _body(self, page: _Page) -> bytes:
        rows = self._day.rows_of(page.ticker, page.low_ns, page.high_ns)
        rows = rows if page.ascending else rows[::-1]
        end = page.offset + page.limit
        results = ",".join(rest_rows(self._day.prints[rows[page.offset : end]]))
        parts = ['"status":"OK"', _REQUEST_ID]
        if results:  # the vendor leaves an empty list out
            parts.append(f'"results":[{results}]')
        if end < len(rows):
            cursor = base64.urlsafe_b64encode(json.dumps(asdict(page) | {"offset": end}).encode()).decode()
            parts.append(f'"next_url":"{self._base()}{TRADES}{page.ticker}?cursor={cursor}"')
        return ("{" + ",".join(parts) + "}").encode()


def _instants(text: str) -> tuple[int, int]:
    """Return the first and last ns that a date, or a number of ns, means."""
    if text.isdecimal():
        return int(text), int(text)
    from datetime import date

    low, high = new_york_day_ns(date.fromisoformat(text))
    return low, high - 1


def _error(status: HTTPStatus, fields: str) -> Answer:
    return Answer(status, ("{" + fields + "}").encode())
