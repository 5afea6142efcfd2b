"""Commands to the flow: read with the rules' own reader, appended under the writers' lock, never applied here.

Rule 1: an idempotency key that its plan has seen gives the command it gave first, or a problem when it asks for more.
Rule 2: what was asked for counts though the flow has not come to it yet; what it refused counts no more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from api.problems import ProblemError, invalid, no_plan
from api.store import Store
from operators.plan_reading import PlanDefaults, read_plan
from operators.plans import PLAN_ID, Plan, PlanError
from operators.sessions import SessionCalendar
from operators.state import LIVE
from operators.tickers import is_ticker
from sinks.bulk import lock_writers
from sinks.commands import (
    CANCEL,
    REGISTER,
    StoredCommand,
    append,
    append_watch,
    command_under,
    registrations,
    watches,
)
from sinks.plan_reader import states_of, versions_of
from sinks.reader import progress_of


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, when (ns UTC), under which key."""

    at_ns: int
    idempotency_key: str | None


def read(body: Mapping[str, Any], calendar: SessionCalendar, at_ns: int) -> Plan:
    """Hold a plan against the rules.  Raises ProblemError naming the field."""
    try:
        plan = read_plan(dict(body), PlanDefaults(at_ns, calendar.close_after))
    except PlanError as error:
        raise invalid(error.field, error.message) from None
    except OverflowError:
        raise invalid("entry", "is no number of dollars") from None
    if not is_ticker(plan.symbol):
        raise invalid("symbol", "must be a ticker in ASCII without blanks")
    return plan


@dataclass(frozen=True, slots=True)
class Standing:
    """A plan as the flow has it and as it is asked for.  `newest`: its highest version of both, None: of none.

    `symbol`: what it trades; `waiting`: the last registration that the flow has not come to.
    """

    newest: int | None
    symbol: str
    waiting: StoredCommand | None


def _standing(connection: sa.Connection, plan_id: str) -> Standing:
    asked, taken = registrations(connection, plan_id), versions_of(connection, [plan_id]).get(plan_id, {})
    waiting = [each for each in asked if _version(each) not in taken and not _passed(connection, each)]
    versions = [*taken, *(_version(each) for each in asked)] if taken or waiting else []
    last = waiting[-1] if waiting else None
    body = taken[max(taken)].body if taken else None if last is None else last.plan
    return Standing(max(versions, default=None), (body or {}).get("symbol", ""), last)


def _passed(connection: sa.Connection, command: StoredCommand) -> bool:
    """Whether the flow has come past a registration, so that it is taken or refused."""
    if command.applied_ns is None:
        return False
    reached = progress_of(connection, (command.plan or {})["symbol"]).values()
    return any(each.tape_ns >= command.applied_ns for each in reached)


def _version(command: StoredCommand) -> int:
    return int((command.plan or {}).get("version", 1))


def _held(store: Store, body: Mapping[str, Any], calendar: SessionCalendar, asker: Asker) -> Plan | StoredCommand:
    """Hold a plan against the rules.  What they refuse by now they may have taken when it was asked for under this key.

    Raises ProblemError (422) naming the field.
    """
    try:
        return read(body, calendar, asker.at_ns)
    except ProblemError:
        plan_id, earlier = str(body.get("plan_id")), None
        if asker.idempotency_key is not None and PLAN_ID.fullmatch(plan_id):
            with store.write() as connection:
                earlier = _earlier(connection, REGISTER, plan_id, body, asker)
        if earlier is None:
            raise
        return earlier


def register(store: Store, body: Mapping[str, Any], calendar: SessionCalendar, asker: Asker) -> StoredCommand:
    """Ask for a new plan.  Raises ProblemError: 422, and 409 when its id is taken."""
    plan = _held(store, body, calendar, asker)
    if isinstance(plan, StoredCommand):
        return plan
    with store.write() as connection:
        earlier = _earlier(connection, REGISTER, plan.plan_id, body, asker)
        if earlier is not None:
            return earlier
        standing = _standing(connection, plan.plan_id)
        if standing.newest is not None:
            asked = "" if standing.waiting is None else f", asked for by command {standing.waiting.id}"
            text = f"plan {plan.plan_id} is there with version {standing.newest}{asked}; PUT replaces it"
            raise ProblemError(409, "conflict", text, [("plan_id", "is taken")])
        return append(connection, REGISTER, plan.plan_id, body, asker.at_ns, asker.idempotency_key)


def replace(store: Store, body: Mapping[str, Any], calendar: SessionCalendar, asker: Asker) -> StoredCommand:
    """Ask for a new version: the one given, else one above the newest.

    Raises ProblemError: 422, 404, and 409 if it is not newer, or trades another symbol than those before it.
    """
    plan = _held(store, body, calendar, asker)
    if isinstance(plan, StoredCommand):
        return plan
    with store.write() as connection:
        given = {**body, "version": plan.version} if "version" in body else dict(body)
        earlier = _earlier(connection, REGISTER, plan.plan_id, given, asker)
        if earlier is not None:
            return earlier
        standing = _standing(connection, plan.plan_id)
        newest, traded = standing.newest, standing.symbol
        if newest is None:
            raise no_plan(plan.plan_id, None, "(POST registers it)")
        if "version" in body and plan.version <= newest:
            text = f"version {plan.version} is not newer than version {newest}"
            raise ProblemError(409, "conflict", text, [("version", f"must be above {newest}")])
        if plan.symbol != traded:
            text = f"plan {plan.plan_id} trades {traded}; POST registers another plan"
            raise ProblemError(409, "conflict", text, [("symbol", f"must be {traded}")])
        given = {**given, "version": given.get("version", newest + 1)}
        return append(connection, REGISTER, plan.plan_id, given, asker.at_ns, asker.idempotency_key)


def cancel(store: Store, plan_id: str, asker: Asker) -> StoredCommand:
    """Ask for an end.  Raises ProblemError: 404, and 409 for a plan that is finished."""
    with store.write() as connection:
        earlier = _earlier(connection, CANCEL, plan_id, None, asker)
        if earlier is not None:
            return earlier
        state = states_of(connection, [plan_id]).get(plan_id)
        waiting = _standing(connection, plan_id).waiting
        if state is None and waiting is None:
            raise no_plan(plan_id)
        if state is not None and state.phase not in LIVE and waiting is None:
            raise ProblemError(409, "conflict", f"plan {plan_id} is {state.phase}: there is nothing to cancel")
        return append(connection, CANCEL, plan_id, None, asker.at_ns, asker.idempotency_key)


def watch(store: Store, symbol: str, asker: Asker) -> StoredCommand:
    """Ask for one more symbol in the universe; one that is there already is asked for again, and nothing changes."""
    with store.write() as connection:
        lock_writers(connection)
        for earlier in watches(connection) if asker.idempotency_key is not None else ():
            if earlier.body["idempotency_key"] != asker.idempotency_key:
                continue
            if earlier.symbol != symbol:
                raise _reused(earlier)
            return earlier
        return append_watch(connection, symbol, asker.at_ns, asker.idempotency_key)


def _earlier(
    connection: sa.Connection, kind: str, plan_id: str, body: Mapping[str, Any] | None, asker: Asker
) -> StoredCommand | None:
    """The command that this key gave before; a version that the server chose then is not compared."""
    lock_writers(connection)
    if asker.idempotency_key is None:
        return None
    found = command_under(connection, plan_id, asker.idempotency_key)
    if found is None:
        return None
    before = found.body["plan"]
    if before is not None and body is not None and "version" not in body:
        before = {name: value for name, value in before.items() if name != "version"}
    if found.kind != kind or before != (None if body is None else dict(body)):
        raise _reused(found)
    return found


def _reused(found: StoredCommand) -> ProblemError:
    text = f"the key was used for command {found.id}, which asked for something else"
    return ProblemError(422, "idempotency-key-reused", text, [("Idempotency-Key", text)])
