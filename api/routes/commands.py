"""Plans that are registered, replaced, cancelled, and symbols to scan: commands that the flow takes in its own time."""

import asyncio
from typing import Annotated, Any, Final

import anyio.to_thread
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from api.access import AsOf, Clock, Database, Settings, instant_of, may_read, may_write
from api.answers import answer
from api.asking import Asker, cancel, register, replace, watch
from api.clockwork import Clockwork, Spoken
from api.names import PlanId
from api.problems import ANSWERS, ProblemOut, invalid, not_found
from api.settings import ApiSettings
from api.shapes.plans import CommandAnswer, CommandOut, PlanBody, PlanChange, PlanOut, UniverseBody
from api.standing import Known, one
from api.store import Store
from operators.said_twice import SaidTwiceError, decode_once
from operators.state import LIVE
from operators.times import iso
from sinks.commands import StoredCommand, command_of

CONFLICT: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": CommandAnswer, "description": "The flow has taken the command within the wait, as the plan shows."},
    409: {
        "model": ProblemOut,
        "description": "The plan stands otherwise.",
        "content": {"application/problem+json": {}},
    },
}
ON_THE_TAPE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": CommandAnswer, "description": "The command is on the tape, which the flow reads, within the wait."}
}
LOOK_S: Final = 0.02
"""How often a waiting request looks whether its command was taken."""

router = APIRouter(prefix="/api/v1", tags=["commands"], responses=ANSWERS)

Wait = Annotated[int, Query(ge=0, description="Milliseconds to wait for the flow to take the command.")]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,128}$",
        description="The same key for the same plan or symbol asks once, however often it is sent.",
        examples=["a3c1-0001"],
    ),
]


async def asker_of(settings: Settings, key: Key = None) -> Asker:
    """Who asks."""
    return Asker(settings.clock(), key)


async def said_once(request: Request) -> None:
    """Raises ProblemError (422) for a plan in which a key stands twice: JSON leaves open which of the two counts."""
    try:
        given = decode_once(await request.body())
    except ValueError:
        return  # what is no JSON is refused by its shape
    if isinstance(given, SaidTwiceError):
        raise invalid(given.field, given.message)


Asking = Annotated[Asker, Depends(asker_of)]


@router.post(
    "/plans",
    status_code=202,
    response_model=CommandAnswer,
    summary="Register a plan",
    dependencies=[Depends(may_write), Depends(said_once)],
    responses=CONFLICT,
)
async def register_plan(
    request: Request,
    store: Database,
    clock: Clock,
    settings: Settings,
    asker: Asking,
    body: PlanBody,
    wait: Wait = 0,
) -> Response:
    """Ask the flow to watch a plan from now on, or from its `valid_from`."""
    given = body.model_dump()
    command = await anyio.to_thread.run_sync(register, store, given, clock.calendar, asker)
    return await _accepted(request, store, clock, settings, command, wait)


@router.put(
    "/plans/{plan_id}",
    status_code=202,
    response_model=CommandAnswer,
    summary="Replace a plan",
    dependencies=[Depends(may_write), Depends(said_once)],
    responses=CONFLICT,
)
async def replace_plan(
    request: Request,
    store: Database,
    clock: Clock,
    settings: Settings,
    asker: Asking,
    plan_id: PlanId,
    body: PlanChange,
    wait: Wait = 0,
) -> Response:
    """Ask the flow to watch a new version instead."""
    given = {"plan_id": plan_id, **body.model_dump()}
    if given["plan_id"] != plan_id:
        raise invalid("plan_id", f"must be {plan_id}, as in the path, or be left out")
    command = await anyio.to_thread.run_sync(replace, store, given, clock.calendar, asker)
    return await _accepted(request, store, clock, settings, command, wait)


@router.delete(
    "/plans/{plan_id}",
    status_code=202,
    response_model=CommandAnswer,
    summary="Cancel a plan",
    dependencies=[Depends(may_write)],
    responses=CONFLICT,
)
async def cancel_plan(
    request: Request,
    store: Database,
    clock: Clock,
    settings: Settings,
    asker: Asking,
    plan_id: PlanId,
    wait: Wait = 0,
) -> Response:
    """Ask the flow to stop watching a plan."""
    command = await anyio.to_thread.run_sync(cancel, store, plan_id, asker)
    return await _accepted(request, store, clock, settings, command, wait)


@router.post(
    "/universe",
    status_code=202,
    response_model=CommandAnswer,
    summary="Add a symbol to the universe",
    dependencies=[Depends(may_write)],
    responses=ON_THE_TAPE,
)
async def add_symbol(
    request: Request,
    store: Database,
    clock: Clock,
    settings: Settings,
    asker: Asking,
    body: UniverseBody,
    wait: Wait = 0,
) -> Response:
    """Ask the flow to follow a symbol from now on, and to scan it from the next session that is heard whole.

    One that is scanned already changes nothing.
    """
    command = await anyio.to_thread.run_sync(watch, store, body.symbol, asker)
    return await _accepted(request, store, clock, settings, command, wait)


@router.get(
    "/commands/{command_id}",
    response_model=CommandAnswer,
    summary="What became of a command",
    dependencies=[Depends(may_read)],
)
def one_command(
    request: Request,
    store: Database,
    clock: Clock,
    settings: Settings,
    as_of: AsOf,
    command_id: Annotated[int, Path(ge=1, le=2**63 - 1, examples=[7])],
) -> Response:
    """A command, and where its plan stands once the flow has taken it."""
    spoken = clock.spoken(instant_of(settings, as_of))
    command, plan = _look(store, command_id, as_of)
    return _told(request, spoken, command, plan, 200)


async def _accepted(
    request: Request, store: Store, clock: Clockwork, settings: ApiSettings, command: StoredCommand, wait_ms: int
) -> Response:
    """202 at once, or 200 with the plan as soon as the flow has taken the command."""
    looks = int(min(wait_ms, settings.wait_ms) / 1000 / LOOK_S)
    plan: PlanOut | None = None
    for _ in range(looks + 1 if wait_ms or command.applied_ns else 0):
        command, plan = await anyio.to_thread.run_sync(_look, store, command.id)
        if _is_taken(command, plan):
            break
        await asyncio.sleep(LOOK_S)
    spoken = clock.spoken(settings.clock())
    return _told(request, spoken, command, plan, 200 if _is_taken(command, plan) else 202)


def _is_taken(command: StoredCommand, plan: PlanOut | None) -> bool:
    """Whether the flow has a command; of one to no plan nothing tells but that it is on the tape."""
    return command.applied_ns is not None and (command.plan_id is None or plan is not None)


def _look(store: Store, number: int, as_of_ns: int | None = None) -> tuple[StoredCommand, PlanOut | None]:
    """A command as it was known at an instant, and its plan if that showed the command by then."""
    with store.read() as connection:
        command = command_of(connection, number, as_of_ns)
        if command is None:
            raise not_found("no command", str(number), "" if as_of_ns is None else f"at {iso(as_of_ns)}")
        on_tape = command.applied_ns is not None and command.plan_id is not None
        found = one(connection, command.plan_id or "", as_of_ns) if on_tape else None
    if found is None or not _shows(found, command):
        return command, None
    return command, PlanOut.of(found.stands.row, found.stands.style, found.stands.direction, found.stands.basis)


def _shows(found: Known, command: StoredCommand) -> bool:
    """Whether a plan is past a command that is on the tape; the flow may come to that later."""
    if command.plan is not None:
        return found.state.version >= int(command.plan.get("version", 1))
    since = (version.registered_ns > (command.applied_ns or 0) for version in found.versions.values())
    return found.state.phase not in LIVE or any(since)


def _told(request: Request, spoken: Spoken, command: StoredCommand, plan: PlanOut | None, status: int) -> Response:
    shown = CommandOut(
        id=command.id,
        kind=command.kind,
        plan_id=command.plan_id,
        symbol=command.symbol,
        created=iso(command.created_ns),
        created_ns=command.created_ns,
        applied=None if command.applied_ns is None else iso(command.applied_ns),
        applied_ns=command.applied_ns,
    )
    body = CommandAnswer(**spoken, command=shown, plan=plan)
    response = answer(request, body, status)
    response.headers["Location"] = f"/api/v1/commands/{command.id}"
    return response
