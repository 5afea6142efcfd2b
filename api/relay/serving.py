"""One WebSocket: who it is and what it asks.  Rule: tasks receive, send, and watch the key; any of them ends all."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from api.key_ring import KeyRing
from api.keys import Scope, allows, bearer
from api.relay.client import Client
from api.relay.doorkeeping import UNAUTHORIZED, until_refused
from api.relay.frames import FramedProtocol, Said, framed
from api.relay.hub import Hub
from api.relay.speaking import NO_DATABASE, SLOW, TRY_LATER, LeaveError, Speaking
from api.relay.wire import Auth, Ping, Request, Subscribe, Unsubscribe, read, write
from api.settings import ApiSettings
from api.store import Store
from sinks.errors import DatabaseError

LOST: Final = 1006
TOO_BIG: Final = 1009
CLOSE_SECONDS: Final = 2.0


@dataclass(slots=True)
class Serving:
    """A connection that was accepted.  `plan_id`: the only plan that it may hear of; `start`: where it begins."""

    socket: WebSocket
    settings: ApiSettings
    store: Store
    hub: Hub
    client: Client
    plan_id: str | None = None
    quick: FramedProtocol | None = field(init=False)

    def __post_init__(self) -> None:
        self.quick = framed(self.socket)

    async def run(self, first: Subscribe | None) -> None:
        """Serve until either side ends it."""
        try:
            secret = await self._admit()
            speaking = Speaking(self._send, self.settings, self.store, self.hub, self.client)
            if first is not None:
                self.client.ask(first)
            try:
                await speaking.hello()
                await self._together(speaking, secret)
            finally:
                speaking.leave()
        except LeaveError as leave:
            await self._close(leave.code, leave.reason)
        except WebSocketDisconnect:
            return

    async def _admit(self) -> str | None:
        """Let in whom a header names; wait for a key from who sent none.  Return the key, None: none was needed."""
        if len(self.hub.clients) > self.settings.clients:
            raise LeaveError(TRY_LATER, "too many clients; try again later")
        secret = bearer(self.socket.headers.get("authorization"))
        try:
            held = await self._keys.ask(secret)
            if held is None and isinstance(said := await self._first(), Auth):
                secret = said.key
                held = await self._keys.ask(secret)
        except DatabaseError:
            raise LeaveError(TRY_LATER, NO_DATABASE) from None
        if not allows(held, Scope.READ):
            raise LeaveError(UNAUTHORIZED, "no key, or an unknown one")
        return secret

    @property
    def _keys(self) -> KeyRing:
        keys: KeyRing = self.socket.app.state.keys
        return keys

    async def _first(self) -> Request | None:
        """What is said first, within the time that there is for it."""
        try:
            async with asyncio.timeout(self.settings.auth_s):
                return read(await self._received())
        except (TimeoutError, ValueError):
            return None

    async def _together(self, speaking: Speaking, secret: str | None) -> None:
        watching = until_refused(self._keys, secret, self.settings.keys_s)
        tasks = [asyncio.create_task(each) for each in (self._listen(), speaking.speak(), watching)]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

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

    async def _received(self) -> str:
        message = await self.socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        text = message.get("text")
        if text is None:
            text = (message.get("bytes") or b"").decode(errors="replace")
        if len(text) > self.settings.frame_bytes:
            raise LeaveError(TOO_BIG, f"a message of more than {self.settings.frame_bytes} characters")
        return str(text)

    async def _send(self, words: Sequence[Said]) -> None:
        """Send; who does not take it in time is slow."""
        if self.quick is not None:
            if self.quick.write_now(words):
                return
            if self.quick.gone:  # asyncio would log a line for each message
                raise WebSocketDisconnect(LOST)
        try:
            async with asyncio.timeout(self.settings.send_s):
                for each in words:
                    await self.socket.send_text(each.text)
        except TimeoutError:
            self.client.evict(f"nothing was taken for {self.settings.send_s:g} s; resume from the last seq")
            raise LeaveError(SLOW, self.client.evicted or "") from None

    async def _close(self, code: int, reason: str) -> None:
        """Close with a reason, if the client still takes it; its socket and what waits in it go in any case."""
        if code == SLOW:
            self.hub.evicted += 1
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.socket.close(code, reason[:120])
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            if self.quick is not None:
                self.quick.drop()
