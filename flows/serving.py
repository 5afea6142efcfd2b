"""The API beside a run: `fancy-trader serve` in a process of its own, which begins before the run and ends after it."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from multiprocessing.connection import Connection
from threading import Thread
from typing import Final

import typer

from flows.commands.common import writable
from flows.commands.serve import serve_until_stopped
from flows.errors import BadInputError, CommandError

LOOPBACK: Final = "127.0.0.1"
LEAVE_SECONDS: Final = 10.0


def served(database: str, port: int | None) -> AbstractContextManager[None]:
    """Serve on a port of this machine until the end of the block; None: serve nothing."""
    return nullcontext() if port is None else _beside(database, port)


@contextmanager
def _beside(database: str, port: int) -> Iterator[None]:
    with writable(database):  # its tables: the server creates nothing
        pass
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(there, database, port), name="serve", daemon=True)
    process.start()
    there.close()
    try:
        url = _url_from(here)
        typer.echo(f"serving {url} (a board of the plans; documentation at {url}/docs) while this runs", err=True)
        yield
    finally:
        process.terminate()
        process.join(LEAVE_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()


def _url_from(here: Connection) -> str:
    try:
        url, refused = here.recv()
    except EOFError:
        msg = "the server did not start; what it said stands above"
        raise CommandError(msg) from None
    if refused is not None:
        raise BadInputError(refused)
    return str(url)


def _serve(there: Connection, database: str, port: int) -> None:
    """The child: out of the reach of a terminal's Ctrl-C, which is the run's to take, and gone with its parent."""
    os.setsid()
    Thread(target=_leave_with_parent, daemon=True).start()
    try:
        serve_until_stopped(database, LOOPBACK, port, ready=lambda url: there.send((url, None)))
    except BadInputError as error:
        there.send((None, str(error)))


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
