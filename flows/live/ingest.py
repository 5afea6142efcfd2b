"""The process that writes the tape: the feed, plan commands and market events, until it is told to stop."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

from flows.errors import CommandError, ExitCode
from flows.event_files import load_events
from flows.feed.address import feed_address
from flows.feed.api_key import key_from
from flows.feed.client import FeedClient
from flows.feed.feed_clock import FeedClock
from flows.feed.settings import Behind, FeedSettings
from flows.live.options import LiveOptions
from flows.live.plan_commands import commands_of_file, poll_commands
from flows.live.tape_sink import TapeSink
from flows.tape.segments.follower import TapeFollower
from flows.tape.segments.payloads import read_gap
from flows.tape.segments.record import Kind
from flows.tape.segments.writer import TapeWriter
from sinks.database import open_database
from sinks.errors import DatabaseError

POLL_SECONDS: Final = 0.05
"""How often the commands table is looked at."""


def ingest(options: LiveOptions, parent: int) -> None:
    """Follow the feed onto the tape; leave with the exit code of what ended it.  Stops when its parent is gone."""
    stop = Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stop.set())
    try:
        _follow(options, stop, parent)
    except (CommandError, DatabaseError) as error:
        say("ingest_failed", why=str(error))
        sys.exit(getattr(error, "exit_code", ExitCode.FAILURE))


def _follow(options: LiveOptions, stop: Event, parent: int) -> None:
    key, address, clock = key_from(), feed_address(options.feed_url, options.rest_url), FeedClock()
    behind = left_behind(options.tape)
    with TapeWriter(options.tape, options.sync) as writer:
        for note in writer.notes:
            say("tape_mended", note=note)
        sink = TapeSink(writer, clock)
        subscriptions = tuple(f"T.{symbol}" for symbol in options.symbols) or ("T.*",)
        settings = FeedSettings(address, subscriptions, options.symbols, behind, options.repair)
        client = FeedClient(settings, key, sink, say, clock=clock, stop=stop)
        threads = [
            Thread(target=_guarded, args=(stop, work), name=name, daemon=True)
            for name, work in (
                ("commands", lambda: _commands(options, sink, stop)),
                ("parent", lambda: _watch_parent(parent, stop)),
            )
        ]
        for thread in threads:
            thread.start()
        ended = client.run()
        stop.set()
        threads[0].join()
        sink.commit()
    if ended is not None:
        msg = f"the feed is over: {ended}"
        raise CommandError(msg)


def _guarded(stop: Event, work: Callable[[], None]) -> None:
    """Let what goes wrong in a thread stop the whole, and say it."""
    try:
        work()
    except (CommandError, DatabaseError) as error:
        say("ingest_failed", why=str(error))
        stop.set()


def _commands(options: LiveOptions, sink: TapeSink, stop: Event) -> None:
    """Once time was told: what the files say, then whatever the commands table says."""
    while not sink.ready.wait(POLL_SECONDS):
        if stop.is_set():
            return
    if options.flow.events is not None:
        sink.market_events(tuple(load_events(options.flow.events)))
    if options.flow.plans is not None:
        for command in commands_of_file(options.flow.plans):
            sink.command(command)
    engine = open_database(options.flow.database)
    try:
        while not stop.wait(POLL_SECONDS):
            for command in poll_commands(engine, sink.command):
                say("command", id=command.id, kind=command.kind)
    finally:
        engine.dispose()


def _watch_parent(parent: int, stop: Event) -> None:
    while not stop.wait(1.0):
        if os.getppid() != parent:
            stop.set()


def left_behind(folder: Path) -> Behind | None:
    """Return where the tape's earlier writer stopped, and which gaps it left open; None for a new tape."""
    last_ns = 0
    gaps: dict[str, None] = {}
    for kind, at_ns, payload in _records(folder):
        last_ns = max(last_ns, at_ns)
        if kind is Kind.GAP:
            mark = read_gap(payload)
            gaps[mark.gap] = None
            if mark.state != "open":
                del gaps[mark.gap]
    return Behind(last_ns, tuple(gaps)) if last_ns else None


def _records(folder: Path) -> Iterator[tuple[Kind, int, bytes]]:
    if not folder.is_dir():
        return
    with TapeFollower(folder, visible_only=True) as follower:
        while placed := follower.read():
            for record, _ in placed:
                yield record.kind, record.receive_ns, record.payload


def say(event: str, **fields: Any) -> None:
    """Say what happened as one line of JSON on stderr."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    sys.stderr.write(json.dumps({"at": at, "event": event, **fields}, default=str) + "\n")
    sys.stderr.flush()
