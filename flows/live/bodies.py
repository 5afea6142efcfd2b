"""What the children do, by name: each imports its own world when it runs, and the parent none of them."""

from threading import Event
from typing import NamedTuple

from flows.collector import collect_later, importing
from flows.crew import make_ready
from flows.live.options import LiveOptions


class Served(NamedTuple):
    """`port` 0: any that is free."""

    database: str
    port: int


def feed(options: LiveOptions, stop: Event) -> None:
    """Write the tape."""
    with importing():
        from flows.live.ingest import ingest

    ingest(options, stop)


def publish(options: LiveOptions, stop: Event) -> None:
    """Publish the tape to its topic."""
    with importing():
        from flows.live.publishing import publish_tape

    publish_tape(options, stop)


def flow(options: LiveOptions, stop: Event) -> None:
    """Take the tape through the dataflow; who waits for it after a crash waits for its imports too."""
    make_ready(options.flow.workers)
    collect_later()
    from flows.live.following import follow_tape

    follow_tape(options, stop)


def serve(what: Served, stop: Event) -> None:
    """Serve the database."""
    with importing():
        from flows.live.beside import serve_beside

    serve_beside(what.database, what.port, stop)
