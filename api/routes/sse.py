"""The stream of plan events for curl and browsers: server-sent events that resume by Last-Event-ID."""

import asyncio
from functools import partial
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from api.access import Database, Settings, may_read
from api.keys import bearer
from api.names import PLACE, PLAN, TICKER
from api.problems import ANSWERS, ProblemError, invalid
from api.relay.doorkeeping import until_refused
from api.relay.hub import Hub
from api.relay.sent_events import EventStream, place_of
from api.relay.speaking import NO_DATABASE
from api.relay.wire import Category, Place, Subscribe
from api.settings import ApiSettings

router = APIRouter(tags=["stream"], dependencies=[Depends(may_read)], responses=ANSWERS)
SENT_EVENT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "enum": ["hello", "snapshot", "event", "price", "hb", "reset", "error"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
        "id": {"type": "string", "pattern": PLACE},
        "retry": {"type": "integer", "minimum": 0},
    },
    "required": ["event", "data"],
}
STREAM: Final[dict[str, Any]] = {
    "description": "Server-sent events, without an end.",
    "content": {
        "text/event-stream": {"itemSchema": SENT_EVENT, "example": {"event": "hb", "data": '{"type":"hb","seq":7}'}}
    },
}
Plans = Annotated[list[Annotated[str, Query(pattern=PLAN)]] | None, Query(examples=[["AIG.1"]])]
Symbols = Annotated[list[Annotated[str, Query(pattern=TICKER)]] | None, Query(examples=[["AIG"]])]


@router.get("/sse/plans", response_class=Response, responses={200: STREAM}, summary="Plan events as they happen")
async def every_plan(
    request: Request,
    settings: Settings,
    store: Database,
    plans: Plans = None,
    symbols: Symbols = None,
    categories: Annotated[list[Category] | None, Query()] = None,
    mode: Annotated[Literal["events", "latest"], Query()] = "events",
    last_event_id: Annotated[
        str | None,
        Header(
            description="`epoch:seq`: go on after it.",
            examples=["0123456789abcdef:17"],
            json_schema_extra={"pattern": PLACE},
        ),
    ] = None,
) -> Response:
    """The messages of `/ws/plans`, one server-sent event each: `event` is the type, `id` is `epoch:seq`.

    `plans` and `symbols` may be given several times; without both it speaks of every plan.
    """
    hub: Hub = request.app.state.hub
    count = len(plans or ()) + len(symbols or ())
    if count > settings.subscribed:
        raise invalid("plans", f"{count} names with those of symbols; at most {settings.subscribed}")
    await _ready(hub, settings)
    asked = Subscribe(plans, symbols, categories, _start(last_event_id), mode)
    secret = bearer(request.headers.get("authorization"))
    watching = partial(until_refused, request.app.state.keys, secret, settings.keys_s)
    return EventStream(settings, store, hub, asked, watching)


def _start(last_event_id: str | None) -> Place | None:
    try:
        return place_of(last_event_id) if last_event_id else None
    except ValueError as error:
        raise invalid("last-event-id", str(error)) from None


async def _ready(hub: Hub, settings: ApiSettings) -> None:
    """Refuse while there is no room, or nothing to tell."""
    if len(hub.clients) >= settings.clients:
        raise _later("too-many", "too many clients; try again later")
    try:
        async with asyncio.timeout(settings.auth_s):
            await hub.ready.wait()
    except TimeoutError:
        pass
    if hub.epoch is None:
        raise _later("database", NO_DATABASE)


def _later(kind: str, detail: str) -> ProblemError:
    problem = ProblemError(503, kind, detail)
    problem.headers = {"Retry-After": "1"}
    return problem
