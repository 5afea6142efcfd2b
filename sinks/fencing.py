"""One run at a time writes a stream: a lock that ends with its holder, and a token that every batch looks at.

The lock refuses who comes second: a lock file beside a SQLite database, an advisory lock of PostgreSQL.  Either is gone
at once when the process that holds it dies, so that a run that was killed can be started again.  A lock can be lost
without its holder knowing (the server restarts); then the token decides: whoever took it last may write, and a batch of
anybody else is refused inside its transaction.  All writers of one run share its token.
"""

import fcntl
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from sinks.bulk import lock_writers
from sinks.database import reading, translated
from sinks.errors import DatabaseError, shown
from sinks.kept_file import file_of
from sinks.tables import runs

T = TypeVar("T")

PATIENCE_SECONDS: Final = 3.0
"""A run that was killed a moment ago may need as long to let go."""
POLL_SECONDS: Final = 0.05
LOCK_CLASS: Final = 5_064_321
"""First key of the advisory locks; the second tells the stream."""

# A holder whose machine vanished without a word is given up after 5 + 3 × 2 s, not after the usual two hours.
_SESSION: Final = (
    "SET tcp_keepalives_idle = 5",
    "SET tcp_keepalives_interval = 2",
    "SET tcp_keepalives_count = 3",
    "SET idle_session_timeout = 0",
)


_TOKEN: Final = sa.select(runs.c.token).where(runs.c.stream == sa.bindparam("stream"))
"""Built once: every batch asks."""


class StreamTakenError(DatabaseError):
    """Another run writes the stream."""


class FencedError(DatabaseError):
    """Another run has taken the stream over; this one may write no more."""


@contextmanager
def sole_writer(engine: sa.Engine, stream: str, patience_s: float = PATIENCE_SECONDS) -> Iterator[int]:
    """Keep every other run off a stream; give the token that this run's batches carry.

    Raises StreamTakenError when another run holds it and goes on holding it for `patience_s`.
    """
    with ExitStack() as held:
        if engine.dialect.name == "postgresql":
            held.enter_context(_advisory_lock(engine, stream, patience_s))
        else:
            held.enter_context(_file_lock(engine, stream, patience_s))
        yield take(engine, stream)


def take(engine: sa.Engine, stream: str) -> int:
    """Take the stream from whoever has it; return the new token.  From now on batches with older ones are refused."""
    owner = f"process {os.getpid()} on {socket.gethostname()}"
    with engine.begin() as connection:
        lock_writers(connection)
        token = token_of(connection, stream) + 1
        connection.execute(runs.delete().where(runs.c.stream == stream))
        connection.execute(runs.insert().values(stream=stream, token=token, owner=owner))
    return token


def check(connection: sa.Connection, stream: str, token: int | None) -> None:
    """Raise FencedError when the stream was taken with another token; None: nobody is kept off.

    What it finds stays true under the writers' lock.
    """
    if token is None or token_of(connection, stream) == token:
        return
    msg = f"{shown(connection.engine.url)}: {_owner(connection, stream)} took over {stream}; this run writes no more"
    raise FencedError(msg)


def token_of(connection: sa.Connection, stream: str) -> int:
    """The token given last for a stream; 0 before the first."""
    return connection.scalar(_TOKEN, {"stream": stream}) or 0


def failure_of(connection: sa.Connection, stream: str) -> str | None:
    """Why the run that took the stream last could not go on; None while it can, and when it was only stopped."""
    return connection.scalar(sa.select(runs.c.failure).where(runs.c.stream == stream))


def set_failure(engine: sa.Engine, stream: str, token: int, failure: str) -> None:
    """Record why the run with this token cannot go on; without effect once another run has taken the stream."""
    with engine.begin() as connection:
        lock_writers(connection)
        mine = (runs.c.stream == stream) & (runs.c.token == token)
        connection.execute(runs.update().where(mine).values(failure=failure))


def _owner(connection: sa.Connection, stream: str) -> str:
    return connection.scalar(sa.select(runs.c.owner).where(runs.c.stream == stream)) or "another run"


@contextmanager
def _file_lock(engine: sa.Engine, stream: str, patience_s: float) -> Iterator[None]:
    """A file of its own: closing the database's would let go of SQLite's locks on it."""
    database = file_of(engine.url)
    path = database.with_name(f"{database.name}.{stream}-lock")
    try:
        number = _patiently(lambda: locked_file(path), patience_s)
    except OSError as error:
        msg = f"{path}: it cannot be locked ({error.strerror}); check its folder and the free space"
        raise DatabaseError(msg) from error
    if number is None:
        raise StreamTakenError(_taken(engine, stream))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(number)


def locked_file(path: Path) -> int | None:
    """Open a file that nobody else has locked, and lock it; None when somebody has.  Raises OSError.

    Whoever lets go unlinks the file first, so a lock counts only on the file that still has the name.
    """
    number = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(number), path.stat()):
            return number
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError:
        os.close(number)
        raise
    os.close(number)
    return None


@contextmanager
def _advisory_lock(engine: sa.Engine, stream: str, patience_s: float) -> Iterator[None]:
    """A connection that does nothing but hold the lock; it may be lost, see above."""
    with translated(engine):
        pooled = engine.raw_connection()
        driver: Any = pooled.driver_connection
    try:
        with translated(engine):
            driver.autocommit = True
            for setting in _SESSION:
                driver.execute(setting)
            query = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"
            held = _patiently(lambda: driver.execute(query, (LOCK_CLASS, stream)).fetchone()[0] or None, patience_s)
        if held is None:
            raise StreamTakenError(_taken(engine, stream))
        yield
    finally:
        pooled.invalidate()


def _patiently(attempt: Callable[[], T | None], patience_s: float) -> T | None:
    until = time.monotonic() + patience_s
    while True:
        found = attempt()
        if found is not None or time.monotonic() >= until:
            return found
        time.sleep(POLL_SECONDS)


def _taken(engine: sa.Engine, stream: str) -> str:
    with reading(engine) as connection:
        owner = _owner(connection, stream)
    return f"{shown(engine.url)}: {owner} is writing to it; stop that one, or choose another database"
