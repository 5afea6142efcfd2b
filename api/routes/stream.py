"""The WebSockets: /ws/plans for whatever is subscribed to, /ws/plans/{plan_id} for one plan at once."""

import re
from typing import Final

from fastapi import APIRouter, WebSocket

from api.key_ring import KeyRing
from api.keys import bearer
from api.names import PLAN
from api.origins import refusal
from api.relay.client import Client
from api.relay.hub import Hub
from api.relay.serving import Serving
from api.relay.wire import Place, Subscribe
from api.settings import ApiSettings
from sinks.errors import DatabaseError

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
    named = plan_id is None or _PLAN.fullmatch(plan_id)
    if refusal(socket.headers, settings) or not named or await _unknown(socket.app.state.keys, secret):
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


async def _unknown(keys: KeyRing, secret: str | None) -> bool:
    """Whether a header names nobody; a database that cannot tell is told of once the connection stands."""
    try:
        return secret is not None and await keys.ask(secret) is None
    except DatabaseError:
        return False
