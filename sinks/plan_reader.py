"""Reading plans for the API: pages of where they stand, and what of them was known at an instant.

A plan is known from its registration on, an event from its own time on.  Pages are in order of plan_id or of seq.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import sqlalchemy as sa
from msgspec.structs import fields as struct_fields

from operators.events import Kind, PlanEvent
from operators.rebuilding import RETOLD, deciding
from operators.rows import ScanRow, StateRow
from sinks.prepared import Prepared, Row
from sinks.tables import plan_events, plan_states, plans, scan_results

_EVENT: Final = [plan_events.c[field.name] for field in struct_fields(PlanEvent)]
_PLAN: Final = plan_events.c.plan_id
_NAMES: Final = tuple(field.name for field in struct_fields(StateRow))
_STATE: Final = [plan_states.c[name] for name in _NAMES]
STANDING: Final = (*_NAMES[:3], "style", "direction", *_NAMES[3:])
"""A plan's state, with what of the plan itself a list shows."""
_STANDING: Final = [(plans if name in ("style", "direction") else plan_states).c[name] for name in STANDING]
_SCAN: Final = [scan_results.c[field.name] for field in struct_fields(ScanRow)]


# Queries are made once: making one anew costs as much as running it.
_ASKED: Final = sa.bindparam("plan_ids", type_=sa.Text, expanding=True)
_BY_THEN: Final = sa.bindparam("as_of_ns", type_=sa.BigInteger)
_STATES: Final = Prepared(sa.select(*_STATE).where(plan_states.c.plan_id.in_(_ASKED)))
_VERSIONS: Final = Prepared(
    sa.select(plans.c.plan_id, plans.c.version, plans.c.registered_ns, plans.c.body)
    .where(plans.c.plan_id.in_(_ASKED), plans.c.registered_ns <= _BY_THEN)
    .order_by(plans.c.plan_id, plans.c.version)
)
_SEQ: Final = plan_events.c.seq
_SORT: Final = {kind: -number for number, kinds in enumerate(RETOLD.values(), 1) for kind in sorted(kinds)}
_TOLD: Final = (  # one look at a log: of what is told again and again the newest, and all that moves the phase
    sa.select(_PLAN, sa.case(_SORT, value=plan_events.c.kind, else_=_SEQ).label("part"), sa.func.max(_SEQ).label("seq"))
    .where(_PLAN.in_(_ASKED), plan_events.c.at_ns <= _BY_THEN)
    .group_by(_PLAN, "part")
    .cte("told")
)


def _told_before() -> sa.Select[Any]:
    """The number of the last event of health before each that moves a plan's phase."""
    event = plan_events.alias()
    earlier = (event.c.plan_id == _TOLD.c.plan_id, event.c.seq < _TOLD.c.seq, event.c.at_ns <= _BY_THEN)
    query = sa.select(event.c.seq).where(*earlier, event.c.kind.in_(sorted(RETOLD["health"])))
    last = query.order_by(event.c.seq.desc()).limit(1).scalar_subquery()
    return sa.select(_TOLD.c.plan_id, last).where(_TOLD.c.part > 0)


_NUMBERED: Final = sa.union(sa.select(_TOLD.c.plan_id, _TOLD.c.seq), _told_before()).subquery()
_DECIDING: Final = Prepared(
    sa.select(*_EVENT).join(_NUMBERED, (_NUMBERED.c.plan_id == _PLAN) & (_NUMBERED.c.seq == _SEQ)).order_by(_PLAN, _SEQ)
)
_OF_STATE: Final = (plans.c.plan_id == plan_states.c.plan_id) & (plans.c.version == plan_states.c.version)
_SHOWN: Final = "INDEXED BY ix_plans_shown"
EVER_NS: Final = 2**63 - 1
"""As of the newest: no instant is later."""


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


def standings_page(connection: sa.Connection, wanted: PlanFilter, after: str | None, limit: int) -> list[Row]:
    """Up to `limit` newest plan states (`STANDING`) behind the plan_id `after`, in order of plan_id."""
    given = _given(wanted, after)
    return _page_query(frozenset(given)).rows(connection, {**given, "limit": limit})


def standings_known(
    connection: sa.Connection, wanted: PlanFilter, as_of_ns: int, after: str | None, limit: int
) -> list[Row]:
    """Up to `limit` plans (`STANDING`) behind `after` that were registered by an instant, in order of plan_id.

    The state of one that nothing has moved since, if it is wanted.  Of one that was moved all but the id is None, as
    what it was like then is not known here.
    """
    given = _given(wanted, after)
    return _known_query(frozenset(given)).rows(connection, {**given, "as_of_ns": as_of_ns, "limit": limit})


def _given(wanted: PlanFilter, after: str | None) -> dict[str, Any]:
    given = {name: value for name in _FILTERS if (value := getattr(wanted, name)) is not None}
    return given if after is None else {**given, "after": after}


_FILTERS: Final = tuple(each.name for each in fields(PlanFilter))
_OF_PLANS: Final = frozenset({"symbol", "style", "direction"})
"""By these, an index of plans finds the few whose states are read."""
_NARROWED: Final = {
    "phase": plan_states.c.phase == sa.bindparam("phase"),
    "style": plans.c.style == sa.bindparam("style"),
    "direction": plans.c.direction == sa.bindparam("direction"),
    "updated_since_ns": plan_states.c.updated_ns >= sa.bindparam("updated_since_ns"),
}
"""By what may change."""


@lru_cache(maxsize=128)
def _page_query(given: frozenset[str]) -> Prepared:
    """The query of a page that is narrowed so."""
    plan_id = (plans if given & _OF_PLANS else plan_states).c.plan_id
    conditions = {
        **_NARROWED,
        "symbol": plans.c.symbol == sa.bindparam("symbol"),
        "strategy": _found_by(sa.bindparam("strategy"), plan_states, None),
        "after": plan_id > sa.bindparam("after"),
    }
    query = sa.select(*_STANDING).join_from(plan_states, plans, _OF_STATE)
    query = query if "symbol" in given else query.with_hint(plans, _SHOWN, "sqlite")
    query = query.where(*(each for name, each in conditions.items() if name in given))
    return Prepared(query.order_by(plan_id).limit(sa.bindparam("limit")))


@lru_cache(maxsize=128)
def _known_query(given: frozenset[str]) -> Prepared:
    """The query of a page as of an instant: from the first version of each plan to its state, if that is older."""
    first, earlier = plans.alias("first"), plans.alias("earlier")
    before = (
        sa.select(earlier.c.version)
        .with_hint(earlier, _SHOWN, "sqlite")
        .where(
            earlier.c.plan_id == first.c.plan_id,
            earlier.c.version < first.c.version,
            earlier.c.registered_ns <= _BY_THEN,
        )
    )
    conditions = {
        "symbol": first.c.symbol == sa.bindparam("symbol"),
        "strategy": _found_by(sa.bindparam("strategy"), first, _BY_THEN),
        "after": first.c.plan_id > sa.bindparam("after"),
    }
    state = (plan_states.c.plan_id == first.c.plan_id) & (plan_states.c.updated_ns <= _BY_THEN)
    fits = sa.and_(sa.true(), *(each for name, each in _NARROWED.items() if name in given))
    query = (
        sa.select(first.c.plan_id, *_STANDING[1:])
        .select_from(first.outerjoin(plan_states, state).outerjoin(plans, _OF_STATE))
        .where(*(each for name, each in conditions.items() if name in given))
        .where(first.c.registered_ns <= _BY_THEN, ~before.exists())
        .where(plan_states.c.plan_id.is_(None) | fits)
        .order_by(first.c.plan_id)
        .limit(sa.bindparam("limit"))
        .with_hint(plans, _SHOWN, "sqlite")
    )
    return Prepared(query if "symbol" in given else query.with_hint(first, _SHOWN, "sqlite"))


def versions_of(
    connection: sa.Connection, plan_ids: Sequence[str], as_of_ns: int = EVER_NS
) -> dict[str, dict[int, StoredVersion]]:
    """The versions of plans that were registered at or before an instant, by plan_id and number, ascending."""
    found: dict[str, dict[int, StoredVersion]] = {}
    for plan_id, *rest in _VERSIONS.rows(connection, {"plan_ids": [*plan_ids], "as_of_ns": as_of_ns}):
        found.setdefault(plan_id, {})[rest[0]] = StoredVersion(*rest)
    return found


def states_of(connection: sa.Connection, plan_ids: Sequence[str]) -> dict[str, StateRow]:
    """The newest state of each plan, by plan_id."""
    return {row[0]: StateRow(*row) for row in _STATES.rows(connection, {"plan_ids": [*plan_ids]})}


def deciding_events(
    connection: sa.Connection, plan_ids: Sequence[str], as_of_ns: int = EVER_NS
) -> dict[str, list[PlanEvent]]:
    """Of the events of plans at or before an instant those that decide their states, by plan_id, in order of seq."""
    rows = _DECIDING.rows(connection, {"plan_ids": [*plan_ids], "as_of_ns": as_of_ns})
    found: dict[str, list[PlanEvent]] = {}
    for plan_id, group in groupby(rows, itemgetter(0)):
        log = [_event(row) for row in group]
        found[plan_id] = [log[place] for place in deciding(event.kind for event in log)]
    return found


def last_event(connection: sa.Connection, plan_id: str, as_of_ns: int = EVER_NS) -> PlanEvent | None:
    """The newest event of a plan at or before an instant; None before the first."""
    query = sa.select(*_EVENT).where(plan_events.c.plan_id == plan_id, plan_events.c.at_ns <= as_of_ns)
    row = connection.execute(query.order_by(plan_events.c.seq.desc()).limit(1)).first()
    return None if row is None else _event(row)


def events_page(
    connection: sa.Connection, plan_id: str, after: int, limit: int, as_of_ns: int | None = None
) -> list[PlanEvent]:
    """Up to `limit` events of a plan with a seq above `after`, in order of seq."""
    query = sa.select(*_EVENT).where(plan_events.c.plan_id == plan_id, plan_events.c.seq > after)
    if as_of_ns is not None:
        query = query.where(plan_events.c.at_ns <= as_of_ns)
    return [_event(row) for row in connection.execute(query.order_by(plan_events.c.seq).limit(limit)).all()]


def scans_of_plan(connection: sa.Connection, symbol: str, plan_id: str, as_of_ns: int | None = None) -> list[ScanRow]:
    """The candidates that became a plan, newest first; none for a plan that no scan proposed.

    One that was withheld while the plan lived bears its id too, but a ladder of its own.
    """
    proposed = scan_results.c.plan_id == plan_id, scan_results.c.ordinal.is_not(None)
    query = sa.select(*_SCAN).where(scan_results.c.symbol == symbol, *proposed)
    if as_of_ns is not None:
        query = query.where(scan_results.c.at_ns <= as_of_ns)
    return [ScanRow(*row) for row in connection.execute(query.order_by(scan_results.c.at_ns.desc()))]


def last_position(connection: sa.Connection) -> int:
    """The position of the newest event; 0 before the first."""
    return connection.scalar(sa.select(sa.func.max(plan_events.c.stream_seq))) or 0


def _found_by(
    strategy: sa.ColumnElement[str], table: sa.FromClause, by_then: sa.ColumnElement[int] | None
) -> sa.ColumnElement[bool]:
    query = sa.select(sa.literal(1)).where(
        scan_results.c.symbol == table.c.symbol,
        scan_results.c.strategy == strategy,
        scan_results.c.plan_id == table.c.plan_id,
    )
    if by_then is not None:
        query = query.where(scan_results.c.at_ns <= by_then)
    return sa.exists(query)


def _event(row: Sequence[Any]) -> PlanEvent:
    plan_id, version, seq, symbol, kind, at_ns, price, data = row
    return PlanEvent(plan_id, version, seq, symbol, Kind(kind), at_ns, price, data)
