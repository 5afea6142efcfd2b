"""Explaining a plan from the database; for an instant in the past, from the recording the database names."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from flows.errors import BadInputError, DataMissingError
from flows.items import GapOf, MarketCalendar
from flows.kafka.topic import topic_of
from flows.options import STREAM
from flows.tape.files import find_tape_files
from flows.tape.reader import TapeReader
from flows.tape.scan import ScanFilter
from flows.tape.told_gaps import concerns
from operators.book import SymbolBook
from operators.events import Kind, PlanEvent
from operators.explanation import Circumstances, clock, explain
from operators.frames import by_symbol, tag
from operators.gating import GateSettings, gate_timeline
from operators.market_events import MarketEvent, standing
from operators.nyse import nyse_calendar
from operators.plan_reading import NO_DEFAULTS, read_plan
from operators.plans import Plan
from operators.records import Cancel, Command, Register
from operators.rows import ProgressRow, ScanRow
from operators.sessions import SessionBlock, SessionRangeError
from operators.state import PlanState
from sinks.reader import events_of_plan, progress_of, stream_of
from sinks.scan_reader import proposal_of
from sinks.tables import plans as plans_table
from sinks.told_reader import market_events_known, market_events_told


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database knows of one plan: its versions with their registration, events, and the run's inputs.

    `settings`: the gates' margins; `calendar`: the market events that were known before the tape began.  `found`: the
    candidate that it was made of; None for a plan that was given.
    """

    versions: tuple[Register, ...]
    events: tuple[PlanEvent, ...]
    inputs: dict[str, Any]
    settings: GateSettings
    calendar: tuple[MarketEvent, ...]
    progress: ProgressRow | None
    found: ScanRow | None


def explain_plan(connection: sa.Connection, plan_id: str, at_ns: int | None) -> list[str]:
    """Explain a plan at an instant (ns UTC), or at the end of what was replayed.  Nothing later is looked at.

    Raises DataMissingError for a plan that is unknown, or was not found yet, and when the recording is needed and gone;
    BadInputError for an instant beyond the calendar.
    """
    stored = _stored(connection, plan_id)
    end_ns = stored.progress.tape_ns if stored.progress else 0
    last_ns = max([end_ns, *(event.at_ns for event in stored.events)])
    at_ns = last_ns if at_ns is None else at_ns
    block = _block(at_ns)
    if stored.found is not None and at_ns < stored.found.at_ns:
        msg = f"no plan {plan_id} as of {clock(at_ns)}: the scan had not found it"
        raise DataMissingError(msg)
    plan, state, prints = _retold(stored, plan_id, at_ns)
    happened = [event for event in stored.events if event.at_ns <= at_ns]
    gates = gate_timeline(plan.symbol, market_events_known(connection, at_ns), stored.settings)
    now = Circumstances(plan, state, happened[-1] if happened else None, at_ns, block, gates, prints)
    return [*explain(now), *(() if stored.found is None else (_found(stored.found),))]


def _block(at_ns: int) -> SessionBlock:
    try:
        return nyse_calendar().block(at_ns)
    except SessionRangeError as error:
        raise BadInputError(str(error)) from None


def _found(row: ScanRow) -> str:
    """Say how a plan came to be."""
    return f"found by the scan at {clock(row.at_ns)}: {row.profile['rationale']}"


def _stored(connection: sa.Connection, plan_id: str) -> Stored:
    query = sa.select(plans_table.c.registered_ns, plans_table.c.body).where(plans_table.c.plan_id == plan_id)
    rows = connection.execute(query.order_by(plans_table.c.version)).all()
    if not rows:
        msg = f"no plan {plan_id} in this database (fancy-trader plans list shows them)"
        raise DataMissingError(msg)
    versions = tuple(Register(at_ns, read_plan(body, NO_DEFAULTS)) for at_ns, body in rows)
    symbol, stream = versions[0].plan.symbol, stream_of(connection, STREAM)
    inputs = stream.inputs if stream else {}
    settings = GateSettings.from_json(inputs.get("gates", {}))
    calendar = tuple(market_events_told(connection, 0))
    progress = progress_of(connection, symbol).get(STREAM)
    events, found = tuple(events_of_plan(connection, plan_id)), proposal_of(connection, plan_id)
    return Stored(versions, events, inputs, settings, calendar, progress, found)


def _retold(stored: Stored, plan_id: str, at_ns: int) -> tuple[Plan, PlanState | None, ProgressRow | None]:
    """Run the plan's symbol again up to the instant."""
    plan = stored.versions[0].plan
    book, told = SymbolBook(plan.symbol), stored.calendar
    book.set_gates(gate_timeline(plan.symbol, told, stored.settings))
    book.commands(_commands(stored))
    calendar = nyse_calendar()
    last_ns = 0
    for frame in _reader(stored, plan.symbol, at_ns).pieces():
        for _, ticks in by_symbol(tag(frame.frame, calendar)):
            book.advance(ticks)
            last_ns = max(last_ns, ticks.end_ns)
        for mark in frame.marks:
            if isinstance(mark, GapOf) and concerns(mark, plan.symbol):
                book.gap(mark.gap)
            elif isinstance(mark, MarketCalendar):
                told = (*told, *mark.events)
                book.mark(mark.reached_ns)
                book.set_gates(gate_timeline(plan.symbol, standing(told), stored.settings))
    book.mark(_shown_ns(stored, at_ns))
    book.end(at_ns)
    prints, current = replace(book.progress(), tape_ns=last_ns), book.plan(plan_id)
    return (plan, None, prints) if current is None else (*current, prints)


def _shown_ns(stored: Stored, at_ns: int) -> int:
    """How far time is known to have come by an instant, prints apart: to where the replay went on, and to events.

    An expiry has its deadline's time, which only a later record showed to have passed.
    """
    shown = (stored.inputs.get("to_ns"), *(event.at_ns for event in stored.events))
    return max((each for each in shown if each is not None and each <= at_ns), default=0)


def _commands(stored: Stored) -> Sequence[Command]:
    cancelled = [Cancel(event.at_ns, event.plan_id) for event in stored.events if event.kind is Kind.CANCELLED]
    return [*stored.versions, *cancelled]


def _reader(stored: Stored, symbol: str, at_ns: int) -> TapeReader:
    paths = tuple(Path(name) for name in stored.inputs.get("files", ()))
    gone = [str(path) for path in paths if topic_of(path) is None and not path.exists()]
    if gone or not paths:
        what = ", ".join(gone) or "its files"
        msg = f"the recording is needed to look at {clock(at_ns)}, and {what} cannot be found"
        raise DataMissingError(msg)
    files, _ = find_tape_files(paths)
    ends = [each for each in (stored.inputs.get("to_ns"), at_ns) if each is not None]
    wanted = ScanFilter(stored.inputs.get("from_ns"), min(ends), frozenset({symbol}))
    return TapeReader(tuple(files), (symbol,), wanted, stored.inputs["late_ns"])
