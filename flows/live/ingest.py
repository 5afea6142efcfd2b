"""The process that writes the tape: the feed, and what people ask for, until it is told to stop."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
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
from flows.tape.command_feed import COMMANDS
from flows.tape.segments.writer import TapeWriter
from sinks.commands import added_symbols
from sinks.database import open_database, reading
from sinks.fencing import sole_writer
from sinks.schema import ensure_schema


@dataclass(frozen=True, slots=True)
class Desk:
    """Where people ask, and the token with which this run alone takes from there."""

    engine: sa.Engine
    token: int


def ingest(options: LiveOptions, stop: Event) -> None:
    """Follow the feed onto the tape.  Raises OverError when it ended for good, TapeError, DatabaseError.

    StreamTakenError among them, before anything is taken, when another run takes the commands of the database.
    """
    address = feed_address(options.feed_url, options.rest_url)
    behind = left_behind(options.tape)
    with TapeWriter(options.tape, options.sync) as writer, _desk(options) as desk:
        for note in writer.notes:
            log_line("tape_note", note=note)
        symbols = _symbols(options, desk)
        subscriptions = tuple(map(subscription_of, symbols or (EVERY_SYMBOL,)))
        settings = FeedSettings(address, subscriptions, symbols, behind=behind, repair=options.repair)
        client = FeedClient(settings, key_from(), TapeSink(writer), log_line, stop=stop)
        with _asking(options, client, writer, desk, symbols), telling(client.status.to_json):
            ended = client.run()
    log_line("feed_over", **client.status.to_json())
    if ended is not None:
        msg = f"the feed is over ({ended}); what it said stands above"
        raise OverError(msg)


@contextmanager
def _desk(options: LiveOptions) -> Iterator[Desk | None]:
    """Open what people ask in, and keep every other run off; a run that only records asks nobody."""
    if options.record_only:
        yield None
        return
    engine = open_database(options.flow.database)
    try:
        ensure_schema(engine)
        with sole_writer(engine, COMMANDS) as token:
            yield Desk(engine, token)
    finally:
        engine.dispose()


def _symbols(options: LiveOptions, desk: Desk | None) -> tuple[str, ...]:
    """Return what the run was begun with and what commands have added since; none: every symbol."""
    if desk is None or not options.symbols:
        return options.symbols
    with reading(desk.engine) as connection:
        return tuple(dict.fromkeys((*options.symbols, *added_symbols(connection))))


def _asking(
    options: LiveOptions,
    client: FeedClient,
    writer: TapeWriter,
    desk: Desk | None,
    symbols: tuple[str, ...],
) -> AbstractContextManager[None]:
    """Put on the tape what people ask for while the block lasts."""
    if desk is None:
        return nullcontext()
    told, now_ns, watch = lambda: client.time_told, client.clock.now_ns, client.joining.add
    asked = Asked(options.flow, desk.engine, told, now_ns, watch, symbols, desk.token)
    return asking(lambda: asked(writer), client.stop, log_line)
