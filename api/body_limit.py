"""Bodies have a limit: more is refused with 413 before it is held, whatever Content-Length says."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import MEDIA_TYPE

TOO_LARGE: Final = (
    b'{"type":"urn:fancy-trader:problem:too-large","title":"Content Too Large","status":413,'
    b'"detail":"the body is longer than this server takes","instance":"","errors":[],"session":null}'
)


class BodyLimit:
    """Counts the bytes of a request's body."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app, self.most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, unless its body is too long; hold what was read until it is known."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        held: list[Message] = []
        total = 0
        while True:
            message = await receive()
            held.append(message)
            total += len(message.get("body", b""))
            if total > self.most:
                await _refuse(send)
                return
            if not message.get("more_body", False):
                break

        async def again() -> Message:
            return held.pop(0) if held else await receive()

        await self.app(scope, again, send)


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": TOO_LARGE})
