"""The way to the feed: a key, and a server that answers.  No login is tried: it could end a session elsewhere."""

import socket
import ssl
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from flows.doctor.finding import Finding, fail, ok, warn
from flows.errors import BadInputError
from flows.feed.address import feed_address
from flows.feed.api_key import key_from

PATIENCE_SECONDS: Final = 5.0
PORTS: Final = {"wss": 443, "ws": 80}


def look_at_feed(url: str | None) -> Iterator[Finding]:
    """Look for a key; and, if a URL is given, whether its server can be reached."""
    yield key()
    if url is not None:
        yield server(feed_address(url).socket)


def key() -> Finding:
    """Whether a key is set; it is never shown."""
    try:
        key_from()
    except BadInputError as error:
        return warn("key", str(error), "`live` needs it; replay and the practice market do not")
    return ok("key", "set")


def server(url: str) -> Finding:
    """Whether the feed's host takes a connection, with a certificate that holds where it has one."""
    parts = urlsplit(url)
    host, port = str(parts.hostname), parts.port or PORTS[parts.scheme]
    try:
        with socket.create_connection((host, port), timeout=PATIENCE_SECONDS) as plain:
            if parts.scheme == "wss":
                with ssl.create_default_context().wrap_socket(plain, server_hostname=host):
                    pass
    except OSError as error:
        return fail(
            "feed",
            f"{host}:{port}: {error.strerror or error}",
            "check the name, the network, and any proxy or firewall",
        )
    return ok("feed", f"{host}:{port} answers; a login is not tried")
