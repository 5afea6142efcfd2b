"""Bodies have a limit in size and time: what is more is refused before it is held, whatever Content-Length says."""

import asyncio

from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import ProblemError, respond
from api.settings import ApiSettings


class BodyLimit:
    """Counts the bytes of a request's body."""

    def __init__(self, app: ASGIApp, settings: ApiSettings) -> None:
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, unless its body is too long or too slow; hold what was read until it is known."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self.settings.body_s):
                held = await self._read(receive)
        except TimeoutError:
            text = f"the body did not come within {self.settings.body_s:g} s"
            await _refusal(scope, ProblemError(408, "too-slow", text))(scope, receive, send)
            return
        if held is None:
            text = f"the body is longer than {self.settings.body_bytes} bytes"
            await _refusal(scope, ProblemError(413, "too-large", text))(scope, receive, send)
            return

        async def again() -> Message:
            return held.pop(0) if held else await receive()

        await self.app(scope, again, send)

    async def _read(self, receive: Receive) -> list[Message] | None:
        """All of a body; None when it is too long."""
        held: list[Message] = []
        total = 0
        while True:
            message = await receive()
            held.append(message)
            total += len(message.get("body", b""))
            if total > self.settings.body_bytes:
                return None
            if not message.get("more_body", False):
                return held


def _refusal(scope: Scope, problem: ProblemError) -> Response:
    """A refusal, after which the rest of the body is not waited for."""
    problem.headers = {"Connection": "close"}
    return respond(Request(scope), problem)
