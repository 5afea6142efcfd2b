"""A message that was framed once, whoever gets it, and a connection that takes it without a task having to wait.

Rule: what can be written at once is written at once; who does not take it is waited for as usual, under the timeout.
The usual way costs a timer, four calls and a frame for every message and client: half of all the time there was.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from starlette.websockets import WebSocket
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

EXTENSION: Final = "fancy-trader.framed"
UNSENT_BYTES: Final = 32_768
"""What may wait in a connection beyond the kernel's own buffer before its client counts as slow."""
_TEXT: Final = 0x81
_TWO_BYTES, _EIGHT_BYTES = 126, 127


class Said(msgspec.Struct, frozen=True):
    """A message of the server: its text, and the same as a frame of a WebSocket."""

    text: str
    framed: bytes


def said(text: str) -> Said:
    r"""Frame a text (RFC 6455, whole, not masked).

    >>> said("hi").framed
    b'\x81\x02hi'
    """
    data = text.encode()
    size = len(data)
    if size < _TWO_BYTES:
        head = bytes((_TEXT, size))
    elif size < 1 << 16:
        head = bytes((_TEXT, _TWO_BYTES)) + size.to_bytes(2, "big")
    else:
        head = bytes((_TEXT, _EIGHT_BYTES)) + size.to_bytes(8, "big")
    return Said(text, head + data)


class FramedProtocol(WebSocketsSansIOProtocol):
    """Uvicorn's WebSocket, with a way around it for frames; the application finds it among the scope's extensions."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep little for a client that does not read: what it gets later comes from the database."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=UNSENT_BYTES)

    def handle_connect(self, event: Any) -> None:
        """Let the application know."""
        super().handle_connect(event)
        if hasattr(self, "scope"):  # the handshake was one
            extensions: Any = self.scope["extensions"]
            extensions[EXTENSION] = self

    def write_now(self, words: Sequence[Said]) -> bool:
        """Write messages, unless they would have to wait or the connection is no more; then nothing is written."""
        if not self.writable.is_set() or self.close_sent or self.gone:
            return False
        self.transport.write(words[0].framed if len(words) == 1 else b"".join(each.framed for each in words))
        return True

    @property
    def gone(self) -> bool:
        """Whether the connection is no more: it takes nothing, though the application has not been told yet."""
        return self.disconnected or self.transport.is_closing()

    def drop(self) -> None:
        """Let go of the connection and of all that it has not taken."""
        self.transport.abort()


def framed(socket: WebSocket) -> FramedProtocol | None:
    """The way around, where there is one."""
    found = socket.scope.get("extensions", {}).get(EXTENSION)
    return found if isinstance(found, FramedProtocol) else None
