"""The stream over plain HTTP, as server-sent events.  Rule: the messages are those of the WebSocket, letter for letter.

An `id` says how far the client has come, `epoch:seq`, and comes back as Last-Event-ID: events carry one, the last piece
of a snapshot, and heartbeats, which say that everything wanted up to there has been sent.
"""

import asyncio
import re
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec
from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.types import Receive, Scope, Send

from api.relay.client import Client
from api.relay.doorkeeping import UNAUTHORIZED
from api.relay.frames import Said, said
from api.relay.hub import Hub
from api.relay.speaking import SLOW, LeaveError, Speaking
from api.relay.wire import Place, Subscribe, write
from api.settings import ApiSettings
from api.store import Store

RETRY_MS: Final = 1_000
"""How long a browser waits before it connects again."""
WHY: Final = {SLOW: "slow", UNAUTHORIZED: "unauthorized"}
_ID: Final = re.compile(r"([0-9a-f]{1,32}):(\d{1,18})")


class _Head(msgspec.Struct, frozen=True):
    type: str
    seq: int | None = None
    epoch: str | None = None
    more: bool = False


_HEAD: Final = msgspec.json.Decoder(_Head)


def place_of(last_id: str) -> Place:
    """Read a Last-Event-ID.  Raises ValueError for what is none.

    >>> place_of("0123abcd:17")
    Place(epoch='0123abcd', seq=17)
    """
    found = _ID.fullmatch(last_id)
    if found is None:
        msg = f"got {last_id[:80]!r}; must be epoch:seq, as in the id of an event"
        raise ValueError(msg)
    return Place(found[1], int(found[2]))


class EventStream(EventSourceResponse):
    """An answer that goes on until the client or the server leaves, or the client is slow."""

    def __init__(
        self,
        settings: ApiSettings,
        store: Store,
        hub: Hub,
        asked: Subscribe,
        watching: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        """`watching`: goes on as long as the client may listen, then raises LeaveError."""
        super().__init__((), headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        self._settings, self._hub, self._asked, self._watching = settings, hub, asked, watching
        self._client = Client(settings.client_queue)
        self._speaking = Speaking(self._write, settings, store, hub, self._client)
        self._epoch, self._stuck = "", False

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Serve; whatever ends first ends all."""
        self._out = send
        self._hub.silence(self._client)
        doing = (self._speak(), self._watching(), _gone(receive), self._hub.leaving.wait())
        tasks: list[asyncio.Task[Any]] = [asyncio.create_task(each) for each in doing]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._speaking.leave()
            self._hub.leave(self._client)
        for error in filter(None, map(asyncio.Task.exception, done)):
            if not isinstance(error, LeaveError):
                raise error
            await self._leave(error)
        if not self._stuck:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _speak(self) -> None:
        await self._send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        self._client.ask(self._asked)
        await self._speaking.hello()
        await self._speaking.speak()

    async def _leave(self, leave: LeaveError) -> None:
        """Say why, if the client still takes it."""
        self._hub.evicted += leave.code == SLOW
        if self._stuck:
            return
        with suppress(LeaveError):
            await self._write([said(write("error", code=WHY.get(leave.code, "database"), detail=str(leave)))])

    async def _write(self, words: Sequence[Said]) -> None:
        """Send messages in one piece: every piece to a connection that was lost meanwhile is a line in the log."""
        body = b"".join(self._framed(each.text) for each in words)
        await self._send({"type": "http.response.body", "body": body, "more_body": True})

    def _framed(self, text: str) -> bytes:
        head = _HEAD.decode(text)
        self._epoch = head.epoch or self._epoch
        position = f"{self._epoch}:{head.seq}" if head.seq is not None and not head.more else None
        retry = RETRY_MS if head.type == "hello" else None
        return format_sse_event(data_str=text, event=head.type, id=position, retry=retry)

    async def _send(self, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(self._settings.send_s):
                await self._out(message)
        except TimeoutError:
            self._stuck = True
            self._client.evict(f"nothing was taken for {self._settings.send_s:g} s; resume from the last id")
            raise LeaveError(SLOW, self._client.evicted or "") from None


async def _gone(receive: Receive) -> None:
    """Wait until the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
