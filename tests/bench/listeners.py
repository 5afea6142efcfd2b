"""Many clients of the stream in one process that does next to nothing: it keeps what came, and when.

Run as a process of its own: `listeners.py PORT CLIENTS GROUPS OUT`, a subscription per line of stdin's first GROUPS
lines.  Says `ready` once every client has its snapshot; of each line that follows, a position for each group, it says
`heard` once every client is there.  At the end of stdin it writes who heard what, when, and leaves.
"""

import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from functools import partial
from typing import Final

import numpy as np

HANDSHAKE: Final = (
    b"GET /ws/plans HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
MASKED, TEXT, CLOSE = 0x80, 0x81, 0x8
PING, PONG = b"\x89\x04", b"\x8a\x84"
"""Frames with four bytes, as uvicorn sends them; a byte that is no part of any text here."""
TWO = 126
PATIENCE_S: Final = 60.0
"""How long to wait for what may be lost."""
NEAR: Final = 100
"""Pieces of a connection among which the last event is."""


BUFFER: Final = memoryview(bytearray(262_144))
"""Shared by all: what came is copied out at once, and takes no more room than it needs."""


class Listener(asyncio.BufferedProtocol):
    """One client.  `heard`: pieces of the connection as they came, each with its instant, ns monotonic."""

    def __init__(self, asked: bytes) -> None:
        self.asked, self.heard = asked, [(0, b"")]
        self.subscribed = self.gone = False
        self.told: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask to be upgraded."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(HANDSHAKE)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more will come."""
        self.gone = True

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where to put what came."""
        return BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        """Keep it; ask for what is wanted once the upgrade is there."""
        data = bytes(BUFFER[:nbytes])
        self.heard.append((time.monotonic_ns(), data))
        ping = data.find(PING)
        if ping >= 0:
            self.transport.write(PONG + bytes(4) + data[ping + 2 : ping + 6])
        if not self.subscribed:
            self.subscribed = True
            self.transport.write(frame(self.asked))
        elif not self.told.done() and b'"snapshot"' in data:
            self.told.set_result(None)


def frame(text: bytes) -> bytes:
    """A text frame of a client, under a mask of zeros."""
    size = len(text)
    head = bytes([TEXT, MASKED | size]) if size < TWO else bytes([TEXT, MASKED | TWO]) + size.to_bytes(2, "big")
    return head + bytes(4) + text


def events_of(heard: list[tuple[int, bytes]]) -> tuple[list[tuple[int, int]], int | None]:
    """The position of every event with the instant at which its end came, and the code of a close."""
    whole = b"".join(data for _, data in heard)
    ends = np.cumsum([len(data) for _, data in heard])
    start = whole.index(b"\r\n\r\n") + 4
    found: list[tuple[int, int]] = []
    while start < len(whole):
        kind, size, begin = whole[start] & 0xF, whole[start + 1], start + 2
        if size >= TWO:
            more = 2 if size == TWO else 8
            size, begin = int.from_bytes(whole[begin : begin + more], "big"), begin + more
        if kind == CLOSE:
            return found, int.from_bytes(whole[begin : begin + 2], "big")
        text, start = whole[begin : begin + size], begin + size
        if text.startswith(b'{"type":"event","seq":'):
            seq = int(text[22 : text.index(b",", 22)])
            found.append((seq, heard[int(np.searchsorted(ends, start))][0]))
    return found, None


def _itself(listener: Listener) -> Listener:
    return listener


async def listen(port: int, clients: int, asked: list[bytes]) -> list[Listener]:
    """Connect everybody, tell that all are there, and answer until the end of stdin."""
    loop = asyncio.get_running_loop()
    there: list[Listener] = []
    for number in range(clients):
        listener = Listener(asked[number % len(asked)])
        await loop.create_connection(partial(_itself, listener), "127.0.0.1", port)
        there.append(listener)
    await asyncio.gather(*(listener.told for listener in there))
    print("ready", flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.buffer.readline):
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await arrive(there, json.loads(line))
        print("heard", flush=True)
    return there


async def arrive(there: list[Listener], positions: list[int]) -> None:
    """Wait until every client has heard of the position of its group, if there is one, or is gone."""
    for number, listener in enumerate(there):
        position = positions[number % len(positions)]
        last = b'"seq":%d,' % position
        while position and not listener.gone and last not in b"".join(data for _, data in listener.heard[-NEAR:]):
            await asyncio.sleep(0.01)


def main() -> None:
    """Listen, then write rows of client, position, instant, and each client's close code (0: none)."""
    port, clients, groups, out = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    asked = [sys.stdin.buffer.readline().strip() for _ in range(groups)]
    there = asyncio.run(listen(port, clients, asked))
    told = [events_of(listener.heard) for listener in there]
    rows = [(number, seq, at_ns) for number, (events, _) in enumerate(told) for seq, at_ns in events]
    np.savez(out, rows=np.array(rows, dtype=np.int64).reshape(-1, 3), codes=[code or 0 for _, code in told])
    os._exit(0)  # a thousand open sockets need no farewell


if __name__ == "__main__":
    main()
