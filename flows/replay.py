"""Replaying recorded files: check everything, then run the dataflow into the database.

Nothing is written before every input has been read as far as it must be to be trusted.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Final

import sqlalchemy as sa

from flows.begun_within import begins_ns, begun_within_notes, scan_from
from flows.cluster import run_flow
from flows.errors import BadInputError, CommandError, DataMissingError
from flows.event_files import load_events
from flows.job import Job
from flows.meter import Meter
from flows.newcomers import Newcomers
from flows.options import STREAM, ReplayOptions
from flows.plan_files import PlanProblem, load_plans
from flows.recovery.resume import Resume
from flows.recovery.running import recovering
from flows.replayed import Replay
from flows.scanning import adjusted_notes, load_chains, load_history, scanned_symbols, splits_ahead
from flows.tape.beginning import first_day
from flows.tape.files import TapeFile, find_tape_files, verify
from flows.tape.parquet_reader import check_columns, first_instant
from flows.tape.reader import TapeReader, read_file
from flows.tape.scan import ScanFilter
from operators import ticks
from operators.conditions import ANY_LAST, Flag
from operators.eligibility import usable_flags
from operators.nyse import nyse_calendar
from operators.plan_reading import PlanDefaults
from operators.plans import Plan
from operators.rows import Batch, DeadLetter, MarketEventRow
from operators.sessions import SessionRangeError, new_york, new_york_day_ns
from sinks.database import open_database
from sinks.errors import DatabaseError
from sinks.fencing import set_failure, sole_writer
from sinks.retrying import persistently
from sinks.schema import ensure_schema
from sinks.streams import set_complete, set_inputs
from sinks.writer import SinkWriter, write_market_events

LAST_WORD_SECONDS: Final = 5.0
"""How long a run that failed tries to say so in the database."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Inputs that were checked, ready to run.  `notes` are for people: files passed over, plans left out."""

    options: ReplayOptions
    replay: Replay
    problems: tuple[PlanProblem, ...]
    notes: tuple[str, ...]
    letters: tuple[DeadLetter, ...] = ()


def prepare(options: ReplayOptions) -> Prepared:
    """Check all inputs.  Raises BadInputError or DataMissingError with one line; touches no database."""
    if options.from_ns is not None and options.to_ns is not None and options.from_ns > options.to_ns:
        msg = "--to lies before --from"
        raise BadInputError(msg)
    files, notes = find_tape_files(options.paths)
    with_rows = [file for file in files if verify(file)]
    for file in with_rows:
        if file.is_parquet:
            check_columns(file)
    if not with_rows:
        msg = f"{files[0].name}: holds no print{'' if files[0].is_log else ', only a header'}"
        raise DataMissingError(msg)
    events = load_events(options.events) if options.events else []
    plans, problems = _plans(options, files)
    chosen = [plan for plan in plans if options.symbols is None or plan.symbol in options.symbols]
    if len(chosen) < len(plans):
        notes.append(f"{len(plans) - len(chosen)} plans of other symbols are left out")
    scanned, strays = scanned_symbols(options, with_rows) if options.scan else (frozenset[str](), [])
    notes += strays
    watched = tuple(sorted({plan.symbol for plan in chosen} | scanned))
    if not watched and not any(file.is_log for file in files):
        raise _nothing_to_watch(options)
    first_ns = _first_instant(options, files)
    began_ns = begins_ns(files, options.from_ns) if options.scan else None
    notes += begun_within_notes(began_ns)
    history, letters = load_history(options, scanned, first_ns)
    last_ns = _last_instant(options, files)
    quoted = load_chains(options, scanned, first_ns, last_ns)
    wanted = ScanFilter(options.from_ns, options.to_ns, options.symbols)
    reader = TapeReader(
        tuple(files),
        watched,
        wanted,
        options.late_ns,
        for_bars=options.scan,
        plan_symbols={plan.plan_id: plan.symbol for plan in plans},
        odd_lots=options.odd_lots,
        extended_hours=options.extended_hours,
        grows=True,
    )
    replayed = Replay(
        plans=tuple(chosen),
        events=tuple(events),
        reader=reader,
        to_ns=options.to_ns,
        batch_rows=options.batch_rows,
        speed=options.speed,
        history=history,
        splits=splits_ahead(options, scanned, first_ns),
        chains=quoted.chains,
        newcomers=Newcomers(options, first_ns, last_ns),
        scan_from_ns=scan_from(began_ns),
    )
    return Prepared(
        options, replayed, tuple(problems), (*notes, *adjusted_notes(quoted)), (*letters, *quoted.dead_letters)
    )


def run(prepared: Prepared, meter: Meter) -> None:
    """Run a prepared replay into its database, as the only run that writes there.

    Raises DataMissingError when the tape held no usable print, StreamTakenError when another run writes there.
    """
    options = prepared.options
    engine = open_database(options.database)
    try:
        ensure_schema(engine)
        with recovering(options) as recovery, sole_writer(engine, STREAM) as token:
            resumes = None if recovery is None else recovery.resumes(engine, prepared.replay, token)
            for note in [] if recovery is None else recovery.notes:
                meter.note(note)
            _write(prepared, engine, token, meter, resumes)
    finally:
        engine.dispose()
    if not meter.end_ns and not meter.stopped_early:
        if meter.dead_letters and (options.from_ns, options.to_ns, options.symbols) == (None, None, None):
            msg = f"{_named(options)}: no usable print in {meter.rows:,} rows (see dead_letters)"
            raise DataMissingError(msg)
        raise _no_such_print(options)


def _nothing_to_watch(options: ReplayOptions) -> CommandError:
    """No plan of what was asked for, and no symbol to scan; where only the scan would watch, the tape lacks them."""
    if options.plans is None and options.universe is None:
        return _no_such_print(options)
    return BadInputError(f"--symbols: got {','.join(sorted(options.symbols or ()))}; no plan is of any of them")


def _no_such_print(options: ReplayOptions) -> DataMissingError:
    return DataMissingError(f"{_named(options)}: no print of what was asked for (--symbols, --from, --to)")


def _named(options: ReplayOptions) -> str:
    return ", ".join(map(str, options.paths))


def _write(
    prepared: Prepared,
    engine: sa.Engine,
    token: int,
    meter: Meter,
    resumes: Sequence[Resume] | None,
) -> None:
    options, replayed = prepared.options, prepared.replay
    set_inputs(engine, STREAM, _inputs(options, replayed))
    write_market_events(engine, [MarketEventRow(event) for event in replayed.events])
    letters = (*(problem.dead_letter() for problem in prepared.problems), *prepared.letters)
    if letters:
        SinkWriter(engine, STREAM, token).write(Batch(dead_letters=letters))
    usable = usable_flags(replayed.plans) | (Flag.LAST if options.scan else Flag(0))
    if replayed.reader.has_log:
        usable = ANY_LAST  # what plans on the tape may use is known too late
    try:
        run_flow(Job(options, replayed, usable, token=token, resumes=resumes), meter)
        if not meter.stopped_early:
            persistently(lambda: set_complete(engine, STREAM), leaving=meter.stop)
    except (CommandError, DatabaseError) as error:
        with suppress(DatabaseError):  # a database that is gone cannot be told
            failure = str(error)
            persistently(lambda: set_failure(engine, STREAM, token, failure), patience_s=LAST_WORD_SECONDS)
        raise


def _plans(options: ReplayOptions, files: Sequence[TapeFile]) -> tuple[list[Plan], list[PlanProblem]]:
    if options.plans is None:
        return [], []
    plans, problems = load_plans(options.plans, plan_defaults(options, files))
    _refuse_if_useless(options, plans, problems)
    return plans, problems


def _first_instant(options: ReplayOptions, files: Sequence[TapeFile]) -> int:
    """The pre-market open of the first session replayed, ns UTC."""
    return nyse_calendar().day_on_or_after(_first_day(options, files)).pre_ns


def _last_instant(options: ReplayOptions, files: Sequence[TapeFile]) -> int | None:
    """Where the replay stops, else the end of the last day that files name, ns UTC; None when one names none."""
    if options.to_ns is not None:
        return options.to_ns
    days = [file.day for file in files if file.day is not None]
    return new_york_day_ns(max(days))[1] - 1 if days and len(days) == len(files) else None


def plan_defaults(options: ReplayOptions, files: Sequence[TapeFile]) -> PlanDefaults:
    """Plans that do not say start at the pre-market open of the first day replayed."""
    calendar = nyse_calendar()
    day = _first_day(options, files)
    try:
        start_ns = calendar.day_on_or_after(day).pre_ns
    except SessionRangeError as error:
        raise BadInputError(str(error)) from None
    return PlanDefaults(start_ns, calendar.close_after, options.odd_lots, options.extended_hours)


def _first_day(options: ReplayOptions, files: Sequence[TapeFile]) -> date:
    asked = None if options.from_ns is None else new_york(options.from_ns).date()
    days = [file.day or first_day(file) or _day_of_first_print(file) for file in files]
    recorded = [day for day in days if day is not None and (asked is None or day >= asked)]
    if not recorded and asked is None:
        msg = f"{files[0].path}: no usable print to tell the day by"
        raise DataMissingError(msg)
    return min(recorded, default=asked or date.min)


def _day_of_first_print(file: TapeFile) -> date | None:
    if file.is_parquet:
        first = first_instant(file)
        return None if first is None else new_york(first).date()
    for piece in read_file(file, ScanFilter()):
        if len(piece.ticks):
            return new_york(int(piece.ticks.get_column(ticks.SIP_NS).min())).date()  # type: ignore[arg-type]
    return None


def _refuse_if_useless(options: ReplayOptions, plans: Sequence[Plan], problems: Sequence[PlanProblem]) -> None:
    if problems and options.strict:
        raise BadInputError(str(problems[0]))
    if not plans:
        reason = str(problems[0]) if problems else f"{options.plans}: holds no plan"
        raise BadInputError(reason)


def _inputs(options: ReplayOptions, replayed: Replay) -> dict[str, object]:
    """What `explain --at` and `asof` need to read the tape again."""
    return {
        "files": [file.full_name for file in replayed.reader.files],
        "from_ns": options.from_ns,
        "to_ns": options.to_ns,
        "late_ns": options.late_ns,
        "option_quotes": str(options.option_quotes.absolute()) if options.option_quotes else None,
        "gates": options.gates.to_json(),
    }
