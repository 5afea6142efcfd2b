"""What a client is sent, whichever way it is connected.  Rule: one task speaks, and only it sends.

A snapshot is true at a position, and what follows it is every later event: whoever subscribes is first served from the
database, page by page, and joins the live stream only with the last page, at a position that nothing can slip past.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import anyio.to_thread

from api.relay.client import TOGETHER, Client, Wanted
from api.relay.frames import Said, said
from api.relay.hub import Hub
from api.relay.reading import PAGE, news, snapshot_of
from api.relay.wire import Place, Subscribe, snapshot, write
from api.settings import ApiSettings
from api.store import Store
from sinks.errors import DatabaseError

SLOW: Final = 4408
TRY_LATER: Final = 1013
NO_DATABASE: Final = "the database cannot be read now"


class LeaveError(Exception):
    """A connection must end: a WebSocket close code, and why."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


@dataclass(slots=True)
class Speaking:
    """`send` takes messages on their way; raise LeaveError there for a client that does not take it in time."""

    send: Callable[[Sequence[Said]], Awaitable[None]]
    settings: ApiSettings
    store: Store
    hub: Hub
    client: Client
    _beating: asyncio.TimerHandle | None = None

    async def hello(self) -> None:
        """Begin, once the database has been looked at, and have heartbeats follow."""
        epoch = await self.epoch()
        await self._say(write("hello", epoch=epoch, heartbeat_s=self.settings.heartbeat_s))
        self._beat_later()

    def leave(self) -> None:
        """Beat no more; or the next beat would hold on to a connection that is gone."""
        if self._beating is not None:
            self._beating.cancel()

    async def epoch(self) -> str:
        """The epoch of the log, once the database has been looked at; without one there is nothing to tell."""
        try:
            async with asyncio.timeout(self.settings.auth_s):
                await self.hub.ready.wait()
        except TimeoutError:
            pass
        if self.hub.epoch is None:
            await self._say(write("error", code="database", detail=NO_DATABASE))
            raise LeaveError(TRY_LATER, NO_DATABASE)
        return self.hub.epoch

    def beat(self) -> None:
        """Have a heartbeat sent now and then, as long as the hub knows the client."""
        if self.client in self.hub.clients:
            self.client.heartbeat_due = True
            self.client.awake.set()
            self._beat_later()

    def _beat_later(self) -> None:
        self._beating = asyncio.get_running_loop().call_later(self.settings.heartbeat_s, self.beat)

    async def speak(self) -> None:
        """Send whatever the client is owed, for ever.  Raises LeaveError once it must go."""
        client = self.client
        while True:
            await client.awake.wait()
            client.awake.clear()
            reset, client.reset = client.reset, None
            if reset is not None and client.asked is None and client.current is not None:
                client.ask(client.current)
                await self._reset(reset)
            if client.asked is not None:
                asked, client.asked = client.asked, None
                client.current = Subscribe(asked.plans, asked.symbols, asked.categories, None, asked.mode)
                await self._begin(asked)
            await self._drain()

    async def _drain(self) -> None:
        """Send what waits; a heartbeat once nothing does."""
        client = self.client
        while client.asked is None and client.reset is None:
            if client.evicted is not None:
                raise LeaveError(SLOW, client.evicted)
            words = client.next_words()
            if not words and not client.heartbeat_due:
                return
            if not words:
                client.heartbeat_due, words = False, [said(self._heartbeat())]
            await self.send(words)

    async def _begin(self, asked: Subscribe) -> None:
        """Serve a subscription from the database up to the position at which it joins the live stream."""
        wanted, epoch = Wanted.of(asked), await self.epoch()
        try:
            at = await self._resumed(asked.start, epoch)
            if at is None:
                at = await self._snapshot(wanted, epoch)
            await self._catch_up(wanted, at)
        except DatabaseError as error:
            raise LeaveError(TRY_LATER, str(error)[:100]) from None

    async def _resumed(self, start: Place | None, epoch: str) -> int | None:
        """Where a client goes on from; None when it must begin with a snapshot, which it is told."""
        if start is None:
            return None
        if start.epoch == epoch and 0 <= start.seq <= self.hub.position:
            return start.seq
        await self._reset("another epoch" if start.epoch != epoch else "a position that this log does not have")
        return None

    async def _snapshot(self, wanted: Wanted, epoch: str) -> int:
        at, pieces = await anyio.to_thread.run_sync(snapshot_of, self.store, wanted)
        for number, plans in enumerate(pieces, 1):
            await self._say(snapshot(epoch, at, plans, more=number < len(pieces)))
        return at

    async def _catch_up(self, wanted: Wanted, after: int) -> None:
        """Send what came after a position, until the live stream can take over without a gap."""
        client = self.client
        while client.asked is None and client.reset is None:
            joined = self.hub.position - after <= PAGE
            client.after = after
            until = self.hub.register(client, wanted) if joined else self.hub.position
            page = await anyio.to_thread.run_sync(news, self.store, after) if after < until else []
            words = [event.said for event in page if event.seq <= until and wanted.wants(event)]
            for first in range(0, len(words), TOGETHER):
                await self.send(words[first : first + TOGETHER])
                await asyncio.sleep(0)  # others have their turn, and a connection that was lost is noticed
            if joined:
                return
            after = page[-1].seq if page else until

    async def _reset(self, reason: str) -> None:
        await self._say(write("reset", reason=reason, epoch=self.hub.epoch))

    async def _say(self, text: str) -> None:
        await self.send([said(text)])

    def _heartbeat(self) -> str:
        """Nothing waits: all that is wanted up to the hub's position has been sent."""
        lag_ms = max(0, round((time.monotonic() - self.hub.looked_s) * 1000))
        return write("hb", seq=self.hub.position, lag_ms=lag_ms)
