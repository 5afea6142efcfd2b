"""The socket: websocket-client, and nothing of the vendor's protocol.  Its errors hold neither a URL nor a key."""

import logging
import struct
from dataclasses import dataclass
from typing import Any, Final

import websocket

CONNECT_SECONDS: Final = 10.0
_BROKEN: Final = (OSError, websocket.WebSocketException)


@dataclass(frozen=True, slots=True)
class Closed:
    """The line is over.  `code`: of the close frame, None when there was none."""

    code: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to the ping with this text: everything that was sent before it has been received."""

    text: str


Heard = bytes | Closed | Pong | None
"""A message, the end, an answer to a ping, or nothing within the time given."""


class LineError(Exception):
    """No connection could be made.  Its text names the trouble, not the address."""


class Line:
    """One connection.  `hear_seconds`: how long `hear` waits."""

    def __init__(self, url: str, hear_seconds: float, connect_seconds: float = CONNECT_SECONDS) -> None:
        logging.getLogger("websocket").disabled = True  # what it tells, `Closed` tells as well, and in our words
        try:
            self._socket: Any = websocket.create_connection(
                url, timeout=connect_seconds, skip_utf8_validation=True, enable_multithread=False
            )
        except _BROKEN as error:
            msg = f"no connection ({_told(error)})"
            raise LineError(msg) from None
        self._socket.settimeout(hear_seconds)

    def hear(self) -> Heard:
        """Return what comes next."""
        try:
            opcode, frame = self._socket.recv_data_frame(control_frame=True)
        except websocket.WebSocketTimeoutException:
            return None
        except _BROKEN as error:
            return Closed(None, _told(error))
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            data = bytes(frame.data)
            return Closed(struct.unpack("!H", data[:2])[0] if len(data) > 1 else None, "closed by the server")
        if opcode == websocket.ABNF.OPCODE_PONG:
            return Pong(bytes(frame.data).decode(errors="replace"))
        if opcode == websocket.ABNF.OPCODE_PING:
            return None
        return bytes(frame.data)

    def send(self, message: str) -> bool:
        """Send a message; return whether it went out."""
        return self._try(self._socket.send, message)

    def ping(self, text: str) -> bool:
        """Send a ping; return whether it went out."""
        return self._try(self._socket.ping, text)

    def close(self) -> None:
        """Say goodbye if possible, and let go of the socket."""
        self._try(self._socket.close, 1000, b"", 0.2)
        self._try(self._socket.shutdown)

    def _try(self, do: Any, *arguments: Any) -> bool:
        try:
            do(*arguments)
        except _BROKEN:
            return False
        return True


def _told(error: Exception) -> str:
    """Name an error without its details: those may quote a header or an address."""
    if isinstance(error, websocket.WebSocketBadStatusException):
        return f"HTTP {error.status_code}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__.removeprefix("WebSocket").removesuffix("Exception") or "broken"
