"""The project's values as rows of plain strings and numbers, in the order of their table's columns.

SQLite would store a NaN as NULL without a word, so numbers that are no prices are refused here, before any is sent.
"""

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import Final

import sqlalchemy as sa

from operators.events import Kind, PlanEvent
from operators.market_events import MarketEvent
from operators.rows import DeadLetter, PlanRow, ProgressRow, StateRow
from sinks import tables
from sinks.bulk import Row
from sinks.canonical import canonical, canonical_many

KIND_TEXT: Final = {kind: kind.value for kind in Kind}


def event_rows(events: Sequence[PlanEvent]) -> list[Row]:
    """Write events as rows that still lack their last column, stream_seq.

    Raises ValueError naming the event for NaN, infinity and data that is no JSON.
    """
    different = {id(event.data): event.data for event in events}  # plans that meet one gate share its data
    try:
        written = dict(zip(different, canonical_many(list(different.values())), strict=True))
        texts = [written[id(event.data)] for event in events]
    except (TypeError, ValueError):
        texts = [_data_text(event) for event in events]
    kinds = KIND_TEXT
    rows: list[Row] = [
        (e.plan_id, e.version, e.seq, e.symbol, kinds[e.kind], e.at_ns, e.price, text)
        for e, text in zip(events, texts, strict=True)
    ]
    broken = _no_number([row[6] for row in rows])
    if broken is not None:
        msg = f"plan {rows[broken][0]} seq {rows[broken][2]}: price is {rows[broken][6]}, no number of dollars"
        raise ValueError(msg)
    return rows


def state_rows(states: Iterable[StateRow]) -> list[Row]:
    """Write states as rows, the newest of each plan only.  Raises ValueError naming the plan for NaN, infinity."""
    newest: dict[str, StateRow] = {}
    for state in states:
        other = newest.setdefault(state.plan_id, state)
        if other is not state and (state.last_seq, state.updated_ns) >= (other.last_seq, other.updated_ns):
            newest[state.plan_id] = state
    rows = list(map(_state_row, newest.values()))
    for column, values in zip(tables.plan_states.columns, zip(*rows, strict=True), strict=False):
        broken = _no_number(values) if isinstance(column.type, sa.Double) else None
        if broken is not None:
            msg = f"plan {rows[broken][0]}: {column.name} is {values[broken]}, no number of dollars or R"
            raise ValueError(msg)
    return rows


def plan_rows(plans: Iterable[PlanRow]) -> list[Row]:
    """Write registered plans as rows.  Raises ValueError or TypeError for a body that is no JSON."""
    given = list(plans)
    bodies = canonical_many([plan.body for plan in given])
    return [
        (p.plan_id, p.version, p.symbol, p.style, p.direction, p.registered_ns, body)
        for p, body in zip(given, bodies, strict=True)
    ]


def dead_letter_rows(letters: Iterable[DeadLetter]) -> list[Row]:
    """Write dead letters as rows, with escapes for the characters that a database cannot hold."""
    return [(_storable(d.source), d.row, _storable(d.field), _storable(d.reason), _storable(d.raw)) for d in letters]


def progress_rows(stream: str, progress: Iterable[ProgressRow]) -> list[Row]:
    """Write progress as rows of a stream, the furthest of each symbol only."""
    furthest: dict[str, ProgressRow] = {}
    for row in progress:
        if row.tape_ns >= furthest.setdefault(row.symbol, row).tape_ns:
            furthest[row.symbol] = row
    return [
        (stream, p.symbol, p.tape_ns, p.records, p.eligible, p.late, p.corrected, p.unknown_condition)
        for p in furthest.values()
    ]


def market_event_rows(events: Iterable[MarketEvent]) -> list[Row]:
    """Write market events as rows."""
    return [(e.event_id, e.symbol, e.kind, str(e.severity), e.at_ns, e.known_at_ns, _storable(e.label)) for e in events]


def _data_text(event: PlanEvent) -> str:
    try:
        return canonical(event.data)
    except (TypeError, ValueError) as error:
        msg = f"plan {event.plan_id} seq {event.seq}: data is no JSON ({error})"
        raise ValueError(msg) from error


def _state_row(s: StateRow) -> Row:
    """Written out: five times as fast as asking for each field by its name."""
    return (
        s.plan_id,
        s.version,
        s.symbol,
        s.phase,
        s.health,
        s.gate,
        s.fill_price,
        s.effective_stop,
        s.trail_stop,
        s.best_price,
        s.targets_hit,
        s.remaining_fraction,
        s.realized_r,
        s.open_r,
        s.mfe_r,
        s.mae_r,
        s.last_price,
        s.rr_to_next_target,
        s.last_seq,
        s.updated_ns,
        None if s.data_gap is None else canonical(s.data_gap),
    )


def _no_number(values: Sequence[float | None]) -> int | None:
    """The place of the first NaN or infinity.  One sum tells, much cheaper than a look at each, if there is any."""
    if isfinite(sum(filter(None, values))):
        return None
    return next((place for place, value in enumerate(values) if not isfinite(value or 0.0)), None)


def _storable(text: str) -> str:
    r"""Escape NUL and lone surrogates: input may hold them, PostgreSQL text and UTF-8 cannot.

    >>> _storable("a\0b")
    'a\\x00b'
    """
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
