"""The stream as a client follows it: it connects, and after every interruption goes on where it was, by itself."""

import asyncio
import random
from collections.abc import Sequence
from typing import Final, Literal, Self, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from api.following import Follow
from api.heard import Hello, Message, Refusal
from api.relay.wire import Category, Place, Subscribe

HERE: Final = "http://127.0.0.1:8000"
FIRST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 2.0
SILENCE_S: Final = 15.0
"""How long to wait for a word before the server has said how often it speaks."""
FOR_GOOD: Final = frozenset({1002, 1003, 1007, 1008, 1009, 4401, 4403})
"""Close codes after which trying again would end the same way."""
TOO_MANY_REQUESTS: Final = 429
_NAME = TypeVar("_NAME", bound=str)


class RefusedError(RuntimeError):
    """The stream cannot be had like this: the key, the address or the subscription is wrong."""


class PlanStream:
    """Messages of the stream, for ever; after an interruption it goes on where it was, by itself.

    Snapshots, events, prices, heartbeats and resets are handed on.  Raises GapError when the server skips or repeats
    an event, RefusedError when it says that trying again is of no use.  `place` says how far it has come, and may be
    given to a later stream as `start`; `connections` counts how often it has connected.
    """

    def __init__(self, url: str, follow: Follow, key: str | None = None) -> None:
        self._url = "ws" + url.removeprefix("http").rstrip("/") + "/ws/plans"
        self._follow, self._headers = follow, authorization(key)
        self._socket: ClientConnection | None = None
        self._pause_s = 0.0
        self.connections = 0

    @property
    def place(self) -> Place | None:
        """Everything that was asked for up to here has come; None before the first snapshot."""
        return self._follow.place

    async def __aenter__(self) -> Self:
        """Return itself; it connects when first asked for a message."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave."""
        await self.close()

    async def close(self) -> None:
        """Leave; being asked for a message afterwards connects again."""
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()

    def __aiter__(self) -> Self:
        """Return itself."""
        return self

    async def __anext__(self) -> Message:
        """Wait for the next message, through as many interruptions as it takes."""
        while True:
            try:
                text = await self._received()
            except (OSError, TimeoutError, ConnectionClosed, InvalidHandshake) as error:
                await self._interrupted(error)
                continue
            message = self._follow.hear(text)
            if isinstance(message, Refusal):
                self._refused(message)
            elif message is not None and not isinstance(message, Hello):
                self._pause_s = 0.0
                return message

    async def _received(self) -> str | bytes:
        if self._socket is None:
            self._socket = await connect(
                self._url, additional_headers=self._headers, compression=None, max_size=None, close_timeout=1.0
            )
            self.connections += 1
            await self._socket.send(self._follow.ask())
        often_s = self._follow.heartbeat_s
        async with asyncio.timeout(SILENCE_S if often_s is None else 3 * often_s + 1):
            return await self._socket.recv()

    async def _interrupted(self, error: Exception) -> None:
        """Let go of the connection, and rest before the next.  Raises RefusedError if there is no use in one."""
        why = None
        if isinstance(error, InvalidStatus) and 400 <= error.response.status_code < 500:
            status = error.response.status_code
            why = None if status == TOO_MANY_REQUESTS else f"refused with {status}"
        if isinstance(error, ConnectionClosed) and error.rcvd is not None and error.rcvd.code in FOR_GOOD:
            why = f"closed with {error.rcvd.code} ({error.rcvd.reason})"
        if why is not None:
            msg = f"{self._url}: {why}"
            raise RefusedError(msg) from None
        await self.close()
        await self._rest()

    def _refused(self, refusal: Refusal) -> None:
        if refusal.code != "database":  # a database that is gone comes back, and the server closes by itself
            msg = f"{self._url}: {refusal.code}: {refusal.detail}"
            raise RefusedError(msg)

    async def _rest(self) -> None:
        """Rest a little longer every time, and not all clients equally long."""
        await asyncio.sleep(self._pause_s * random.uniform(0.5, 1.0))
        self._pause_s = min(max(2 * self._pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)


def stream(
    url: str = HERE,
    *,
    key: str | None = None,
    plans: Sequence[str] | None = None,
    symbols: Sequence[str] | None = None,
    categories: Sequence[Category] | None = None,
    mode: Literal["events", "latest"] = "events",
    start: Place | None = None,
) -> PlanStream:
    """Follow plans by id, those of symbols, or all; from a place on, or from a snapshot.

    In mode "latest" a slow reader gets each plan's newest event instead of being sent away.
    """
    wanted = Subscribe(_listed(plans), _listed(symbols), _listed(categories), None, mode)
    return PlanStream(url, Follow(wanted, start), key)


def authorization(key: str | None) -> dict[str, str]:
    """Return the headers that show a key."""
    return {} if key is None else {"Authorization": f"Bearer {key}"}


def _listed(names: Sequence[_NAME] | None) -> list[_NAME] | None:
    return None if names is None else list(names)
