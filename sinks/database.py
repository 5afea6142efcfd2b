"""Opening a database: SQLite with the pragmas that make it durable and fast, or PostgreSQL.

Every error that the database itself is to blame for leaves here, or any use of the engine, as a DatabaseError.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from math import ceil
from pathlib import Path
from types import NoneType
from typing import Any, Final
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler

from sinks.canonical import canonical
from sinks.errors import BUSY_SECONDS, DatabaseError, DatabaseMissingError, DatabaseUrlError, explained, shown
from sinks.kept_file import KeptFile, file_of

__all__ = ["DatabaseError", "open_database", "reading", "shown", "sqlite_file", "translated"]

DRIVERS: Final = {
    "sqlite": "sqlite+pysqlite",
    "sqlite+pysqlite": "sqlite+pysqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
FORMS: Final = "use sqlite:///FILE or postgresql://USER@HOST/NAME"
SQLITE_OPTIONS: Final = frozenset(
    {"uri", "mode", "cache", "immutable", "nolock", "psow", "vfs"}  # of SQLite's URIs
    | {"timeout", "detect_types", "check_same_thread", "cached_statements"}  # of the driver
)
CONNECT_SECONDS: Final = 10
WATCHED: Final = "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3"
"""A client that vanished without a word is given up after 5 + 3 × 2 s, not after two hours: it may hold the lock."""

PRAGMAS: Final = ("synchronous = FULL", "foreign_keys = ON", "journal_size_limit = 67108864")
READER_PRAGMAS: Final = ("cache_size = -32768",)  # KiB: rows of a list lie on as many pages of the file
WRITER_PRAGMAS: Final = (
    "page_size = 16384",  # of a new file: fewer pages to split and to sync
    "journal_mode = WAL",
)
CACHE_KIB: Final = 65_536
"""So much of a SQLite database a writer keeps in memory, once it has seen as much."""


def open_database(
    url: str, *, read_only: bool = False, patience_s: float | None = None, cache_kib: int = CACHE_KIB
) -> sa.Engine:
    """Open a database and return its engine, once a first connection has proved that it answers.

    `read_only` writes nothing and creates nothing.  Otherwise a SQLite file that is missing is created, and every
    SQLite transaction takes the write lock as it begins (see `reading` for those that only read), and none begins once
    the file has lost its name.
    `patience_s`: how long to wait for a lock, for a server to answer and for a free connection, instead of what suits
    a run of the flow.  `cache_kib`: of SQLite, for writers.
    Raises DatabaseError: DatabaseUrlError for a text that names none, DatabaseMissingError for one that is not there.
    """
    parsed = _parsed(url)
    build = partial(_sqlite, cache_kib=cache_kib) if parsed.get_backend_name() == "sqlite" else _postgresql
    try:
        engine = build(parsed, read_only, patience_s)
        event.listen(engine, "handle_error", _translate)
        with engine.connect():
            return engine
    except (TypeError, ValueError) as error:  # an option that the driver cannot read
        msg = f"{shown(url)}: it cannot be opened ({error}); check the options after the question mark"
        raise DatabaseUrlError(msg) from error
    except DatabaseMissingError as error:
        if read_only or parsed.query or parsed.get_backend_name() != "sqlite":
            raise
        folder = file_of(parsed).parent  # it is there, else that was said: SQLite would have made the file
        msg = f"{shown(url)}: the folder {folder} cannot be written; make it writable, or choose another file"
        raise DatabaseError(msg) from error


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection for reading only: it sees one instant throughout and keeps no writer waiting."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            yield connection.execution_options(sqlite_begin="DEFERRED")
        else:
            yield connection.execution_options(isolation_level="REPEATABLE READ")


@contextmanager
def translated(engine: sa.Engine) -> Iterator[None]:
    """Raise DatabaseError for what goes wrong in the driver, past SQLAlchemy's sight (COPY does)."""
    dbapi: Any = engine.dialect.dbapi
    try:
        yield
    except dbapi.Error as error:
        reason = explained(engine.url, error)
        if reason is None:
            raise
        raise reason from error


def sqlite_file(url: str) -> Path:
    """Return the file that a SQLite URL names.

    Raises DatabaseUrlError for another engine, for a database in memory, and for options.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() != "sqlite":
        msg = f"{shown(url)}: only SQLite files are copied here; for PostgreSQL use pg_dump and pg_restore"
        raise DatabaseUrlError(msg)
    if parsed.query:
        msg = f"{shown(url)}: it names no plain file; use sqlite:///FILE"
        raise DatabaseUrlError(msg)
    return Path(str(parsed.database))


def _parsed(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        msg = f"{shown(url)!r} is not a database URL; {FORMS}"
        raise DatabaseUrlError(msg) from None
    if parsed.drivername not in DRIVERS:
        msg = f"{shown(url)}: {parsed.drivername} is not supported; {FORMS}"
        raise DatabaseUrlError(msg)
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        msg = f"{url}: a database in memory is seen by one connection only; use sqlite:///FILE"
        raise DatabaseUrlError(msg)
    if parsed.get_backend_name() == "sqlite":
        _refuse_unknown_options(url)
    return parsed.set(drivername=DRIVERS[parsed.drivername])


def _refuse_unknown_options(url: str) -> None:
    """They are of the file's name, most likely; SQLAlchemy would open the file that is named before them."""
    _, question, options = url.partition("?")
    for each in options.split("&") if question else ():
        name = each.partition("=")[0]
        if name not in SQLITE_OPTIONS:
            msg = f"{shown(url)}: {name!r} is no option of SQLite; a question mark in a file's name is written %3F"
            raise DatabaseUrlError(msg)


def _refuse_ignored_options(url: sa.URL) -> None:
    """SQLAlchemy would drop them, and mode=ro with them."""
    if url.query and url.query.get("uri") != "true":
        msg = f"{shown(url)}: options need a URI; write sqlite:///file:NAME?mode=ro&uri=true"
        raise DatabaseUrlError(msg)


def _as_it_is(nothing: None) -> None:
    """Let None be NULL.  Where nobody says so, the driver asks two objects for methods that neither has, each time."""
    return nothing


def _sqlite(url: sa.URL, read_only: bool, patience_s: float | None, *, cache_kib: int) -> sa.Engine:
    _refuse_ignored_options(url)
    sqlite3.register_adapter(NoneType, _as_it_is)
    busy_s, file = BUSY_SECONDS if patience_s is None else patience_s, KeptFile(url)
    engine = sa.create_engine(
        url,
        connect_args={"isolation_level": None, "timeout": busy_s},
        json_serializer=canonical,
        **_waiting(patience_s),
    )

    engine.dialect.statement_compiler = _Compiler

    @event.listens_for(engine, "do_connect")
    def open_without_creating(_dialect: Any, _record: Any, args: list[Any], options: dict[str, Any]) -> None:
        if read_only and not options.get("uri") and args[0] != ":memory:":
            args[0] = f"file:{quote(args[0])}?mode=ro"
            options["uri"] = True

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: Any) -> None:
        pragmas = READER_PRAGMAS if read_only else (*WRITER_PRAGMAS, f"cache_size = -{cache_kib}")
        for pragma in pragmas + PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        file.opened()

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        """Take the lock first: waiting for it in mid-transaction fails at once, whatever the timeout says."""
        if not read_only:
            file.check()
            how = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
            connection.exec_driver_sql(f"BEGIN {how}")
            return
        driver: Any = connection.connection.driver_connection
        with translated(engine):  # SQLAlchemy's own way takes longer than many a read
            driver.execute("BEGIN DEFERRED")

    return engine


class _Compiler(SQLiteCompiler):
    """Writes hints of tables, which SQLAlchemy's own compiler for SQLite leaves out without a word."""

    def get_from_hint_text(self, table: sa.FromClause, text: str | None) -> str | None:
        """Say it behind the table's name."""
        return text


def _postgresql(url: sa.URL, read_only: bool, patience_s: float | None) -> sa.Engine:
    connect_s = CONNECT_SECONDS if patience_s is None else ceil(patience_s)
    engine = sa.create_engine(
        url,
        isolation_level="READ COMMITTED",
        connect_args={} if "connect_timeout" in url.query else {"connect_timeout": connect_s},
        pool_pre_ping=True,
        json_serializer=canonical,
        **_waiting(patience_s),
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        lock_s = BUSY_SECONDS if patience_s is None else patience_s
        connection.execute(f"SET lock_timeout = {round(lock_s * 1000)};{WATCHED}")
        connection.commit()
        connection.read_only = read_only

    return engine


def _waiting(patience_s: float | None) -> dict[str, Any]:
    return {} if patience_s is None else {"pool_timeout": patience_s}


def _translate(context: sa.engine.ExceptionContext) -> None:
    error = context.original_exception
    dbapi: Any = context.dialect.dbapi
    if context.engine is not None and isinstance(error, dbapi.Error):
        reason = explained(context.engine.url, error)
        if reason is not None:
            raise reason from error
