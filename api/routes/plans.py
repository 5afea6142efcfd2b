"""Reading plans: a list, one, its events, its structured JSON, why nothing happened."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from api.access import App, AsOf, Limit, instant_of, may_read
from api.answers import answer, answer_told
from api.clockwork import read_instant
from api.cursors import cursor, read_cursor
from api.explaining import explained
from api.names import CURSOR, INSTANT, PlanId, StrategyWanted, SymbolWanted
from api.problems import ANSWERS, no_plan, not_found
from api.quick_route import QuickRoute
from api.shapes.plan_text import PlanListText
from api.shapes.plans import (
    EventList,
    EventOut,
    Explanation,
    PlanDetail,
    PlanList,
    PlanOut,
    StructuredAnswer,
    VersionOut,
)
from api.shapes.session import Answer
from api.standing import Known, Stands, one, page
from api.store import Store
from operators.plans import Direction, Style
from operators.state import Phase
from operators.times import iso
from sinks.plan_reader import PlanFilter, events_page, scans_of_plan

router = APIRouter(
    prefix="/api/v1/plans",
    tags=["plans"],
    dependencies=[Depends(may_read)],
    responses=ANSWERS,
    route_class=QuickRoute,
)


async def read_filter(
    symbol: SymbolWanted = None,
    style: Style | None = None,
    direction: Direction | None = None,
    phase: Phase | None = None,
    strategy: StrategyWanted = None,
    updated_since: Annotated[
        str | None,
        Query(
            description="RFC 3339, or ns UTC; inclusive.",
            examples=["2013-10-08T10:31:00-04:00"],
            json_schema_extra={"pattern": INSTANT},
        ),
    ] = None,
) -> PlanFilter:
    """What a list is narrowed to."""
    return PlanFilter(symbol, style, direction, phase, strategy, read_instant("updated_since", updated_since))


@router.get("", response_model=PlanList, summary="List plans with where they stand")
def list_plans(
    request: Request,
    app: App,
    as_of: AsOf,
    limit: Limit,
    wanted: Annotated[PlanFilter, Depends(read_filter)],
    after: Annotated[
        str | None,
        Query(alias="cursor", examples=[cursor("plans", "AIG.1")], json_schema_extra={"pattern": CURSOR}),
    ] = None,
) -> Response:
    """A page of plans in order of plan_id."""
    last = read_cursor("plans", after, str)
    spoken = app.clock.spoken(instant_of(app.settings, as_of))
    with app.store.read() as connection:
        found = page(connection, wanted, as_of, last[0] if last else None, limit + 1)
    shown = found[:limit]
    more = cursor("plans", shown[-1].plan_id) if len(found) > limit else None
    return answer_told(request, Answer(**spoken), PlanListText(shown, more).json())


@router.get("/{plan_id}", response_model=PlanDetail, summary="One plan")
def one_plan(request: Request, app: App, as_of: AsOf, plan_id: PlanId) -> Response:
    """Where a plan stands, and its versions."""
    spoken = app.clock.spoken(instant_of(app.settings, as_of))
    found = find(app.store, plan_id, as_of)
    versions = [
        VersionOut(version=v.version, registered=iso(v.registered_ns), registered_ns=v.registered_ns, plan=v.body)
        for v in found.versions.values()
    ]
    return answer(request, PlanDetail(**spoken, plan=show(found.stands), versions=versions))


@router.get("/{plan_id}/events", response_model=EventList, summary="What happened to a plan")
def plan_events(
    request: Request,
    app: App,
    as_of: AsOf,
    limit: Limit,
    plan_id: PlanId,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="Only events with a higher seq.")] = 0,
) -> Response:
    """A page of events in order of seq."""
    spoken = app.clock.spoken(instant_of(app.settings, as_of))
    with app.store.read() as connection:
        events = events_page(connection, plan_id, after, limit + 1, as_of)
        if not events and one(connection, plan_id, as_of) is None:
            raise no_plan(plan_id, as_of)
    shown = [EventOut.of(event) for event in events[:limit]]
    more = shown[-1].seq if len(events) > limit else None
    return answer(request, EventList(**spoken, plan_id=plan_id, events=shown, next_after=more))


@router.get("/{plan_id}/structured", response_model=StructuredAnswer, summary="A scanner's plan, whole")
def structured(request: Request, app: App, as_of: AsOf, plan_id: PlanId) -> Response:
    """The newest structured plan that the scanner gave under this id."""
    spoken = app.clock.spoken(instant_of(app.settings, as_of))
    found = find(app.store, plan_id, as_of)
    with app.store.read() as connection:
        scans = scans_of_plan(connection, found.plan.symbol, plan_id, as_of)
    if not scans:
        raise not_found("plan", plan_id, "did not come of a scan, so it has no structured form; its body is the plan")
    shape = StructuredAnswer(**spoken, plan_id=plan_id, strategy=scans[0].strategy, structured=dict(scans[0].profile))
    return answer(request, shape)


@router.get("/{plan_id}/explain", response_model=Explanation, summary="Why nothing happened")
def explain_plan(
    request: Request,
    app: App,
    as_of: AsOf,
    plan_id: PlanId,
    at: Annotated[
        str | None,
        Query(
            description="The instant to explain; the same as as_of.",
            examples=["2013-10-08T10:31:00-04:00"],
            json_schema_extra={"pattern": INSTANT},
        ),
    ] = None,
) -> Response:
    """What the plan waits for, as far as the stored data tell without the tape."""
    at_ns = read_instant("at", at)
    at_ns = as_of if at_ns is None else at_ns
    spoken = app.clock.spoken(instant_of(app.settings, at_ns))
    with app.store.read() as connection:
        told = explained(connection, app.clock.calendar, plan_id, at_ns)
    if told is None:
        raise no_plan(plan_id, at_ns)
    return answer(request, Explanation(**spoken, plan_id=plan_id, **told))


def show(stands: Stands) -> PlanOut:
    """Write where a plan stands."""
    return PlanOut.of(stands.row, stands.style, stands.direction, stands.basis)


def find(store: Store, plan_id: str, as_of_ns: int | None) -> Known:
    """One plan as known at an instant.  Raises ProblemError when there is none."""
    with store.read() as connection:
        found = one(connection, plan_id, as_of_ns)
    if found is None:
        raise no_plan(plan_id, as_of_ns)
    return found
