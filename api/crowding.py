"""How many may ask at once, and how often one may connect.  Rule: who finds no room is told so at once, in one line.

The stream over plain HTTP has no end: it counts as a client of the stream, not as a request under way.  Nor do probes.
"""

from typing import Final

from fastapi import Request
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from api.problems import ProblemError, respond
from api.rates import Rates, Sort
from api.settings import ApiSettings

ENDLESS: Final = "/sse/"
PROBES: Final = ("/healthz", "/readyz", "/metrics")
"""How the server fares is asked above all when it is busy, and one that is busy is not broken."""


class Crowding:
    """Answers 503 to requests beyond `settings.requests`, 429 to who connects too often."""

    def __init__(self, app: ASGIApp, settings: ApiSettings, rates: Rates) -> None:
        self.app, self.settings, self.rates, self.under_way = app, settings, rates, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "websocket":
            await self._connect(scope, receive, send)
        elif scope["type"] != "http" or scope["path"].startswith(ENDLESS) or scope["path"] in PROBES:
            await self.app(scope, receive, send)
        elif self.under_way >= self.settings.requests:
            text = f"{self.settings.requests} requests are under way; try again"
            problem = ProblemError(503, "busy", text)
            problem.headers = {"Retry-After": "1"}
            await respond(Request(scope), problem)(scope, receive, send)
        else:
            self.under_way += 1
            try:
                await self.app(scope, receive, send)
            finally:
                self.under_way -= 1

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        too_often = self.rates.count(Sort.CONNECT, address_of(HTTPConnection(scope)))
        if too_often is None:
            await self.app(scope, receive, send)
            return
        socket = WebSocket(scope, receive, send)
        await socket.receive()
        await socket.send_denial_response(respond(socket, too_often.problem()))


def address_of(connection: HTTPConnection) -> str:
    """Where a request comes from; one name for those that do not say."""
    return connection.client.host if connection.client else "nowhere"
