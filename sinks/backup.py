"""Copying a SQLite database while others use it, and putting a copy back.

A copy is one file, as of one instant, whose pages were checked before it got its name.  PostgreSQL has its own tools.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import sqlalchemy as sa

from sinks.database import open_database, reading, sqlite_file
from sinks.errors import DatabaseError, explained, shown
from sinks.generation import renew
from sinks.schema import known_revision
from sinks.streams import last_stream_seq
from sinks.tables import identity

MS_NS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds: its file's `bytes`, its tables' `revision`, and the position of its newest event."""

    bytes: int
    revision: str
    last_stream_seq: int


def back_up(url: str, file: Path) -> Copied:
    """Copy the database at `url` into a new `file`; others may read and write meanwhile.

    Raises DatabaseError when the file is there already, or the database is damaged or of no revision that is known.
    """
    source = sqlite_file(url)
    if _taken(file):
        msg = f"{file}: there is a file already, and a copy replaces none; choose another name"
        raise DatabaseError(msg)
    with _staging(file) as staged:
        copied = _copy_out(source, staged, file)
        _sync(staged)
        staged.rename(file)
        _sync(file.parent)
    return copied


def restore(file: Path, url: str, now_ns: int, *, overwrite: bool = False) -> Copied:
    """Put a copy in the place of the database at `url`: all of it, or, when anything raises, nothing.

    Commands asked for since the copy was made have numbers that the copy would give out again, and who was told such a
    number asks by it what became of the command; so new ones are numbered from `now_ns`, the wall clock in ns UTC, on.
    Raises DatabaseError when something stands there and `overwrite` is not set, when another program has it open,
    and when the copy is damaged or of no revision that is known.
    """
    target = sqlite_file(url)
    if target.exists() and file.exists() and target.samefile(file):
        msg = f"{file}: it cannot be put in its own place; choose another database"
        raise DatabaseError(msg)
    if _taken(target) and not overwrite:
        msg = f"{shown(url)}: it holds something; --force gives it up for the copy"
        raise DatabaseError(msg)
    with _staging(target) as staged:
        copied = _copy_out(file, staged, target)
        _number_commands_from(staged, now_ns // MS_NS)
        _renew_generation(staged)
        with _connection(staged, staged) as source, _connection(target, target) as into:
            _be_alone(into, url)
            source.backup(into)
            into.execute("PRAGMA journal_mode = WAL")
    return copied


def _copy_out(source: Path, staged: Path, final: Path) -> Copied:
    """Copy in one step: of several, each would begin anew whenever somebody wrote in between."""
    engine = open_database(_url(source), read_only=True)
    try:
        with reading(engine) as connection:
            found = known_revision(connection)
            last = last_stream_seq(connection)
            driver: Any = connection.connection.driver_connection
            with _connection(staged, final) as target:
                driver.backup(target)
                target.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
                _check(target, source)
        return Copied(staged.stat().st_size, found, last)
    finally:
        engine.dispose()


def _check(copy: sqlite3.Connection, source: Path) -> None:
    try:
        found = str(copy.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        msg = f"{shown(_url(source))}: the file is damaged ({' '.join(found.split())}); use another copy, or replay"
        raise DatabaseError(msg)


def _number_commands_from(path: Path, number: int) -> None:
    with _connection(path, path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        given = connection.execute("SELECT max(seq) FROM sqlite_sequence WHERE name = 'commands'").fetchone()[0] or 0
        connection.execute("DELETE FROM sqlite_sequence WHERE name = 'commands'")
        connection.execute("INSERT INTO sqlite_sequence VALUES ('commands', ?)", (max(given, number),))
        connection.execute("COMMIT")


def _be_alone(connection: sqlite3.Connection, url: str) -> None:
    """Lock everybody else out until the connection closes.  Leaving WAL fails as long as another has the file open."""
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        msg = f"{shown(url)}: another program has it open; stop that program first"
        raise DatabaseError(msg) from error


def _renew_generation(path: Path) -> None:
    """Positions given since the copy was made must not be taken for positions of this database."""
    engine = sa.create_engine(_url(path), poolclass=sa.NullPool)
    with engine.begin() as connection:
        if sa.inspect(connection).has_table(identity.name):  # else the upgrade draws one
            renew(connection)


@contextmanager
def _staging(final: Path) -> Iterator[Path]:
    """A name for an unfinished file, beside the finished one's; gone in the end."""
    try:
        with TemporaryDirectory(prefix=f".{final.name}.", dir=final.parent) as folder:
            yield Path(folder) / "copy.db"
    except OSError as error:
        msg = f"{final}: it cannot be written ({error.strerror}); check its folder and the free space"
        raise DatabaseError(msg) from error


@contextmanager
def _connection(path: Path, shown_as: Path) -> Iterator[sqlite3.Connection]:
    """A connection without the pragmas of a writer, which would fix the size of pages before the copy does."""
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            yield connection
    except sqlite3.Error as error:
        reason = explained(sa.make_url(_url(shown_as)), error)
        if reason is None:
            raise
        raise reason from error


def _taken(path: Path) -> bool:
    """An empty file is free; what SQLite left beside a file that is gone is not, for it would join a new one."""
    beside = (path.with_name(path.name + ending) for ending in ("-wal", "-journal"))
    return path.is_dir() or (path.exists() and path.stat().st_size > 0) or any(each.exists() for each in beside)


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _url(path: Path) -> str:
    return sa.URL.create("sqlite", database=str(path)).render_as_string()
