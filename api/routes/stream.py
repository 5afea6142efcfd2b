"""The WebSockets: /ws/plans for whatever is subscribed to, /ws/plans/{plan_id} for one plan at once."""

import re
from typing import Final
from urllib.parse import urlsplit

from fastapi import APIRouter, WebSocket

from api.keys import bearer, scope_of
from api.names import PLAN
from api.relay.client import Client
from api.relay.hub import Hub
from api.relay.serving import Serving
from api.relay.wire import Place, Subscribe
from api.settings import ApiSettings

router = APIRouter()
FORBIDDEN: Final = 4403
_PLAN: Final = re.compile(PLAN)
_SEQ: Final = re.compile(r"\d{1,18}")


@router.websocket("/ws/plans")
async def every_plan(socket: WebSocket) -> None:
    """Plans as the client subscribes to them."""
    await _serve(socket, None, None)


@router.websocket("/ws/plans/{plan_id}")
async def one_plan(socket: WebSocket, plan_id: str) -> None:
    """One plan at once; `?epoch=&seq=` resumes, `?mode=latest` conflates."""
    asked = socket.query_params
    seq = asked.get("seq", "")
    start = Place(asked["epoch"], int(seq)) if "epoch" in asked and _SEQ.fullmatch(seq) else None
    first = Subscribe([plan_id], start=start, mode="latest" if asked.get("mode") == "latest" else "events")
    await _serve(socket, plan_id, first)


async def _serve(socket: WebSocket, plan_id: str | None, first: Subscribe | None) -> None:
    settings: ApiSettings = socket.app.state.settings
    secret = bearer(socket.headers.get("authorization"))
    refused = secret is not None and scope_of(settings.keys, secret) is None
    if refused or not origin_allowed(socket, settings) or not (plan_id is None or _PLAN.fullmatch(plan_id)):
        await socket.close(FORBIDDEN)  # before accepting: the handshake is answered with 403
        return
    hub: Hub = socket.app.state.hub
    client = Client(settings.client_queue)
    hub.silence(client)
    try:
        await socket.accept()
        await Serving(socket, settings, socket.app.state.store, hub, client, plan_id).run(first)
    finally:
        hub.leave(client)


def origin_allowed(socket: WebSocket, settings: ApiSettings) -> bool:
    """Whether a browser may connect from where it is; other programs send no origin."""
    origin = socket.headers.get("origin")
    if origin is None:
        return True
    if settings.origins is not None:
        return origin in settings.origins
    return urlsplit(origin).netloc == socket.headers.get("host")
