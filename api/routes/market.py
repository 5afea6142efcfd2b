"""The market's clock and calendar."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from api.access import AsOf, Clock, Database, Limit, Settings, instant_of, may_read
from api.answers import answer
from api.clockwork import read_instant
from api.cursors import cursor, read_cursor
from api.names import CURSOR, INSTANT, SymbolWanted
from api.problems import ANSWERS
from api.shapes.market import MarketEventList, MarketEventOut
from api.shapes.session import SessionAnswer
from sinks.told_reader import market_events_known, market_events_told

router = APIRouter(prefix="/api/v1", tags=["market"], dependencies=[Depends(may_read)], responses=ANSWERS)


@router.get("/session", response_model=SessionAnswer, summary="The market's clock at an instant")
def session(
    request: Request,
    clock: Clock,
    settings: Settings,
    as_of: AsOf,
    at: Annotated[
        str | None,
        Query(
            description="The same as as_of.",
            examples=["2013-10-08T10:31:00-04:00"],
            json_schema_extra={"pattern": INSTANT},
        ),
    ] = None,
) -> Response:
    """The session block alone."""
    at_ns = read_instant("at", at)
    return answer(request, SessionAnswer(**clock.spoken(instant_of(settings, as_of if at_ns is None else at_ns))))


@router.get("/events", response_model=MarketEventList, summary="Market events known at an instant")
def market_events(
    request: Request,
    store: Database,
    clock: Clock,
    settings: Settings,
    as_of: AsOf,
    limit: Limit,
    symbol: SymbolWanted = None,
    after: Annotated[
        str | None,
        Query(
            alias="cursor",
            examples=[cursor("events", 1_381_257_000_000_000_000, "fomc-2013-10")],
            json_schema_extra={"pattern": CURSOR},
        ),
    ] = None,
) -> Response:
    """A page of market events in order of time, then id; of a symbol, with those of the whole market."""
    last = read_cursor("events", after, int, str)
    spoken = clock.spoken(instant_of(settings, as_of))
    with store.read() as connection:
        every = market_events_told(connection) if as_of is None else market_events_known(connection, as_of)
    found = [
        event
        for event in every
        if (symbol is None or event.symbol in (symbol, "*"))
        and (last is None or (event.at_ns, event.event_id) > tuple(last))
    ]
    shown = [MarketEventOut.of(event) for event in found[:limit]]
    more = cursor("events", shown[-1].at_ns, shown[-1].id) if len(found) > limit else None
    return answer(request, MarketEventList(**spoken, events=shown, next_cursor=more))
