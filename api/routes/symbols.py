"""One symbol: its bars, its indicators, the condition of its data."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from api import condition
from api.access import AsOf, Clock, Database, Limit, Settings, instant_of, may_read
from api.answers import answer
from api.cursors import cursor, read_cursor
from api.names import CURSOR, SymbolInPath
from api.problems import ANSWERS, not_found
from api.series import Hours, page_of, series_of, show_bars, show_indicators
from api.shapes.symbol import Diagnostics, IndicatorsAnswer, SeriesAnswer
from operators.bars.columns import Interval

router = APIRouter(
    prefix="/api/v1/symbol/{symbol:path}", tags=["symbols"], dependencies=[Depends(may_read)], responses=ANSWERS
)
After = Annotated[
    str | None,
    Query(
        alias="cursor",
        examples=[cursor("bars", 1_381_160_700_000_000_000)],
        json_schema_extra={"pattern": CURSOR},
    ),
]


@router.get("/series", response_model=SeriesAnswer, summary="Bars")
def series(
    request: Request,
    store: Database,
    clock: Clock,
    settings: Settings,
    as_of: AsOf,
    limit: Limit,
    symbol: SymbolInPath,
    interval: Interval = Interval.M1,
    hours: Hours = Hours.REGULAR,
    after: After = None,
) -> Response:
    """A page of bars that had ended by then, ascending."""
    last = read_cursor("bars", after, int)
    spoken = clock.spoken(instant_of(settings, as_of))
    with store.read() as connection:
        bars = series_of(connection, symbol, interval, hours, as_of)
    start, end = page_of(bars, last[0] if last else None, limit)
    more = cursor("bars", int(bars.start_ns[end - 1])) if start < end < len(bars) else None
    shown = show_bars(bars, start, end)
    return answer(
        request,
        SeriesAnswer(**spoken, symbol=symbol, interval=interval, hours=hours, bars=shown, next_cursor=more),
    )


@router.get("/indicators", response_model=IndicatorsAnswer, summary="Indicators over the whole series")
def indicators(
    request: Request,
    store: Database,
    clock: Clock,
    settings: Settings,
    as_of: AsOf,
    limit: Limit,
    symbol: SymbolInPath,
    interval: Interval = Interval.M1,
    hours: Hours = Hours.REGULAR,
    after: After = None,
) -> Response:
    """A page of indicator values, ascending."""
    last = read_cursor("bars", after, int)
    spoken = clock.spoken(instant_of(settings, as_of))
    with store.read() as connection:
        bars = series_of(connection, symbol, interval, hours, as_of)
    start, end = page_of(bars, last[0] if last else None, limit)
    more = cursor("bars", int(bars.start_ns[end - 1])) if start < end < len(bars) else None
    shown = show_indicators(bars, start, end)
    return answer(
        request,
        IndicatorsAnswer(**spoken, symbol=symbol, interval=interval, hours=hours, rows=shown, next_cursor=more),
    )


@router.get("/diagnostics", response_model=Diagnostics, summary="The condition of a symbol's data")
def diagnostics(
    request: Request, store: Database, clock: Clock, settings: Settings, as_of: AsOf, symbol: SymbolInPath
) -> Response:
    """Data age, gaps, bars held, levels, last print, plans by phase."""
    at_ns = instant_of(settings, as_of)
    spoken = clock.spoken(at_ns)
    with store.read() as connection:
        price = condition.last_price(connection, symbol, as_of)
        streams = condition.streams_by(connection, symbol, as_of)
        held = condition.bars_held(connection, symbol, as_of, clock.calendar)
        sessions = condition.sessions_held(connection, symbol, as_of, clock.calendar)
        levels = condition.key_levels(connection, symbol, as_of)
        phases = condition.plans_by_phase(connection, symbol, as_of)
    if not (streams or held or phases):
        raise not_found("nothing was known of", symbol, "by then")
    newest_ns = max([*(each.tape_ns for each in streams), *(each.last_end_ns for each in held)], default=None)
    body = Diagnostics(
        **spoken,
        symbol=symbol,
        data_age_s=None if newest_ns is None else (at_ns - newest_ns) / 1e9,
        last_price=price[0] if price else None,
        last_price_at_ns=price[1] if price else None,
        streams=streams,
        bars=held,
        sessions=sessions,
        key_levels=levels,
        plans_by_phase=phases,
    )
    return answer(request, body)
