"""The practice market's REST side: trades, option quotes and contracts as the vendor gives them, never beyond its time.

Errors have the vendor's shapes; a page's cursor holds no key.  Corrections are told from the day after on: on the day
itself nobody hears of them.
"""

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from flows.market.day import MarketDay
from flows.market.faults import FaultKind, Faults
from flows.market.listing import Listing, Window, window_of
from flows.market.option_side import CONTRACTS, QUOTES, OptionSide
from flows.market.texts import rest_rows
from operators.sessions import new_york, new_york_day_ns

TRADES: Final = "/v3/trades/"
USUAL_LIMIT, MOST_LIMIT = 1_000, 50_000
_OFFSET: Final = "offset"
_KNOWN_BY: Final = "known_by"
_REQUEST_ID: Final = '"request_id":"practice"'


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer.  `cut`: send less of the body than was promised."""

    status: HTTPStatus
    body: bytes
    cut: bool = False


class RestSide:
    """Answers requests about a day.  `now_ns`: market time; `base`: where it is reached; `options`: if it has any."""

    def __init__(
        self,
        day: MarketDay,
        faults: Faults,
        now_ns: Callable[[], int],
        base: Callable[[], str],
        options: OptionSide | None = None,
    ) -> None:
        self._day, self._faults, self._now_ns, self._base, self._options = day, faults, now_ns, base, options

    def answer(self, target: str, authorization: str) -> Answer:
        """Answer one GET.  `target`: path and query as they came; `authorization`: that header, empty if absent."""
        parts = urlsplit(target)
        asked = dict(parse_qsl(parts.query))
        given = authorization.removeprefix("Bearer ").strip() or asked.pop("apiKey", "")
        trouble = self._trouble(given)
        if trouble is not None:
            return trouble
        try:
            if "cursor" in asked:
                asked = json.loads(base64.urlsafe_b64decode(asked["cursor"]))
            asked.setdefault(_KNOWN_BY, str(self._now_ns()))  # the pages of one answer must not shift
            listing = self._listing(parts.path, asked)
            if listing is None:
                return _error(HTTPStatus.NOT_FOUND, f'"status":"NOT_FOUND",{_REQUEST_ID},"message":"not here"')
            body = self._body(parts.path, asked, listing)
        except (ValueError, TypeError, binascii.Error):
            return _error(HTTPStatus.BAD_REQUEST, f'"status":"ERROR",{_REQUEST_ID},"error":"bad parameter"')
        return Answer(HTTPStatus.OK, body, cut=self._faults.use_up(FaultKind.REST_TRUNCATED))

    def _listing(self, path: str, asked: dict[str, str]) -> Listing | None:
        """Return what is listed at a path, None where nothing is.  Raises ValueError."""
        now_ns, options = min(self._now_ns(), int(asked[_KNOWN_BY])), self._options
        if path.startswith(TRADES):
            return self._trades(unquote(path.removeprefix(TRADES)), window_of(asked, now_ns))
        if options is not None and path.startswith(QUOTES):
            return options.quotes_of(unquote(path.removeprefix(QUOTES)), window_of(asked, now_ns))
        return options.contracts(asked, now_ns) if options is not None and path == CONTRACTS else None

    def _trades(self, ticker: str, window: Window) -> Listing:
        rows = self._day.rows_of(ticker, window.low_ns, window.high_ns)
        rows = rows if window.ascending else rows[::-1]
        told_ns = new_york_day_ns(new_york(self._now_ns()).date())[0]
        return Listing(len(rows), lambda first, last: rest_rows(self._day.prints[rows[first:last]], told_ns))

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

    def _body(self, path: str, asked: dict[str, str], listing: Listing) -> bytes:
        first = int(asked.get(_OFFSET, 0))
        end = first + max(1, min(int(asked.get("limit", USUAL_LIMIT)), MOST_LIMIT))
        results = ",".join(listing.texts(first, end))
        parts = ['"status":"OK"', _REQUEST_ID]
        if results:  # the vendor leaves an empty list out
            parts.append(f'"results":[{results}]')
        if end < listing.count:
            cursor = base64.urlsafe_b64encode(json.dumps(asked | {_OFFSET: str(end)}).encode()).decode()
            parts.append(f'"next_url":"{self._base()}{path}?cursor={cursor}"')
        return ("{" + ",".join(parts) + "}").encode()


def _error(status: HTTPStatus, fields: str) -> Answer:
    return Answer(status, ("{" + fields + "}").encode())
