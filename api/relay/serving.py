"""One connection: who it is, what it asks, what it is sent.  Rule: two tasks receive and send, and either ends both.

A snapshot is true at a position, and what follows it is every later event: whoever subscribes is first served from the
database, page by page, and joins the live stream only with the last page, at a position that nothing can slip past.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

import anyio.to_thread
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.keys import Scope, allows, bearer, scope_of
from api.relay.client import Client, Wanted
from api.relay.hub import Hub
from api.relay.reading import PAGE, news, snapshot_of
from api.relay.wire import Auth, Ping, Place, Subscribe, Unsubscribe, read, snapshot, write
from api.settings import ApiSettings
from api.store import Store
from sinks.errors import DatabaseError

UNAUTHORIZED: Final = 4401
SLOW: Final = 4408
TRY_LATER: Final = 1013
TOO_BIG: Final = 1009
CLOSE_SECONDS: Final = 2.0
NO_DATABASE: Final = "the database cannot be read now"


class _LeaveError(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


@dataclass(slots=True)
class Serving:
    """A connection that was accepted.  `plan_id`: the only plan that it may hear of; `start`: where it begins."""

    socket: WebSocket
    settings: ApiSettings
    store: Store
    hub: Hub
    client: Client
    plan_id: str | None = None

    async def run(self, first: Subscribe | None) -> None:
        """Serve until either side ends it."""
        try:
            await self._admit()
            epoch = await self._epoch()
            if first is not None:
                self.client.ask(first)
            await self._send(write("hello", epoch=epoch, heartbeat_s=self.settings.heartbeat_s))
            await self._both()
        except _LeaveError as leave:
            await self._close(leave.code, leave.reason)
        except WebSocketDisconnect:
            return

    async def _admit(self) -> None:
        """Let in whom a header names; wait for a key from who sent none."""
        if len(self.hub.clients) > self.settings.clients:
            raise _LeaveError(TRY_LATER, "too many clients; try again later")
        keys = self.settings.keys
        held = scope_of(keys, bearer(self.socket.headers.get("authorization")))
        if held is None:
            try:
                async with asyncio.timeout(self.settings.auth_s):
                    said = read(await self._received())
            except (TimeoutError, ValueError):
                said = None
            held = scope_of(keys, said.key) if isinstance(said, Auth) else None
        if not allows(held, Scope.READ):
            raise _LeaveError(UNAUTHORIZED, "no key, or an unknown one")

    async def _epoch(self) -> str:
        """The epoch of the log, once the database has been looked at; without one there is nothing to tell."""
        try:
            async with asyncio.timeout(self.settings.auth_s):
                await self.hub.ready.wait()
        except TimeoutError:
            pass
        if self.hub.epoch is None:
            await self._send(write("error", code="database", detail=NO_DATABASE))
            raise _LeaveError(TRY_LATER, NO_DATABASE)
        return self.hub.epoch

    async def _both(self) -> None:
        tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._speak())]
        asyncio.get_running_loop().call_later(self.settings.heartbeat_s, self._beat)
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    def _beat(self) -> None:
        """Have a heartbeat sent now and then, as long as the hub knows the client."""
        if self.client in self.hub.clients:
            self.client.heartbeat_due = True
            self.client.awake.set()
            asyncio.get_running_loop().call_later(self.settings.heartbeat_s, self._beat)

    async def _listen(self) -> None:
        while True:
            text = await self._received()
            try:
                said = read(text)
            except ValueError as error:
                self.client.say(write("error", code="invalid", detail=str(error)))
                continue
            match said:
                case Subscribe():
                    self._subscribe(said)
                case Unsubscribe():
                    self.client.ask(None)
                    self.hub.silence(self.client)
                case Ping():
                    self.client.heartbeat_due = True
                    self.client.awake.set()
                case Auth():
                    self.client.say(write("error", code="invalid", detail="this connection has a key already"))

    def _subscribe(self, said: Subscribe) -> None:
        count = len(said.plans or ()) + len(said.symbols or ())
        if count > self.settings.subscribed:
            detail = f"{count} names; at most {self.settings.subscribed}: leave both out to hear of everything"
            self.client.say(write("error", code="too_many", detail=detail))
        elif self.plan_id is not None and (said.symbols is not None or said.plans not in (None, [self.plan_id])):
            detail = f"this address speaks of plan {self.plan_id} only"
            self.client.say(write("error", code="invalid", detail=detail))
        else:
            plans = said.plans if self.plan_id is None else [self.plan_id]
            self.hub.silence(self.client)
            self.client.ask(Subscribe(plans, said.symbols, said.categories, said.start, said.mode))

    async def _speak(self) -> None:
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
                raise _LeaveError(SLOW, client.evicted)
            text = client.next_text()
            if text is None and not client.heartbeat_due:
                return
            if text is None:
                client.heartbeat_due, text = False, self._heartbeat()
            await self._send(text)

    async def _begin(self, asked: Subscribe) -> None:
        """Serve a subscription from the database up to the position at which it joins the live stream."""
        wanted, epoch = Wanted.of(asked), await self._epoch()
        try:
            at = await self._resumed(asked.start, epoch)
            if at is None:
                at = await self._snapshot(wanted, epoch)
            await self._catch_up(wanted, at)
        except DatabaseError as error:
            raise _LeaveError(TRY_LATER, str(error)[:100]) from None

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
            await self._send(snapshot(epoch, at, plans, more=number < len(pieces)))
        return at

    async def _catch_up(self, wanted: Wanted, after: int) -> None:
        """Send what came after a position, until the live stream can take over without a gap."""
        client = self.client
        while client.asked is None and client.reset is None:
            joined = self.hub.position - after <= PAGE
            client.after = after
            until = self.hub.register(client, wanted) if joined else self.hub.position
            page = await anyio.to_thread.run_sync(news, self.store, after) if after < until else []
            for event in page:
                if event.seq <= until and wanted.wants(event):
                    await self._send(event.text)
            if joined:
                return
            after = page[-1].seq if page else until

    async def _reset(self, reason: str) -> None:
        await self._send(write("reset", reason=reason, epoch=self.hub.epoch))

    def _heartbeat(self) -> str:
        """Nothing waits: all that is wanted up to the hub's position has been sent."""
        lag_ms = max(0, round((time.monotonic() - self.hub.looked_s) * 1000))
        return write("hb", seq=self.hub.position, lag_ms=lag_ms)

    async def _received(self) -> str:
        message = await self.socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        text = message.get("text")
        if text is None:
            text = (message.get("bytes") or b"").decode(errors="replace")
        if len(text) > self.settings.frame_bytes:
            raise _LeaveError(TOO_BIG, f"a message of more than {self.settings.frame_bytes} characters")
        return str(text)

    async def _send(self, text: str) -> None:
        """Send; who does not take it in time is slow."""
        try:
            async with asyncio.timeout(self.settings.send_s):
                await self.socket.send_text(text)
        except TimeoutError:
            self.client.evict(f"nothing was taken for {self.settings.send_s:g} s; resume from the last seq")
            raise _LeaveError(SLOW, self.client.evicted or "") from None

    async def _close(self, code: int, reason: str) -> None:
        """Close with a reason, if the client still takes it; its socket goes in any case."""
        if code == SLOW:
            self.hub.evicted += 1
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.socket.close(code, reason[:120])
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            return
