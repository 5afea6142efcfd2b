"""Where the feed and its REST side are reached.  Rule: the key never travels in the clear, except on this machine."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from flows.errors import BadInputError
from operators.times import MINUTE_NS

VENDOR_URL: Final = "wss://socket.massive.com/stocks"
VENDOR_REST: Final = {"massive.com": "https://api.massive.com", "polygon.io": "https://api.polygon.io"}
DELAYED_NS: Final = 15 * MINUTE_NS
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class FeedAddress:
    """`socket`: ws or wss URL with the market as its path; `rest`: base URL; `delay_ns`: how old everything is there.

    `vendor`: it is the vendor's own; other servers may tell a time of their own.
    """

    socket: str
    rest: str
    vendor: bool
    delay_ns: int = 0

    @property
    def loopback(self) -> bool:
        """Whether the server is on this machine."""
        return urlsplit(self.socket).hostname in _LOOPBACK


def feed_address(url: str = VENDOR_URL, rest: str | None = None) -> FeedAddress:
    """Read `--feed-url` (and `--rest-url`).  Raises BadInputError for what cannot be followed."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("ws", "wss") or not host or parts.query or parts.username or parts.password:
        msg = f"--feed-url: got a URL that is none of a feed; must be like {VENDOR_URL}, without key or query"
        raise BadInputError(msg)
    if parts.scheme == "ws" and host not in _LOOPBACK:
        msg = f"--feed-url: ws://{host} would carry the key in the clear; use wss, ws is for this machine alone"
        raise BadInputError(msg)
    vendor = next((base for domain, base in VENDOR_REST.items() if host.endswith(f".{domain}")), None)
    base = rest or vendor or f"{'https' if parts.scheme == 'wss' else 'http'}://{parts.netloc}"
    _check_rest(base)
    path = parts.path if parts.path.strip("/") else "/stocks"
    delayed = vendor is not None and host.startswith("delayed")
    return FeedAddress(
        f"{parts.scheme}://{parts.netloc}{path}", base.rstrip("/"), vendor is not None, DELAYED_NS if delayed else 0
    )


def _check_rest(base: str) -> None:
    parts = urlsplit(base)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not safe or not parts.hostname or parts.query or parts.username:
        msg = "--rest-url: must be https://HOST (http is for this machine alone), without key or query"
        raise BadInputError(msg)
