"""The process that writes the tape: the feed, and what people ask for, until it is told to stop."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Event

import sqlalchemy as sa

from flows.feed.address import feed_address
from flows.feed.api_key import key_from
from flows.feed.client import FeedClient
from flows.feed.joining import subscription_of
from flows.feed.settings import FeedSettings
from flows.feed.sink import EVERY_SYMBOL
from flows.feed.tape_sink import TapeSink, left_behind
from flows.live.asked import Asked
from flows.live.asking import asking
from flows.live.child import OverError, telling
from flows.live.options import LiveOptions
from flows.logs import log_line
from flows.tape.segments.writer import TapeWriter
from sinks.commands import added_symbols
from sinks.database import open_database, reading
from sinks.schema import ensure_schema


def ingest(options: LiveOptions, stop: Event) -> None:
    """Follow the feed onto the tape.  Raises OverError when it ended for good, TapeError, DatabaseError."""
    address = feed_address(options.feed_url, options.rest_url)
    behind = left_behind(options.tape)
    with TapeWriter(options.tape, options.sync) as writer, _database(options) as engine:
        for note in writer.notes:
            log_line("tape_note", note=note)
        symbols = _symbols(options, engine)
        subscriptions = tuple(map(subscription_of, symbols or (EVERY_SYMBOL,)))
        settings = FeedSettings(address, subscriptions, symbols, behind=behind, repair=options.repair)
        client = FeedClient(settings, key_from(), TapeSink(writer), log_line, stop=stop)
        with _asking(options, client, writer, engine, symbols), telling(client.status.to_json):
            ended = client.run()
    log_line("feed_over", **client.status.to_json())
    if ended is not None:
        msg = f"the feed is over ({ended}); what it said stands above"
        raise OverError(msg)


@contextmanager
def _database(options: LiveOptions) -> Iterator[sa.Engine | None]:
    """Open what people ask in; a run that only records asks nobody."""
    if options.record_only:
        yield None
        return
    engine = open_database(options.flow.database)
    try:
        ensure_schema(engine)
        yield engine
    finally:
        engine.dispose()


def _symbols(options: LiveOptions, engine: sa.Engine | None) -> tuple[str, ...]:
    """Return what the run was begun with and what commands have added since; none: every symbol."""
    if engine is None or not options.symbols:
        return options.symbols
    with reading(engine) as connection:
        return tuple(dict.fromkeys((*options.symbols, *added_symbols(connection))))


def _asking(
    options: LiveOptions,
    client: FeedClient,
    writer: TapeWriter,
    engine: sa.Engine | None,
    symbols: tuple[str, ...],
) -> AbstractContextManager[None]:
    """Put on the tape what people ask for while the block lasts."""
    if engine is None:
        return nullcontext()
    asked = Asked(options.flow, engine, lambda: client.time_told, client.clock.now_ns, client.joining.add, symbols)
    return asking(lambda: asked(writer), client.stop, log_line)
