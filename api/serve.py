"""Running the API: uvicorn on one socket, loopback unless there are keys, and a stop that keeps nobody waiting."""

import asyncio
import gc
import ipaddress
import json
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.contract import differences
from api.document import text_of
from api.key_ring import KeyRing
from api.keys import read_keys
from api.relay.frames import FramedProtocol
from api.relay.leftovers import SELDOM
from api.settings import ApiSettings
from api.store import Store
from sinks.errors import DatabaseError, DatabaseUrlError

STOP_SECONDS: Final = 5
LOCAL: Final = ("localhost", "127.0.0.1", "::1")
STOPPING: Final = (signal.SIGINT, signal.SIGTERM)
UNSENT_MS: Final = 10_000
"""How long sent data may stay unacknowledged before the kernel drops a connection."""
SEND_BUFFER: Final = 65_536
"""Bytes that the kernel keeps for a client that does not read: accepted sockets inherit it."""


def serve(
    database: str,
    host: str,
    port: int,
    keys: Path | None = None,
    origins: Sequence[str] = (),
    numbers: Sequence[str] = (),
    *,
    ready: Callable[[str], None],
) -> None:
    """Serve a database until a signal; `ready` is told the URL once it is listened on.

    Raises ValueError for keys, settings or an address that will not do.
    """
    app = create_app(settled(database, host, keys, origins, numbers))
    listener = listening(host, port)
    url = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
    run(app, listener, lambda: ready(url))


def settled(
    database: str, host: str, keys: Path | None = None, origins: Sequence[str] = (), numbers: Sequence[str] = ()
) -> ApiSettings:
    """The settings of a server at an address.  Raises ValueError when it may not be served there.

    Without any key it is served on loopback only, and there under the machine's own names only.
    """
    given = () if keys is None else read_keys(keys)
    settings = ApiSettings(database, keys=given, open_door=is_loopback(host), origins=tuple(origins)).changed(numbers)
    if has_keys(settings):
        return settings
    if not is_loopback(host):
        msg = f"--host {host}: without keys only a loopback address will do; make one with `fancy-trader keys create`"
        raise ValueError(msg)
    return replace(settings, hosts=(*LOCAL, host.strip("[]")))


def has_keys(settings: ApiSettings) -> bool:
    """Whether there is a key that lets somebody in; a database that cannot be read yet has none.

    Raises DatabaseUrlError for a text that can name no database.
    """
    store = Store(settings.database, settings.busy_s)
    try:
        return KeyRing(settings, store).any_active()
    except DatabaseUrlError:  # this will not change while the server runs
        raise
    except DatabaseError:
        return False
    finally:
        store.close()


class Server(uvicorn.Server):
    """Tells the streams over plain HTTP that it goes: uvicorn closes WebSockets, but waits for answers to end."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(config(app))
        self._leaving: asyncio.Event = app.state.hub.leaving

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        self._leaving.set()
        await super().shutdown(sockets)


def run(app: FastAPI, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Run an application on a socket until SIGINT or SIGTERM, which are a wish and no failure from `ready` on."""
    server = Server(app)

    def heard(_number: int, _frame: object) -> None:
        """Stop where uvicorn does not hear signals yet; it raises those that it heard again once it has stopped."""
        server.should_exit = True

    before = [signal.signal(each, heard) for each in STOPPING]
    try:
        ready()
        gc.freeze()  # what is loaded by now stays: looking through it again would hold up requests
        gc.set_threshold(*SELDOM)
        server.run(sockets=[listener])
    finally:
        for each, handler in zip(STOPPING, before, strict=True):
            signal.signal(each, handler)


def config(app: FastAPI) -> uvicorn.Config:
    """How uvicorn runs it: no compression of frames, sent data bounded in time, sockets told that the server goes."""
    return uvicorn.Config(
        app,
        log_config=None,  # whoever runs the process decides how it logs
        log_level="warning",
        access_log=False,
        ws=FramedProtocol,
        ws_per_message_deflate=False,
        ws_max_size=max(65_536, app.state.settings.frame_bytes),
        timeout_graceful_shutdown=STOP_SECONDS,
        server_header=False,
    )


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens.  Raises ValueError when the address cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; accepted sockets inherit it
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNSENT_MS)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        msg = f"{host}:{port}: cannot be listened on ({error.strerror or error})"
        raise ValueError(msg) from None
    return listener


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's alone.

    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "example.com")]
    [True, True, True, False, False]
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def openapi_text() -> str:
    """The OpenAPI document, as `api/openapi.json` holds it."""
    return text_of(create_app(ApiSettings("sqlite://")).openapi())


def openapi_differences(text: str) -> list[str]:
    """What differs in the present document from an older one, a line each; what breaks comes first, and says so.

    Raises ValueError when the older one is no such document.
    """
    try:
        return [str(each) for each in differences(json.loads(text), json.loads(openapi_text()))]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        msg = f"is no OpenAPI document ({type(error).__name__}: {error})"
        raise ValueError(msg) from None
