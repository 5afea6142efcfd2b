"""The vendor's `/v3/trades/{ticker}`: every page of a window, ascending, validated, each as it was received.

Rule 1: the key goes to the base address and nowhere else, whatever `next_url` says.
Rule 2: what may pass is tried again with back-off; what may not is one clear error.  The wait is handed in.
"""

import math
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx2
import msgspec

from flows.errors import CommandError, DataMissingError
from flows.feed.api_key import ApiKey

PAGE_ROWS: Final = 50_000
TRIES: Final = 6
FIRST_WAIT, LONGEST_WAIT = 0.2, 10.0
PER_SECOND: Final = 50.0
"""Below what the vendor asks to stay under on a paid plan; a smaller plan says 429, which is waited for."""
TIMEOUT_SECONDS: Final = 20.0
_AGAIN: Final = (408, 413, 429, 499)
_LONGEST_MESSAGE: Final = 160


class RestError(CommandError):
    """A request failed for good."""


class NotEntitledError(DataMissingError):
    """The plan does not hold this data, or the key is none: asking again is pointless."""


class _Row(msgspec.Struct, gc=False):
    sip_timestamp: int
    price: float


class _Page(msgspec.Struct, gc=False):
    results: list[_Row] | None = None
    next_url: str | None = None


class _Trouble(msgspec.Struct, gc=False):
    status: str = ""
    error: str = ""
    message: str = ""


_page: Final = msgspec.json.Decoder(_Page)
_trouble: Final = msgspec.json.Decoder(_Trouble)


class TradesClient:
    """Asks `base` for trades.  `wait`: sleeps so many seconds, and may raise to give up."""

    def __init__(
        self, base: str, key: ApiKey, wait: Callable[[float], None], rng: Random, per_second: float = PER_SECOND
    ) -> None:
        host = urlsplit(base).hostname or ""
        self._http = httpx2.Client(
            headers={"Authorization": f"Bearer {key.reveal()}"},
            timeout=TIMEOUT_SECONDS,
            trust_env=host not in ("127.0.0.1", "localhost", "::1"),
        )
        self._base, self._key, self._wait, self._rng, self._pause = base, key, wait, rng, 1 / per_second
        self.requests = 0

    def pages(self, symbol: str, from_ns: int, to_ns: int, rows: int = PAGE_ROWS) -> Iterator[bytes]:
        """Yield the bodies of all pages of a symbol's trades with SIP times in [from, to], ns UTC, in order.

        Raises NotEntitledError, and RestError for anything else that did not pass.
        """
        path = f"/v3/trades/{quote(symbol, safe=':.-')}"
        window = f"timestamp.gte={from_ns}&timestamp.lte={to_ns}"
        target, low_ns = f"{path}?{window}&order=asc&sort=timestamp&limit={rows}", from_ns
        while target:
            body, page = self._get(symbol, target)
            for row in page.results or ():
                if not low_ns <= row.sip_timestamp <= to_ns:
                    msg = f"trades of {symbol}: the server's page is out of order, or out of the window asked for"
                    raise RestError(msg)
                low_ns = row.sip_timestamp
            if page.results:
                yield body
            target = self._next(symbol, target, page.next_url)

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _next(self, symbol: str, before: str, url: str | None) -> str:
        if not url:
            return ""
        parts = urlsplit(url)
        target = f"{parts.path}?{parts.query}"
        if target == before or not parts.path.startswith("/"):
            msg = f"trades of {symbol}: the server's pages do not go on"
            raise RestError(msg)
        return target

    def _get(self, symbol: str, target: str) -> tuple[bytes, _Page]:
        """Return a page's body, and what was read in it, however many tries that takes."""
        why = ""
        for step in range(TRIES):
            self._wait(self._pause if step == 0 else self._back_off(step))
            try:
                self.requests += 1
                answer = self._http.get(self._base + target)
                if answer.status_code == httpx2.codes.OK:
                    return answer.content, _page.decode(answer.content)
                why = self._refusal(symbol, answer)
                if answer.status_code in _AGAIN and (asked := _asked_to_wait(answer)):
                    self._wait(asked)
            except httpx2.HTTPError as error:
                why = type(error).__name__
            except (msgspec.DecodeError, UnicodeDecodeError):
                why = "a page that is not whole"
        msg = f"trades of {symbol}: gave up after {TRIES} tries ({why})"
        raise RestError(msg)

    def _back_off(self, step: int) -> float:
        return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (step - 1)) * (0.5 + 0.5 * self._rng.random())

    def _refusal(self, symbol: str, answer: Any) -> str:
        """Say why an answer is none; raise when asking again is pointless."""
        code = int(answer.status_code)
        try:
            given = _trouble.decode(answer.content)
            text = given.error or given.message or given.status
        except (msgspec.DecodeError, UnicodeDecodeError):
            text = ""
        why = self._key.redact(f"{code} {' '.join(text.split())[:_LONGEST_MESSAGE]}".strip())
        if code in (401, 403):
            msg = f"trades of {symbol}: {why}"
            raise NotEntitledError(msg)
        if code not in _AGAIN and code < 500:
            msg = f"trades of {symbol}: {why}"
            raise RestError(msg)
        return why


def _asked_to_wait(answer: Any) -> float:
    """Return the seconds that the server asks for, at most a minute."""
    try:
        seconds = float(answer.headers.get("Retry-After", "0"))
    except ValueError:
        return 0.0
    return min(seconds, 60.0) if math.isfinite(seconds) and seconds > 0 else 0.0
