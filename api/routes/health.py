"""Probes and metrics.  Probes need no key and tell no names; metrics need a key that may read."""

import time
from typing import Annotated, Any, Final

import anyio.to_thread
from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.access import Clock, Database, Settings, any_reader, may_measure
from api.metrics import Metrics, of_database, of_hub, of_limits
from api.problems import ANSWERS, ProblemError
from api.readiness import flow_check, pulse, relay_check
from api.relay.hub import Hub
from api.shapes.health import AliveOut, CheckOut, ReadyOut
from api.shapes.session import Answer
from api.store import Store
from sinks.errors import DatabaseError, SchemaError
from sinks.pulse_reader import Counts, Pulse, counts_of, pulse_of

router = APIRouter(tags=["server"])
NO_DATABASE: Final = "cannot be read"
STOPPED: Final = "stopped on a failure; its own words stand in the table runs and in its log"
NO_SCHEMA: Final = "is not of the revision that this server knows"
ALWAYS: Final[dict[int | str, dict[str, Any]]] = {status: ANSWERS[status] for status in (500, 503)}
DOWN: Final[dict[int | str, dict[str, Any]]] = {429: ANSWERS[429], **ALWAYS}


async def hub_of(request: Request) -> Hub:
    """The relay of the app."""
    hub: Hub = request.app.state.hub
    return hub


async def metrics_of(request: Request) -> Metrics:
    """The counters of the app."""
    metrics: Metrics = request.app.state.metrics
    return metrics


Relay = Annotated[Hub, Depends(hub_of)]


@router.get("/healthz", response_model=AliveOut, summary="Whether the server turns", responses=ALWAYS)
async def healthz(clock: Clock, settings: Settings) -> Response:
    """Answered by the event loop alone: no database, no thread."""
    return _unkept(AliveOut(**clock.spoken(settings.clock())))


@router.get(
    "/readyz",
    response_model=ReadyOut,
    summary="Whether the server can answer",
    dependencies=[Depends(any_reader)],
    responses=DOWN,
)
async def readyz(store: Database, clock: Clock, settings: Settings, hub: Relay) -> Response:
    """200 while requests can be answered, be it `degraded`; 503 when the database or its schema forbids it.

    503 as well when the run that feeds the database gave up: what is there is whole, but nothing new comes.
    """
    now_ns = settings.clock()
    try:
        found = await anyio.to_thread.run_sync(pulse, store)
    except SchemaError:
        raise _down("schema", NO_SCHEMA) from None
    except DatabaseError:
        raise _down("database", NO_DATABASE) from None
    if found.failure is not None:
        raise _down("flow", STOPPED)
    checks = [
        CheckOut(name="database", status="ok", detail="can be read"),
        CheckOut(name="schema", status="ok", detail="is of the revision that this server knows"),
        flow_check(found, now_ns, clock.session_or_none(now_ns), settings),
        relay_check(hub, time.monotonic(), settings),
    ]
    late = any(check.status == "degraded" for check in checks)
    return _unkept(ReadyOut(**clock.spoken(now_ns), status="degraded" if late else "ready", checks=checks))


@router.get(
    "/metrics",
    response_class=Response,
    summary="Counts and durations for Prometheus",
    dependencies=[Depends(may_measure)],
    responses={
        **{status: ANSWERS[status] for status in (401, 403, 429, 500, 503)},
        200: {
            "description": "Prometheus text.",
            "content": {"text/plain": {"schema": {"type": "string"}, "example": "fancy_trader_events_total 7.0\n"}},
        },
    },
)
async def metrics(
    store: Database, settings: Settings, hub: Relay, counted: Annotated[Metrics, Depends(metrics_of)]
) -> Response:
    """Answers without a database as well: `fancy_trader_database_up` is 0 then."""
    found = await anyio.to_thread.run_sync(_measured, store)
    families = of_database(found, settings.clock()) + of_hub(hub, time.monotonic()) + of_limits(settings)
    return Response(counted.text(*families), media_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


def _measured(store: Store) -> tuple[Pulse, Counts] | None:
    try:
        with store.read() as connection:
            return pulse_of(connection), counts_of(connection)
    except DatabaseError:
        return None


def _down(what: str, why: str) -> ProblemError:
    problem = ProblemError(503, "not-ready", f"the {what} {why}", [(what, why)])
    problem.headers = {"Retry-After": "1"}
    return problem


def _unkept(body: Answer) -> Response:
    return Response(body.model_dump_json(), media_type="application/json", headers={"Cache-Control": "no-store"})
