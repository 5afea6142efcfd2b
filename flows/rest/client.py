"""The vendor's REST side: GET, with retries, at a bounded rate, page by page, every body validated.

Rule 1: the key goes to the base address, as a header, and nowhere else, whatever `next_url` says.
Rule 2: what may pass is tried again with back-off (tenacity); what may not is one clear error.  The wait is handed in:
it may raise to give up, which a library that sleeps for itself would not let it.
"""

import math
import ssl
import time
from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlencode, urlsplit

import httpx2
import msgspec
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from flows.feed.api_key import ApiKey
from flows.rest.errors import PassingError, RestError, error_for, refusal

TRIES: Final = 6
FIRST_WAIT, LONGEST_WAIT = 0.2, 10.0
LONGEST_ASKED_WAIT: Final = 60.0
PER_SECOND: Final = 50.0
"""Below what the vendor asks to stay under on a paid plan; a smaller plan says 429, which is waited for."""
TIMEOUT_SECONDS: Final = 20.0
FINE: Final = ("", "OK", "DELAYED")
"""What the status of an answer with rows may be; delayed plans get DELAYED."""

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], gc=False):
    """One page: its rows, which are missing where there are none, and where the next one is."""

    results: list[T] | None = None
    next_url: str | None = None
    status: str = ""


@cache
def _trusted(by_environment: bool) -> ssl.SSLContext:
    """Whom this machine trusts, read once: to read it for every client takes longer than what most of them ask."""
    return httpx2.create_ssl_context(trust_env=by_environment)


class RestClient:
    """Asks `base`.  `wait`: sleeps so many seconds, and may raise to give up; `per_second`: requests at most."""

    def __init__(
        self, base: str, key: ApiKey, wait: Callable[[float], None], rng: Random, per_second: float = PER_SECOND
    ) -> None:
        near = urlsplit(base).hostname in ("127.0.0.1", "localhost", "::1")
        self._http = httpx2.Client(
            headers={"Authorization": f"Bearer {key.reveal()}"},
            timeout=TIMEOUT_SECONDS,
            trust_env=not near,
            verify=_trusted(not near),
        )
        self._base, self._key, self._wait, self._rng, self._pause = base, key, wait, rng, 1 / per_second
        self._due = 0.0
        self.requests = 0

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def pages(
        self, what: str, path: str, query: dict[str, object], decoder: "msgspec.json.Decoder[Page[T]]"
    ) -> Iterator[tuple[bytes, list[T]]]:
        """Yield body and rows of all pages of an answer, those without rows left out.

        `what`: what errors call it.  Raises NotEntitledError, and RestError for anything else that did not pass.
        """
        target = f"{path}?{urlencode(query)}"
        while target:
            body, page = self._get(what, target, decoder)
            if page.results:
                yield body, page.results
            target = _next(what, target, page.next_url)

    def _get(self, what: str, target: str, decoder: "msgspec.json.Decoder[Page[T]]") -> tuple[bytes, Page[T]]:
        """Return a page and its body, however many tries that takes."""
        tries = Retrying(
            sleep=self._wait,
            stop=stop_after_attempt(TRIES),
            wait=self._back_off,
            retry=retry_if_exception_type(PassingError),
            reraise=True,
        )
        self._keep_pace()
        try:
            return tries(self._try, what, target, decoder)
        except PassingError as error:
            msg = f"{what}: gave up after {TRIES} tries ({error})"
            raise RestError(msg) from None

    def _try(self, what: str, target: str, decoder: "msgspec.json.Decoder[Page[T]]") -> tuple[bytes, Page[T]]:
        self.requests += 1
        try:
            answer = self._http.get(self._base + target)
            body = answer.content
        except httpx2.HTTPError as error:
            raise PassingError(type(error).__name__) from None
        if answer.status_code != httpx2.codes.OK:
            self._refuse(what, answer)
        try:
            page = decoder.decode(body)
        except msgspec.ValidationError as error:
            msg = f"{what}: the server's answer is not what it should be ({self._key.redact(str(error))})"
            raise RestError(msg) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            whole = "a page that is not whole"
            raise PassingError(whole) from None
        if page.status not in FINE:
            msg = f"{what}: {self._key.redact(refusal(answer.status_code, body))}"
            raise RestError(msg)
        return body, page

    def _refuse(self, what: str, answer: Any) -> None:
        """Raise what an answer means; one that may pass waits first as long as the server asks."""
        why = self._key.redact(refusal(answer.status_code, answer.content))
        error = error_for(what, answer.status_code, why)
        if isinstance(error, PassingError) and (asked := _asked_to_wait(answer)):
            self._wait(asked)
        raise error

    def _keep_pace(self) -> None:
        """Wait until the next request is due."""
        self._wait(max(0.0, self._due - time.monotonic()))
        self._due = time.monotonic() + self._pause

    def _back_off(self, tried: RetryCallState) -> float:
        usual = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (tried.attempt_number - 1))
        return usual * (0.5 + 0.5 * self._rng.random())


def _next(what: str, before: str, url: str | None) -> str:
    """Return path and query of the next page, empty when there is none."""
    if not url:
        return ""
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}"
    if target == before or not parts.path.startswith("/"):
        msg = f"{what}: the server's pages do not go on"
        raise RestError(msg)
    return target


def _asked_to_wait(answer: Any) -> float:
    """Return the seconds that the server asks for, at most a minute."""
    try:
        seconds = float(answer.headers.get("Retry-After", "0"))
    except ValueError:
        return 0.0
    return min(seconds, LONGEST_ASKED_WAIT) if math.isfinite(seconds) and seconds > 0 else 0.0
