"""Which web pages may use the server.  Rule: a browser says where it is (Origin), other programs do not.

Pages of other places are refused altogether, not only kept from reading: a page could otherwise give commands to a
server on its visitor's own machine.  For the same reason a server without keys answers to its own names only (`hosts`):
a foreign name that was made to point here would pass for the server's own.
"""

from typing import Final
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import ProblemError, respond
from api.settings import ApiSettings

FOREIGN: Final = "pages of another origin may not use this server; --origin allows one"
MISNAMED: Final = "this server does not go by that name; a key makes it answer to any"


def refusal(headers: Headers, settings: ApiSettings) -> str | None:
    """Why a request may not come from where it does; None when it may."""
    host = headers.get("host", "")
    if settings.hosts is not None and urlsplit(f"//{host}").hostname not in settings.hosts:
        return MISNAMED
    origin = headers.get("origin")
    if origin is None or origin in settings.origins:
        return None
    return None if urlsplit(origin).netloc == host else FOREIGN


class Origins:
    """Refuses requests of foreign pages with 403; WebSockets ask `refusal` themselves."""

    def __init__(self, app: ASGIApp, settings: ApiSettings) -> None:
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        reason = refusal(Headers(scope=scope), self.settings) if scope["type"] == "http" else None
        if reason is None:
            await self.app(scope, receive, send)
        else:
            await respond(Request(scope), ProblemError(403, "foreign", reason))(scope, receive, send)
