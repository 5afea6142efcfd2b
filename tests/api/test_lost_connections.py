"""Connections that are lost while the server speaks: they end quietly, and cost the others and the log nothing."""

import logging
import socket as sockets
import threading
from typing import Any, ClassVar

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from api.relay.frames import EXTENSION, FramedProtocol
from api.relay.wire import relayed
from operators.events import Kind, PlanEvent
from tests.api.serving import PATIENCE_S, Flow, serving, subscribed


class Noting:
    """Keeps the connection of the one WebSocket, and tells when the application has done with it."""

    lines: ClassVar[list[FramedProtocol]] = []
    ended: ClassVar = threading.Event()

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a connection on."""
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        self.lines.append(scope["extensions"][EXTENSION])
        await self.app(scope, receive, send)
        self.ended.set()


def test_what_waits_for_a_lost_connection_is_dropped_without_a_word(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A line for each message would fill the log, and stop a server whose log nobody reads."""
    flow = Flow(sqlite_url)
    flow.happen("aig-1")
    flow.close()
    news = [
        relayed(number, PlanEvent("aig-1", 1, number, "AIG", Kind.GATED, number, None, {"why": "x"}))
        for number in range(2, 400)
    ]
    with serving(sqlite_url, wrap=Noting) as server:
        with server.connect() as client, caplog.at_level(logging.WARNING, "asyncio"):
            subscribed(client)
            line = Noting.lines[-1]

            def lose_and_speak() -> None:
                """In one step of the loop, so that the loss shows only when something is sent."""
                there: Any = line.transport.get_extra_info("socket")
                there.shutdown(sockets.SHUT_WR)
                server.app.state.hub.events(news)

            line.loop.call_soon_threadsafe(lose_and_speak)
            assert Noting.ended.wait(PATIENCE_S)
        assert caplog.records == []
