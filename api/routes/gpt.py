"""The surface for assistants, on what the sinks hold: scans, plans, context, charts."""

import json
from collections.abc import Sequence
from typing import Annotated, TypedDict

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Request, Response

from api import condition
from api.access import AsOf, Clock, Database, Settings, instant_of, may_read
from api.answers import answer
from api.charting import scan_url
from api.names import SymbolInPath
from api.problems import ANSWERS, ProblemError, not_found
from api.ranking import plans_behind, ranked
from api.routes.plans import show
from api.series import Hours, series_of, show_bars, show_indicators
from api.settings import ApiSettings
from api.shapes.gpt import (
    ContextAnswer,
    ContextPart,
    ContractsBody,
    MultiContextAnswer,
    MultiContextBody,
    PlanQuestion,
    PlanReply,
    ScanAnswer,
    ScanBody,
    ScanHit,
    TargetProfileOut,
)
from api.shapes.symbol import LevelsOut
from api.standing import Known
from operators.bars.columns import Interval
from operators.indicators.sheet import volatility_regime
from operators.plans import Direction, Style
from operators.rows import ScanRow
from operators.times import iso
from sinks.commands import StoredCommand, watches
from sinks.scan_reader import scan_results_of

router = APIRouter(tags=["assistants"], dependencies=[Depends(may_read)], responses=ANSWERS)


@router.post("/gpt/scan", response_model=ScanAnswer, summary="Ranked scan results")
def scan(request: Request, store: Database, clock: Clock, settings: Settings, as_of: AsOf, body: ScanBody) -> Response:
    """What the scanner found, best first."""
    spoken = clock.spoken(instant_of(settings, as_of))
    symbols = None if body.symbols is None else frozenset(body.symbols)
    with store.read() as connection:
        rows = ranked(connection, symbols, body.style, as_of)[: body.limit]
        plans = plans_behind(connection, rows, as_of)
    hits = [_hit(settings, rank, row, plans.get(row.plan_id or "")) for rank, row in enumerate(rows, 1)]
    session = rows[0].session_date if rows else None
    return answer(request, ScanAnswer(**spoken, scanned_session=session, count=len(hits), results=hits))


@router.post("/gpt/plan", response_model=PlanReply, summary="The newest structured plan of a symbol")
def plan(
    request: Request, store: Database, clock: Clock, settings: Settings, as_of: AsOf, body: PlanQuestion
) -> Response:
    """The newest proposal with its plan; 404 with a hint when the scanner has none."""
    spoken = clock.spoken(instant_of(settings, as_of))
    with store.read() as connection:
        row = _newest(connection, body, as_of)
        stands = plans_behind(connection, [row], as_of).get(row.plan_id or "")
    profile = row.profile
    reply = PlanReply(
        **spoken,
        plan_id=row.plan_id,
        strategy=row.strategy,
        plan=None if stands is None else show(stands.stands),
        structured=dict(profile),
        target_profile=_target_profile(row),
        probabilities=profile["probabilities"],
        snap_trace=profile["snap_trace"],
        gate=profile["gate"],
        warnings=profile["warnings"],
        chart_url=scan_url(settings.chart_base, row),
    )
    return answer(request, reply)


@router.get("/gpt/context/{symbol:path}", response_model=ContextAnswer, summary="A symbol at an instant")
def context(
    request: Request,
    store: Database,
    clock: Clock,
    settings: Settings,
    as_of: AsOf,
    symbol: SymbolInPath,
    interval: Interval = Interval.M5,
    hours: Hours = Hours.REGULAR,
    lookback: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """Bars, indicators over the whole series, key levels, last price and its time."""
    spoken = clock.spoken(instant_of(settings, as_of))
    with store.read() as connection:
        part = _part(connection, symbol, interval, hours, lookback, as_of)
        around = _around(connection, symbol, as_of, [part])
    return answer(request, ContextAnswer(**spoken, **around, context=part))


@router.post("/gpt/multi-context", response_model=MultiContextAnswer, summary="A symbol over several intervals")
def multi_context(
    request: Request, store: Database, clock: Clock, settings: Settings, as_of: AsOf, body: MultiContextBody
) -> Response:
    """As a context, for several intervals, each with its volatility regime."""
    spoken = clock.spoken(instant_of(settings, as_of))
    with store.read() as connection:
        parts = [
            _part(connection, body.symbol, interval, body.hours, body.lookback, as_of)
            for interval in dict.fromkeys(body.intervals)
        ]
        around = _around(connection, body.symbol, as_of, parts)
    return answer(request, MultiContextAnswer(**spoken, **around, contexts=parts))


@router.post(
    "/gpt/contracts",
    status_code=501,
    summary="Options for a plan: not built yet",
    responses={501: {"description": "Always, until option scoring is built.", "content": ANSWERS[404]["content"]}},
)
def contracts(body: ContractsBody) -> Response:
    """Say that options are not scored yet."""
    raise ProblemError(501, "not-implemented", f"options of {body.symbol}: scoring is not built yet")


def _hit(settings: ApiSettings, rank: int, row: ScanRow, plan: Known | None) -> ScanHit:
    return ScanHit(
        rank=rank,
        symbol=row.symbol,
        strategy=row.strategy,
        direction=Direction(row.direction),
        style=Style(row.profile["style"]),
        at=iso(row.at_ns),
        at_ns=row.at_ns,
        confidence=row.confidence,
        actionable=row.actionable,
        plan_id=row.plan_id,
        plan=None if plan is None else show(plan.stands),
        structured=dict(row.profile),
        features=dict(row.features),
        levels=list(row.profile["layers"]["levels"]),
        chart_url=scan_url(settings.chart_base, row),
    )


def _newest(connection: sa.Connection, body: PlanQuestion, as_of_ns: int | None) -> ScanRow:
    """The newest proposal that is asked for.  Raises ProblemError with a hint when there is none.

    A candidate that was withheld is none: the plan that lives in its place has another ladder.
    """
    found = [
        row
        for row in scan_results_of(connection, symbol=body.symbol, as_of_ns=as_of_ns)
        if row.ordinal is not None
        and body.style in (None, row.profile["style"])
        and body.direction in (None, row.direction)
    ]
    if not found:
        raise not_found("no scan result for", body.symbol, _hint(connection, body.symbol, as_of_ns))
    return found[-1]


def _target_profile(row: ScanRow) -> TargetProfileOut:
    profile = row.profile
    return TargetProfileOut(
        entry=profile["entry"],
        stop=profile["stop"],
        stop_basis=profile["stop_basis"],
        targets=profile["targets"],
        runner=profile["runner"],
        risk_per_share=profile["risk_per_share"],
        size=profile["size"],
        expected_move=profile["em_used"],
        atr=profile["atr_used"],
    )


def _part(
    connection: sa.Connection, symbol: str, interval: Interval, hours: Hours, lookback: int, as_of_ns: int | None
) -> ContextPart:
    bars = series_of(connection, symbol, interval, hours, as_of_ns)
    start, end = max(0, len(bars) - lookback), len(bars)
    regime, ratio = volatility_regime(bars) or (None, None)
    return ContextPart(
        interval=interval,
        hours=hours,
        bars=show_bars(bars, start, end),
        indicators=show_indicators(bars, start, end),
        regime=regime,
        regime_ratio=ratio,
    )


class _Around(TypedDict):
    symbol: str
    last_price: float | None
    last_price_at: str | None
    last_price_at_ns: int | None
    key_levels: LevelsOut


def _around(connection: sa.Connection, symbol: str, as_of_ns: int | None, parts: Sequence[ContextPart]) -> _Around:
    """Last price and levels of a symbol.  Raises ProblemError when no bar of it was known by then."""
    price = condition.last_price(connection, symbol, as_of_ns)
    if price is None and not any(part.bars for part in parts):
        raise not_found("no bar of", symbol, "was known by then")
    last, at_ns = price or (None, None)
    return {
        "symbol": symbol,
        "last_price": last,
        "last_price_at": None if at_ns is None else iso(at_ns),
        "last_price_at_ns": at_ns,
        "key_levels": condition.key_levels(connection, symbol, as_of_ns),
    }


def _hint(connection: sa.Connection, symbol: str, as_of_ns: int | None) -> str:
    own = "POST /api/v1/plans registers a plan of your own"
    if condition.last_price(connection, symbol, as_of_ns) is not None:
        return f"so far: it watches the symbol and has found no setup; {own}"
    added = [each for each in watches(connection, as_of_ns) if each.symbol == symbol]
    if added:
        return f"so far: {_standing(added[0])}, and no bar of it has ended since; {own}"
    add = f'POST /api/v1/universe with {{"symbol": {json.dumps(symbol)}}} adds it'
    return f"and no bar of it: the symbol is outside the universe; {add}, {own}"


def _standing(added: StoredCommand) -> str:
    """Say how far a symbol that was added has come."""
    if added.applied_ns is None:
        return f"command {added.id} of {iso(added.created_ns)} adds it to the universe and waits for the flow"
    return f"command {added.id} added it to the universe at {iso(added.applied_ns)}"
