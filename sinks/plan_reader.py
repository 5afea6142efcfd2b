"""Reading plans for the API: pages of where they stand, and what of them was known at an instant.

A plan is known from its registration on, an event from its own time on.  Pages are in order of plan_id or of seq.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from msgspec.structs import fields as struct_fields

from operators.events import Kind, PlanEvent
from operators.rows import ScanRow, StateRow
from sinks.reader import PlanStanding
from sinks.tables import plan_events, plan_states, plans, scan_results

_EVENT: Final = [plan_events.c[field.name] for field in struct_fields(PlanEvent)]
_STATE: Final = [plan_states.c[field.name] for field in struct_fields(StateRow)]
_SCAN: Final = [scan_results.c[field.name] for field in struct_fields(ScanRow)]


@dataclass(frozen=True, slots=True)
class PlanFilter:
    """What a list of plans is narrowed to; None: not narrowed.  `updated_since_ns`: ns UTC, inclusive."""

    symbol: str | None = None
    style: str | None = None
    direction: str | None = None
    phase: str | None = None
    strategy: str | None = None
    updated_since_ns: int | None = None


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A registered version of a plan: its body is the whole plan in normal form."""

    version: int
    registered_ns: int
    body: dict[str, Any]


def standings_page(connection: sa.Connection, wanted: PlanFilter, after: str | None, limit: int) -> list[PlanStanding]:
    """Up to `limit` newest plan states behind the plan_id `after`, in order of plan_id."""
    newest = plan_states.join(
        plans, (plans.c.plan_id == plan_states.c.plan_id) & (plans.c.version == plan_states.c.version)
    )
    query = sa.select(*_STATE, plans.c.style, plans.c.direction).select_from(newest)
    for column, value in (
        (plan_states.c.symbol, wanted.symbol),
        (plan_states.c.phase, wanted.phase),
        (plans.c.style, wanted.style),
        (plans.c.direction, wanted.direction),
    ):
        query = query if value is None else query.where(column == value)
    if wanted.updated_since_ns is not None:
        query = query.where(plan_states.c.updated_ns >= wanted.updated_since_ns)
    if wanted.strategy is not None:
        query = query.where(_found_by(wanted.strategy, plan_states, None))
    if after is not None:
        query = query.where(plan_states.c.plan_id > after)
    rows = connection.execute(query.order_by(plan_states.c.plan_id).limit(limit))
    return [PlanStanding(StateRow(*row[:-2]), *row[-2:]) for row in rows.all()]


def plan_ids_known(
    connection: sa.Connection, wanted: PlanFilter, as_of_ns: int, after: str | None, limit: int
) -> list[str]:
    """Up to `limit` ids behind `after` of plans registered by an instant; of the filter, only what never changes."""
    query = sa.select(plans.c.plan_id).distinct().where(plans.c.registered_ns <= as_of_ns)
    if wanted.symbol is not None:
        query = query.where(plans.c.symbol == wanted.symbol)
    if wanted.strategy is not None:
        query = query.where(_found_by(wanted.strategy, plans, as_of_ns))
    if after is not None:
        query = query.where(plans.c.plan_id > after)
    return list(connection.scalars(query.order_by(plans.c.plan_id).limit(limit)))


def versions_of(
    connection: sa.Connection, plan_ids: Sequence[str], as_of_ns: int | None = None
) -> dict[str, dict[int, StoredVersion]]:
    """The versions of plans that were registered at or before an instant, by plan_id and number, ascending."""
    query = sa.select(plans.c.plan_id, plans.c.version, plans.c.registered_ns, plans.c.body)
    query = query.where(plans.c.plan_id.in_(plan_ids))
    if as_of_ns is not None:
        query = query.where(plans.c.registered_ns <= as_of_ns)
    found: dict[str, dict[int, StoredVersion]] = {}
    for plan_id, *rest in connection.execute(query.order_by(plans.c.plan_id, plans.c.version)):
        found.setdefault(plan_id, {})[rest[0]] = StoredVersion(*rest)
    return found


def states_of(connection: sa.Connection, plan_ids: Sequence[str]) -> dict[str, StateRow]:
    """The newest state of each plan, by plan_id."""
    rows = connection.execute(sa.select(*_STATE).where(plan_states.c.plan_id.in_(plan_ids)))
    return {row[0]: StateRow(*row) for row in rows}


def events_until(
    connection: sa.Connection, plan_ids: Sequence[str], as_of_ns: int | None = None
) -> dict[str, list[PlanEvent]]:
    """The events of plans at or before an instant, by plan_id, in order of seq."""
    query = sa.select(*_EVENT).where(plan_events.c.plan_id.in_(plan_ids))
    if as_of_ns is not None:
        query = query.where(plan_events.c.at_ns <= as_of_ns)
    found: dict[str, list[PlanEvent]] = {}
    for row in connection.execute(query.order_by(plan_events.c.plan_id, plan_events.c.seq)).all():
        found.setdefault(row[0], []).append(_event(row))
    return found


def events_page(
    connection: sa.Connection, plan_id: str, after: int, limit: int, as_of_ns: int | None = None
) -> list[PlanEvent]:
    """Up to `limit` events of a plan with a seq above `after`, in order of seq."""
    query = sa.select(*_EVENT).where(plan_events.c.plan_id == plan_id, plan_events.c.seq > after)
    if as_of_ns is not None:
        query = query.where(plan_events.c.at_ns <= as_of_ns)
    return [_event(row) for row in connection.execute(query.order_by(plan_events.c.seq).limit(limit)).all()]


def scans_of_plan(connection: sa.Connection, symbol: str, plan_id: str, as_of_ns: int | None = None) -> list[ScanRow]:
    """The candidates behind a plan, newest first; none for a plan that no scan proposed."""
    query = sa.select(*_SCAN).where(scan_results.c.symbol == symbol, scan_results.c.plan_id == plan_id)
    if as_of_ns is not None:
        query = query.where(scan_results.c.at_ns <= as_of_ns)
    return [ScanRow(*row) for row in connection.execute(query.order_by(scan_results.c.at_ns.desc()))]


def last_position(connection: sa.Connection) -> int:
    """The position of the newest event; 0 before the first."""
    return connection.scalar(sa.select(sa.func.max(plan_events.c.stream_seq))) or 0


def _found_by(strategy: str, table: sa.Table, as_of_ns: int | None) -> sa.ColumnElement[bool]:
    query = sa.select(sa.literal(1)).where(
        scan_results.c.symbol == table.c.symbol,
        scan_results.c.strategy == strategy,
        scan_results.c.plan_id == table.c.plan_id,
    )
    if as_of_ns is not None:
        query = query.where(scan_results.c.at_ns <= as_of_ns)
    return sa.exists(query)


def _event(row: Sequence[Any]) -> PlanEvent:
    plan_id, version, seq, symbol, kind, at_ns, price, data = row
    return PlanEvent(plan_id, version, seq, symbol, Kind(kind), at_ns, price, data)
