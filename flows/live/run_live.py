"""The market as it happens: the feed, the flow that reads its tape, and the server, each in a process of its own.

This one starts them, starts again what is gone, and in the end lets them go in order: the feed first, then whoever
publishes its tape to a topic, so that the flow reads all that was written.  What there was no time for stays on the
tape, and the next run goes on from there.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Event
from typing import Final

import typer

from flows.commands.common import writable
from flows.errors import CommandError, ExitCode
from flows.feed.api_key import key_from
from flows.kafka.topic import Topic, need_client
from flows.live import bodies
from flows.live.board import Board
from flows.live.bodies import Served
from flows.live.options import LiveOptions
from flows.live.place import Place
from flows.logs import log_line, set_up
from flows.signals import signals_set
from sinks.errors import DatabaseError

LOOK_SECONDS: Final = 0.1
AFTER_THE_FEED: Final = ("publish", "flow")
"""In this order: each reads what the one before it writes."""
FEED_SECONDS: Final = 4.0
FLOW_SECONDS: Final = 8.5
"""How long after the wish to stop the feed and the others may take; together less than ten seconds."""


def run_live(options: LiveOptions, *, quiet: bool, serve_port: int | None = None) -> None:
    """Follow the feed until Ctrl-C or SIGTERM, served on a port if one is given.

    Raises CommandError when the feed ended for good, or a process could not even begin.
    """
    if options.feeds:
        key_from()  # the feed's process needs it: better to hear of it here
    if options.topic is not None:
        _reach(options.topic, make=options.publishes)
    if not options.record_only:
        with writable(options.flow.database):  # the tables: the server creates nothing
            pass
    set_up("live")
    with _told():
        _run(options, quiet=quiet, serve_port=serve_port)


def _run(options: LiveOptions, *, quiet: bool, serve_port: int | None) -> None:
    board, stop = Board(), Event()
    wanted = (
        ("feed", bodies.feed, options.feeds),
        ("publish", bodies.publish, options.publishes),
        ("flow", bodies.flow, options.flows and not options.record_only),
    )
    places = [Place(name, body, lambda: options, board) for name, body, runs in wanted if runs]
    if serve_port is not None:
        places.append(Place("serve", bodies.serve, lambda: _served(options, serve_port, board), board))
    database = None if options.record_only else options.flow.database
    with signals_set(stop), _line(board, database, shown=sys.stderr.isatty() and not quiet):
        try:
            code = _supervise(places, stop)
        finally:
            _let_go(places)
    _report(board, code)


def _reach(topic: Topic, *, make: bool) -> None:
    """Make sure that a topic can be reached; better to hear of it here.  Raises CommandError."""
    need_client(topic)
    from flows.kafka.client import ends_of, ensure_topic

    if make:
        ensure_topic(topic, None)
    else:
        ends_of(topic)


def _line(board: Board, database: str | None, *, shown: bool) -> AbstractContextManager[None]:
    if not shown:
        return nullcontext()
    from flows.live.status_line import shown_status

    return shown_status(board, database)


def _supervise(places: list[Place], stop: Event) -> int | None:
    """Keep every place filled until told to stop (None), or until one is left for good: its child's exit code."""
    for place in places:
        place.fill()
    while not stop.wait(LOOK_SECONDS):
        for place in places:
            code = place.look()
            if code is not None:
                return code
    return None


def _let_go(places: list[Place]) -> None:
    """End the children: the feed and the server at once, the flow when the tape has its last record."""
    began = time.monotonic()
    for place in places:
        if place.name not in AFTER_THE_FEED:
            place.release()
    for place in places:
        seconds = FEED_SECONDS if place.name == "feed" else FLOW_SECONDS
        if not place.leave(began + seconds):
            log_line("child_killed", child=place.name, seconds=round(time.monotonic() - began, 3))


def _report(board: Board, code: int | None) -> None:
    facts = {name: board.fact("flow", name, 0) for name in ("prints", "dead_letters", "divergences")}
    log_line("stopped", **facts, frames=board.fact("feed", "frames", 0), restarts=board.restarts)
    if code is not None:
        msg = "a process of this run ended for good; what it said stands above"
        error = CommandError(msg)
        error.exit_code = ExitCode(code)
        raise error
    if facts["divergences"]:
        error = CommandError(f"diverged: {board.fact('flow', 'first_divergence')}")
        error.exit_code = ExitCode.DIVERGENCE
        raise error


def _served(options: LiveOptions, port: int, board: Board) -> Served:
    """What is served; on the port that it had when it comes back."""
    url = board.fact("serve", "url")
    return Served(options.flow.database, port if url is None else int(url.rpartition(":")[2]))


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
