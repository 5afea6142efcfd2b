"""Charts: their URLs, and what they draw over the bars."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from api.access import AsOf, Clock, Database, Settings, instant_of, may_read
from api.answers import answer
from api.charting import chart_url
from api.clockwork import read_instant
from api.names import PLAN
from api.problems import ANSWERS, no_plan, not_found
from api.shapes.gpt import ChartAnswer, ChartBody, LayersAnswer
from api.standing import one
from operators.times import iso
from sinks.plan_reader import scans_of_plan

router = APIRouter(tags=["assistants"], dependencies=[Depends(may_read)], responses=ANSWERS)


@router.post("/gpt/chart-url", response_model=ChartAnswer, summary="The URL of a chart")
def chart(request: Request, store: Database, clock: Clock, settings: Settings, body: ChartBody) -> Response:
    """The canonical URL of what is asked for; a plan that is not known by then, or of another symbol, is refused."""
    as_of = read_instant("as_of", body.as_of)
    spoken = clock.spoken(instant_of(settings, as_of))
    if body.plan_id is not None:
        with store.read() as connection:
            found = one(connection, body.plan_id, as_of)
        if found is None or found.plan.symbol != body.symbol:
            raise no_plan(body.plan_id, as_of, "of", body.symbol)
    when = None if as_of is None else iso(as_of)
    url = chart_url(settings.chart_base, symbol=body.symbol, interval=body.interval, plan_id=body.plan_id, as_of=when)
    return answer(request, ChartAnswer(**spoken, chart_url=url))


@router.get("/api/v1/gpt/chart-layers", response_model=LayersAnswer, summary="What a chart draws over the bars")
def chart_layers(
    request: Request,
    store: Database,
    clock: Clock,
    settings: Settings,
    as_of: AsOf,
    plan_id: Annotated[str, Query(pattern=PLAN, examples=["AIG.vwap_reclaim.long.20131007.1"])],
) -> Response:
    """The layers of a scanner's plan."""
    spoken = clock.spoken(instant_of(settings, as_of))
    with store.read() as connection:
        found = one(connection, plan_id, as_of)
        if found is None:
            raise no_plan(plan_id, as_of)
        scans = scans_of_plan(connection, found.plan.symbol, plan_id, as_of)
    if not scans:
        raise not_found("plan", plan_id, "did not come of a scan; its own levels are all there is to draw")
    newest = scans[0]
    layers = dict(newest.profile["layers"])
    return answer(
        request, LayersAnswer(**spoken, plan_id=plan_id, at=iso(newest.at_ns), at_ns=newest.at_ns, layers=layers)
    )
