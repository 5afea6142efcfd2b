"""Reading: plain functions from a connection to the project's values.  Rule: nothing here writes or computes."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from msgspec.structs import fields as struct_fields

from operators.events import Kind, PlanEvent
from operators.rows import ProgressRow, StateRow
from sinks.tables import dead_letters, plan_events, plan_states, plans, progress, streams

_EVENT: Final = [plan_events.c[field.name] for field in struct_fields(PlanEvent)]
_STATE: Final = [plan_states.c[field.name] for field in struct_fields(StateRow)]
_PROGRESS: Final = [progress.c[field.name] for field in fields(ProgressRow)]


class PlanStanding(msgspec.Struct, frozen=True, gc=False):
    """A plan's state, with what of the plan itself a list shows."""

    state: StateRow
    style: str
    direction: str


@dataclass(frozen=True, slots=True)
class StreamRow:
    """The record of a stream; see `sinks.streams`."""

    name: str
    last_stream_seq: int
    divergences: int
    inputs: dict[str, Any]
    complete: bool


@dataclass(frozen=True, slots=True)
class Totals:
    """How many rows of each sort a database holds, and what its streams counted."""

    plans: int
    events: int
    states: int
    dead_letters: int
    divergences: int
    last_stream_seq: int


def plan_standings(connection: sa.Connection, *, symbol: str | None = None) -> list[PlanStanding]:
    """All plan states, or those of one symbol, in order of plan_id."""
    versions = plan_states.join(
        plans, (plans.c.plan_id == plan_states.c.plan_id) & (plans.c.version == plan_states.c.version)
    )
    query = sa.select(*_STATE, plans.c.style, plans.c.direction).select_from(versions)
    if symbol is not None:
        query = query.where(plan_states.c.symbol == symbol)
    rows = connection.execute(query.order_by(plan_states.c.plan_id))
    return [PlanStanding(StateRow(*row[:-2]), *row[-2:]) for row in rows]


def events_of_plan(connection: sa.Connection, plan_id: str) -> list[PlanEvent]:
    """All events of a plan in order of seq; none for an unknown plan."""
    query = sa.select(*_EVENT).where(plan_events.c.plan_id == plan_id).order_by(plan_events.c.seq)
    return [_event(row) for row in connection.execute(query)]


def events_after(connection: sa.Connection, stream_seq: int, limit: int) -> list[tuple[int, PlanEvent]]:
    """Up to `limit` events of all plans that came after a position, each with its own, in order of position."""
    query = sa.select(plan_events.c.stream_seq, *_EVENT).where(plan_events.c.stream_seq > stream_seq)
    rows = connection.execute(query.order_by(plan_events.c.stream_seq).limit(limit))
    return [(row[0], _event(row[1:])) for row in rows]


def plan_body(connection: sa.Connection, plan_id: str, version: int | None = None) -> dict[str, Any] | None:
    """A registered plan as JSON-ready data: the given version, else the newest; None when there is none."""
    query = sa.select(plans.c.body).where(plans.c.plan_id == plan_id)
    if version is not None:
        query = query.where(plans.c.version == version)
    return connection.scalar(query.order_by(plans.c.version.desc()).limit(1))


def progress_of(connection: sa.Connection, symbol: str) -> dict[str, ProgressRow]:
    """How far each stream has come with a symbol, by the stream's name."""
    query = sa.select(progress.c.stream, *_PROGRESS).where(progress.c.symbol == symbol)
    rows = connection.execute(query.order_by(progress.c.stream))
    return {row[0]: ProgressRow(*row[1:]) for row in rows}


def dead_letter_counts(connection: sa.Connection) -> dict[str, int]:
    """How many records could not be used, by reason, most frequent first."""
    count = sa.func.count()
    query = sa.select(dead_letters.c.reason, count).group_by(dead_letters.c.reason)
    rows = connection.execute(query.order_by(count.desc(), dead_letters.c.reason))
    return {row[0]: row[1] for row in rows}


def stream_of(connection: sa.Connection, name: str) -> StreamRow | None:
    """The record of a stream; None before it wrote."""
    columns = [streams.c[field.name] for field in fields(StreamRow)]
    row = connection.execute(sa.select(*columns).where(streams.c.name == name)).one_or_none()
    return None if row is None else StreamRow(*row)


def totals(connection: sa.Connection) -> Totals:
    """Count everything."""
    counts = [
        sa.select(sa.func.count()).select_from(table).scalar_subquery()
        for table in (plans, plan_events, plan_states, dead_letters)
    ]
    sums = [
        sa.select(sa.func.coalesce(function(column), 0)).scalar_subquery()
        for function, column in (
            (sa.func.sum, streams.c.divergences),
            (sa.func.max, streams.c.last_stream_seq),
        )
    ]
    return Totals(*(int(value) for value in connection.execute(sa.select(*counts, *sums)).one()))


def _event(row: Sequence[Any]) -> PlanEvent:
    plan_id, version, seq, symbol, kind, at_ns, price, data = row
    return PlanEvent(plan_id, version, seq, symbol, Kind(kind), at_ns, price, data)
