"""The process that takes the tape through the dataflow, as it grows, until it is told to stop and has read it all."""

from contextlib import AbstractContextManager
from threading import Event
from typing import Any

from flows.begun_within import begun_within_notes, scan_from
from flows.live.child import STATUS_SECONDS, telling
from flows.live.options import LiveOptions
from flows.live.outage import Outage
from flows.live.waiting import awaited
from flows.logs import log_line
from flows.meter import Meter
from flows.newcomers import Newcomers
from flows.repeating import repeating
from flows.replay import Prepared, run
from flows.replayed import Replay
from flows.scanning import load_history
from flows.tape.beginning import begins_at
from flows.tape.files import TapeFile, log_file, topic_file
from flows.tape.reader import TapeReader
from operators.nyse import nyse_calendar
from operators.sessions import new_york


def follow_tape(options: LiveOptions, stop: Event) -> None:
    """Follow the tape into the database.  Raises CommandError, DatabaseError."""
    began_ns = awaited(lambda: begins_at(_tape(options)), stop)
    if began_ns is None:
        return
    meter = Meter(stop=stop, noted=_log_note)
    prepared = _prepared(options, began_ns)
    for note in prepared.notes:
        _log_note(note)
    with telling(lambda: _facts(meter)), _waits_logged(meter):
        run(prepared, meter)


def _log_note(note: str) -> None:
    log_line("flow_note", note=note)


def _waits_logged(meter: Meter) -> AbstractContextManager[None]:
    """Log from when to when the rows wait for the database; a wait that is over between two looks is none."""
    outage = Outage("writes", log_line)
    return repeating(lambda: outage.look(meter.waiting), STATUS_SECONDS, "outage")


def _tape(options: LiveOptions) -> TapeFile:
    return log_file(options.tape) if options.topic is None else topic_file(options.topic)


def _prepared(options: LiveOptions, began_ns: int) -> Prepared:
    flow = options.flow
    scanned = frozenset(options.symbols) if flow.scan else frozenset[str]()
    first_ns = nyse_calendar().day_on_or_after(new_york(began_ns).date()).pre_ns
    history, letters = load_history(flow, scanned, first_ns)
    reader = TapeReader(
        (_tape(options),),
        tuple(sorted(options.symbols)),
        late_ns=flow.late_ns,
        for_bars=flow.scan,
        odd_lots=flow.odd_lots,
        extended_hours=flow.extended_hours,
        grows=True,
    )
    newcomers = Newcomers(flow, first_ns)
    replayed = Replay(
        plans=(),
        events=(),
        reader=reader,
        history=history,
        follow=True,
        newcomers=newcomers,
        scan_from_ns=scan_from(began_ns) if flow.scan else 0,
    )
    notes = begun_within_notes(began_ns) if flow.scan else []
    return Prepared(flow, replayed, (), tuple(notes), letters)


def _facts(meter: Meter) -> dict[str, Any]:
    return {
        "prints": meter.rows,
        "tape_ns": meter.tape_ns,
        "dead_letters": meter.dead_letters,
        "divergences": meter.divergences,
        "first_divergence": meter.first_divergence,
    }
