"""The process that takes the tape through the dataflow, as it grows, until it is told to stop and has read it all."""

from datetime import date
from threading import Event
from typing import Any

from flows.begun_within import begins_ns, begun_within_notes
from flows.live.child import telling
from flows.live.options import LiveOptions
from flows.live.waiting import awaited
from flows.logs import log_line
from flows.meter import Meter
from flows.newcomers import Newcomers
from flows.replay import Prepared, run
from flows.replayed import Replay
from flows.scanning import load_history
from flows.tape.beginning import day_of_tape, day_of_topic
from flows.tape.files import log_file, topic_file
from flows.tape.reader import TapeReader
from operators.nyse import nyse_calendar


def follow_tape(options: LiveOptions, stop: Event) -> None:
    """Follow the tape into the database.  Raises CommandError, DatabaseError."""
    day = awaited(lambda: _first_day(options), stop)
    if day is None:
        return
    meter = Meter(stop=stop)
    prepared = _prepared(options, day)
    for note in prepared.notes:
        log_line("flow_note", note=note)
    with telling(lambda: _facts(meter)):
        run(prepared, meter)
    for note in meter.notes:
        log_line("flow_note", note=note)


def _first_day(options: LiveOptions) -> date | None:
    """Return the day on which the tape begins; None before it does."""
    return day_of_tape(options.tape) if options.topic is None else day_of_topic(options.topic)


def _prepared(options: LiveOptions, day: date) -> Prepared:
    flow = options.flow
    scanned = frozenset(options.symbols) if flow.scan else frozenset[str]()
    first_ns = nyse_calendar().day_on_or_after(day).pre_ns
    history, letters = load_history(flow, scanned, first_ns)
    reader = TapeReader(
        (log_file(options.tape) if options.topic is None else topic_file(options.topic),),
        tuple(sorted(options.symbols)),
        late_ns=flow.late_ns,
        for_bars=flow.scan,
        odd_lots=flow.odd_lots,
        extended_hours=flow.extended_hours,
        grows=True,
    )
    newcomers = Newcomers(flow, first_ns)
    replayed = Replay(plans=(), events=(), reader=reader, history=history, follow=True, newcomers=newcomers)
    notes = begun_within_notes(begins_ns(reader.files, None)) if flow.scan else []
    return Prepared(flow, replayed, (), tuple(notes), letters)


def _facts(meter: Meter) -> dict[str, Any]:
    return {
        "prints": meter.rows,
        "tape_ns": meter.tape_ns,
        "dead_letters": meter.dead_letters,
        "divergences": meter.divergences,
        "first_divergence": meter.first_divergence,
    }
