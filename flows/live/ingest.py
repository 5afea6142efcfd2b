"""The process that writes the tape: the feed, and what people ask for, until it is told to stop."""

import os
import signal
import sys
from threading import Event, Thread

from flows.errors import CommandError, ExitCode
from flows.feed.address import feed_address
from flows.feed.api_key import key_from
from flows.feed.client import FeedClient
from flows.feed.feed_clock import FeedClock
from flows.feed.settings import FeedSettings
from flows.feed.tape_sink import TapeSink, left_behind
from flows.live.asked import Asked
from flows.live.asking import asking
from flows.live.options import LiveOptions
from flows.logs import log_line, set_up
from flows.signals import STOPPING, SetLater
from flows.tape.segments.writer import TapeWriter
from sinks.database import open_database
from sinks.errors import DatabaseError
from sinks.schema import ensure_schema


def ingest(options: LiveOptions, parent: int) -> None:
    """Follow the feed onto the tape; leave with the exit code of what ended it.  Stops when its parent is gone."""
    set_up("feed")
    stop = Event()
    for each in STOPPING:
        signal.signal(each, SetLater(stop))
    Thread(target=_watch_parent, args=(parent, stop), name="parent", daemon=True).start()
    try:
        sys.exit(_follow(options, stop))
    except CommandError as error:
        log_line("ingest_failed", why=str(error))
        sys.exit(int(error.exit_code))
    except DatabaseError as error:
        log_line("ingest_failed", why=str(error))
        sys.exit(int(ExitCode.FAILURE))


def _follow(options: LiveOptions, stop: Event) -> int:
    clock = FeedClock()
    subscriptions = tuple(f"T.{symbol}" for symbol in options.symbols) or ("T.*",)
    address = feed_address(options.feed_url, options.rest_url)
    behind = left_behind(options.tape)
    settings = FeedSettings(address, subscriptions, options.symbols, behind=behind, repair=options.repair)
    engine = open_database(options.flow.database)
    try:
        ensure_schema(engine)
        with TapeWriter(options.tape, options.sync) as writer:
            for note in writer.notes:
                log_line("tape_note", note=note)
            client = FeedClient(settings, key_from(), TapeSink(writer), log_line, clock=clock, stop=stop)
            asked = Asked(options.flow, engine, lambda: client.time_told, clock.now_ns)
            with asking(lambda: asked(writer), stop, log_line):
                ended = client.run()
    finally:
        engine.dispose()
    log_line("feed_over", **client.status.to_json())
    return int(ExitCode.DONE if ended is None else ExitCode.FAILURE)


def _watch_parent(parent: int, stop: Event) -> None:
    while not stop.wait(1.0):
        if os.getppid() != parent:
            stop.set()
