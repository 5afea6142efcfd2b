"""A real server on a loopback port, and clients that keep what they hear."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from api.app import create_app
from api.serve import Server as Serve
from api.serve import listening
from api.settings import ApiSettings
from tests.api.happening import Flow as Flow

Message = dict[str, Any]
PATIENCE_S = 60.0
"""How long a test waits for what must come: a busy machine is no failure."""
PATIENT: dict[str, Any] = {
    f"{name}_s": PATIENCE_S for name in ("auth", "body", "busy", "heartbeat", "relay_stale", "send")
}
"""Settings of a server whose patience is not what a test is about; no heartbeat comes between other messages."""


@dataclass
class Server:
    """A running API."""

    port: int
    app: Any
    stop: Callable[[], None]

    def connect(self, path: str = "/ws/plans", **options: Any) -> ClientConnection:
        """Open a WebSocket; unless told otherwise it reads on while nobody looks, so that closing is heard at once."""
        url = f"ws://127.0.0.1:{self.port}{path}"
        socket: ClientConnection = connect(url, compression=None, **{"max_queue": None, **options})
        return socket


@contextmanager
def serving(url: str, port: int = 0, wrap: Any = None, **settings: Any) -> Iterator[Server]:
    """Serve a database on a port; 0: on a free one.  `wrap`: a middleware around the whole."""
    app = create_app(ApiSettings(url, **{**PATIENT, "price_s": 0.05, **settings}))
    if wrap is not None:
        app.add_middleware(wrap)
    server = Serve(app)
    listener = listening("127.0.0.1", port)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()

    def stop() -> None:
        server.should_exit = True
        thread.join(PATIENCE_S)
        assert not thread.is_alive()

    while not server.started:
        time.sleep(0.01)
    try:
        yield Server(listener.getsockname()[1], app, stop)
    finally:
        stop()
        listener.close()


def hear(socket: ClientConnection, wait_s: float = PATIENCE_S) -> Message:
    """The next message."""
    message: Message = json.loads(socket.recv(timeout=wait_s))
    return message


def hear_until(socket: ClientConnection, done: Callable[[Message], bool], wait_s: float = PATIENCE_S) -> list[Message]:
    """Messages up to the first that is `done`, that one included."""
    heard: list[Message] = []
    until = time.monotonic() + wait_s
    while not heard or not done(heard[-1]):
        heard.append(hear(socket, max(0.01, until - time.monotonic())))
    return heard


def say(socket: ClientConnection, kind: str, **fields: Any) -> None:
    """Send a message."""
    socket.send(json.dumps({"type": kind, **fields}))


def subscribed(socket: ClientConnection, **fields: Any) -> list[Message]:
    """Subscribe; return what is heard up to the snapshot, the hello first."""
    heard = [hear(socket)]
    say(socket, "subscribe", **fields)
    return heard + hear_until(socket, lambda message: message["type"] == "snapshot" and not message["more"])


def events_of(messages: list[Message]) -> list[int]:
    """The positions of the events among messages."""
    return [message["seq"] for message in messages if message["type"] == "event"]


def at_seq(seq: int) -> Callable[[Message], bool]:
    """Whether a message is the event of a position."""
    return lambda message: message["type"] == "event" and message["seq"] == seq


def hear_out(socket: ClientConnection) -> list[Message]:
    """Everything up to the end of a connection."""
    heard: list[Message] = []
    with suppress(ConnectionClosed):
        while True:
            heard.append(hear(socket))
    return heard
