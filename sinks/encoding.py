"""The project's values as rows of plain strings and numbers, in the order of their table's columns.

SQLite would store a NaN as NULL without a word, so numbers that are no prices are refused here, before any is sent.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from math import isfinite
from typing import Any, Final

import sqlalchemy as sa
from msgspec.structs import astuple

from operators.events import Kind, PlanEvent
from operators.market_events import MarketEvent
from operators.plan_json import plan_to_json
from operators.plans import Plan
from operators.rows import DeadLetter, GapRow, MarketEventRow, PlanRow, ProgressRow, StateRow
from sinks import tables
from sinks.bulk import together
from sinks.canonical import canonical, quick, quick_lines
from sinks.copying import Row
from sinks.event_data import data_texts

KIND_TEXT: Final = {kind: kind.value for kind in Kind}


def event_rows(events: Sequence[PlanEvent]) -> list[Row]:
    """Write events as rows that still lack their last column, stream_seq.

    Raises ValueError naming the event for NaN, infinity and data that is no JSON.
    """
    kinds, texts = KIND_TEXT, data_texts(events)
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
    """Write states as rows, the newest of each plan only, as they lie in the table: in order of plan_id.

    Raises ValueError naming the plan for NaN, infinity.
    """
    newest: dict[str, StateRow] = {}
    for state in states:
        other = newest.setdefault(state.plan_id, state)
        if other is not state and (state.last_seq, state.updated_ns) >= (other.last_seq, other.updated_ns):
            newest[state.plan_id] = state
    rows = [_state_row(newest[plan_id]) for plan_id in sorted(newest)]
    for piece in together(rows):
        _refuse_no_numbers(piece)
    return rows


def _refuse_no_numbers(rows: Sequence[Row]) -> None:
    for column, values in zip(tables.plan_states.columns, zip(*rows, strict=True), strict=False):
        broken = _no_number(values) if isinstance(column.type, sa.Double) else None
        if broken is not None:
            msg = f"plan {rows[broken][0]}: {column.name} is {values[broken]}, no number of dollars or R"
            raise ValueError(msg)


def _state_row(state: StateRow) -> Row:
    row: Row = astuple(state)
    return row if state.data_gap is None else (*row[:-1], canonical(state.data_gap))


def plan_rows(plans: Sequence[PlanRow]) -> list[Row]:
    """Write registered plans as rows.  Raises ValueError or TypeError for a body that is no JSON."""
    texts = chain.from_iterable(map(_body_texts, together(plans)))
    return [
        (p.plan_id, p.version, p.symbol, p.style, p.direction, p.registered_ns, text)
        for p, text in zip(plans, texts, strict=True)
    ]


def _body_texts(plans: Sequence[PlanRow]) -> list[str]:
    bodies = [plan.body for plan in plans]
    lines = quick_lines(bodies) if set(map(type, bodies)) == {Plan} else None
    return lines or list(map(_body_text, bodies))


def _body_text(body: Mapping[str, Any] | Plan) -> str:
    if isinstance(body, Plan):  # whose numbers are finite, or it would not be one
        return quick(body) or canonical(plan_to_json(body))
    return canonical(body)


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


def market_event_rows(told: Iterable[MarketEventRow]) -> list[Row]:
    """Write market events, each as it was told, as rows, escaped as dead letters are."""
    return [_market_event_row(each.event, each.revision) for each in told]


def _market_event_row(event: MarketEvent, revision: int) -> Row:
    names, told = map(_storable, (event.event_id, event.symbol, event.kind)), (revision, event.told_ns)
    return (*names, str(event.severity), event.at_ns, event.known_at_ns, _storable(event.label), *told)


def data_gap_rows(told: Iterable[GapRow]) -> list[Row]:
    """Write gaps, each as it was told, as rows."""
    return [
        (symbol, gap.at_ns, gap.name, gap.state, gap.from_ns, gap.to_ns, _storable(gap.reason))
        for symbol, gap in ((each.symbol, each.gap) for each in told)
    ]


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
