"""The process that writes the tape: the feed, and what people ask for, until it is told to stop."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Event

from flows.feed.address import feed_address
from flows.feed.api_key import key_from
from flows.feed.client import FeedClient
from flows.feed.feed_clock import FeedClock
from flows.feed.settings import FeedSettings
from flows.feed.tape_sink import TapeSink, left_behind
from flows.live.asked import Asked
from flows.live.asking import asking
from flows.live.child import OverError, telling
from flows.live.options import LiveOptions
from flows.logs import log_line
from flows.tape.segments.writer import TapeWriter
from sinks.database import open_database
from sinks.schema import ensure_schema


def ingest(options: LiveOptions, stop: Event) -> None:
    """Follow the feed onto the tape.  Raises OverError when it ended for good, TapeError, DatabaseError."""
    clock = FeedClock()
    subscriptions = tuple(f"T.{symbol}" for symbol in options.symbols) or ("T.*",)
    address = feed_address(options.feed_url, options.rest_url)
    behind = left_behind(options.tape)
    settings = FeedSettings(address, subscriptions, options.symbols, behind=behind, repair=options.repair)
    with TapeWriter(options.tape, options.sync) as writer:
        for note in writer.notes:
            log_line("tape_note", note=note)
        client = FeedClient(settings, key_from(), TapeSink(writer), log_line, clock=clock, stop=stop)
        with _commands(options, client, writer), telling(client.status.to_json):
            ended = client.run()
    log_line("feed_over", **client.status.to_json())
    if ended is not None:
        msg = f"the feed is over ({ended}); what it said stands above"
        raise OverError(msg)


def _commands(options: LiveOptions, client: FeedClient, writer: TapeWriter) -> AbstractContextManager[None]:
    """Put on the tape what people ask for; a run that only records asks nobody."""
    return nullcontext() if options.record_only else _asking(options, client, writer)


@contextmanager
def _asking(options: LiveOptions, client: FeedClient, writer: TapeWriter) -> Iterator[None]:
    engine = open_database(options.flow.database)
    try:
        ensure_schema(engine)
        asked = Asked(options.flow, engine, lambda: client.time_told, client.clock.now_ns)
        with asking(lambda: asked(writer), client.stop, log_line):
            yield
    finally:
        engine.dispose()
