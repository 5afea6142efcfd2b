"""The market as it happens: the feed in a process of its own, the tape that it writes through the dataflow here."""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from threading import Thread
from typing import Final

import typer

from flows.calendars import nyse_calendar
from flows.errors import CommandError, ExitCode
from flows.feed.api_key import key_from
from flows.live.ingest import ingest
from flows.live.options import LiveOptions
from flows.logs import log_line, set_up
from flows.meter import Meter
from flows.replay import Prepared, run
from flows.run_replay import progress_of
from flows.scanning import load_history
from flows.serving import served
from flows.tape.files import TapeFile, find_tape_files
from flows.tape.reader import TapeReader
from flows.tape.segments.follower import TapeFollower
from flows.tape_source import Replay
from sinks.errors import DatabaseError

WAIT_SECONDS: Final = 0.1
LEAVE_SECONDS: Final = 10.0


def run_live(options: LiveOptions, *, quiet: bool, serve_port: int | None = None) -> None:
    """Follow the feed until Ctrl-C or SIGTERM, served on a port if one is given.

    Raises CommandError when the feed ended for good.
    """
    key_from()  # the other process needs it: better to hear of it here
    say = None if sys.stderr.isatty() else lambda url: log_line("serving", url=url, documentation=f"{url}/docs")
    set_up("live")
    with served(options.flow.database, serve_port, say), _told():
        _run(options, quiet=quiet)


@contextmanager
def _told() -> Iterator[None]:
    """Let a failure of a run be in the log, where everything is that a run says."""
    try:
        yield
    except (CommandError, DatabaseError) as error:
        if sys.stderr.isatty():
            raise
        code = error.exit_code if isinstance(error, CommandError) else ExitCode.FAILURE
        log_line("live_failed", why=str(error), exit_code=int(code))
        raise typer.Exit(code) from None


def _run(options: LiveOptions, *, quiet: bool) -> None:
    meter = Meter()
    context = multiprocessing.get_context("spawn")
    feed = context.Process(target=ingest, args=(options, os.getpid()), name="ingest", daemon=True)
    feed.start()
    try:
        with _stopping(feed), progress_of(meter, shown=sys.stderr.isatty() and not quiet):
            first_ns = _first_record(options, feed, meter)
            if first_ns is not None:
                Thread(target=_stop_with, args=(feed, meter), daemon=True).start()
                run(_prepared(options, first_ns), meter)
    finally:
        _leave(feed)
    if feed.exitcode:
        msg = "the feed ended; what it said stands above"
        raise CommandError(msg)
    log_line("stopped", prints=meter.rows, dead_letters=meter.dead_letters, divergences=meter.divergences)


def _first_record(options: LiveOptions, feed: BaseProcess, meter: Meter) -> int | None:
    """Wait for the tape's first record and return its time, ns UTC; None when it will not come."""
    while feed.is_alive() and not meter.stop.is_set():
        if options.tape.is_dir():
            with TapeFollower(options.tape) as follower:
                placed = follower.read()
            if placed:
                return placed[0][0].receive_ns
        time.sleep(WAIT_SECONDS)
    return None


def _prepared(options: LiveOptions, first_ns: int) -> Prepared:
    (file,), _ = _tape_of(options)
    flow = options.flow
    scanned = frozenset(options.symbols) if flow.scan else frozenset[str]()
    session = nyse_calendar().block(first_ns).session_date
    history, letters = load_history(flow, scanned, nyse_calendar().day_on_or_after(session).pre_ns)
    reader = TapeReader(
        (file,),
        tuple(sorted(options.symbols)),
        late_ns=flow.late_ns,
        for_bars=flow.scan,
        odd_lots=flow.odd_lots,
        extended_hours=flow.extended_hours,
    )
    replayed = Replay(plans=(), events=(), reader=reader, history=history, follow=True)
    return Prepared(flow, replayed, (), (), letters)


def _tape_of(options: LiveOptions) -> tuple[list[TapeFile], list[str]]:
    files, notes = find_tape_files([options.tape])
    return files[:1], notes


def _stop_with(feed: BaseProcess, meter: Meter) -> None:
    """End the flow at the tape's end once its writer is gone."""
    feed.join()
    meter.stop.set()


@contextmanager
def _stopping(feed: BaseProcess) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the feed; the flow ends where its tape does, having read all of it."""
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(each, lambda *_: feed.terminate()) for each in signals]
    try:
        yield
    finally:
        for each, handler in zip(signals, before, strict=True):
            signal.signal(each, handler)


def _leave(feed: BaseProcess) -> None:
    if feed.is_alive():
        feed.terminate()
    feed.join(LEAVE_SECONDS)
    if feed.is_alive():
        feed.kill()
        feed.join()
