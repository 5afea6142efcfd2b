"""Drivers whose n-th call fails once, on both engines: every statement, every COPY, every COMMIT counts."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import event


class Fault:
    """`kind`: what happens at call number `at`, from 1; `calls`: how many there were.  It happens once."""

    def __init__(self, kind: str, at: int) -> None:
        self.kind, self.at, self.calls, self.happened = kind, at, 0, False

    def strikes(self) -> bool:
        """Count a call; return whether it is the one."""
        self.calls += 1
        if self.calls != self.at or self.happened:
            return False
        self.happened = True
        return True


SQLITE = {
    "locked": sqlite3.SQLITE_LOCKED,
    "busy": sqlite3.SQLITE_BUSY,
    "full": sqlite3.SQLITE_FULL,
    "EIO": sqlite3.SQLITE_IOERR,
}
REFUSALS = (
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.AdminShutdown,
)
POSTGRESQL = ("refused", "reset", "full")
"""`refused`: by one REFUSALS after the other; `reset`: the connection is gone, with a COMMIT heard but unanswered."""
PASSING = {"locked", "busy", "refused", "reset"}
"""What a second try gets over."""


def sqlite_error(kind: str) -> sqlite3.OperationalError:
    """What the driver raises."""
    error = sqlite3.OperationalError(kind)
    error.sqlite_errorcode = SQLITE[kind]
    return error


@contextmanager
def failing(engine: sa.Engine, kind: str, at: int) -> Iterator[Fault]:
    """Let the `at`-th call of an engine's connections fail; those that it has are closed first."""
    fault = Fault(kind, at)
    name = "do_connect" if engine.dialect.name == "sqlite" else "connect"
    engine.dispose()

    def to_sqlite(_dialect: Any, _record: Any, _args: Any, options: dict[str, Any]) -> None:
        options["factory"] = lambda *args, **given: _SqliteConnection(fault, *args, **given)

    def to_postgresql(connection: psycopg.Connection[Any], _record: Any) -> None:
        connection.cursor_factory = lambda *args, **given: _PostgresCursor(fault, *args, **given)  # type: ignore[assignment]
        whole = connection.commit

        def commit() -> None:
            if not fault.strikes():
                return whole()
            if fault.kind == "reset":
                whole()
            return strike(connection, fault)

        connection.commit = commit  # type: ignore[method-assign]

    listener = to_sqlite if name == "do_connect" else to_postgresql
    event.listen(engine, name, listener)
    try:
        yield fault
    finally:
        event.remove(engine, name, listener)
        engine.dispose()


def strike(connection: psycopg.Connection[Any], fault: Fault) -> None:
    """Fail as the server, or the way to it, would: a lost connection is lost indeed."""
    if fault.kind == "reset":
        connection.close()
        msg = "server closed the connection unexpectedly"
        raise psycopg.OperationalError(msg)
    raise psycopg.errors.DiskFull if fault.kind == "full" else REFUSALS[fault.at % len(REFUSALS)]


class _PostgresCursor(psycopg.Cursor[Any]):
    def __init__(self, fault: Fault, connection: psycopg.Connection[Any], **given: Any) -> None:
        super().__init__(connection, **given)
        self._fault = fault

    def execute(self, *args: Any, **given: Any) -> Any:
        if self._fault.strikes():
            strike(self.connection, self._fault)
        return super().execute(*args, **given)

    def executemany(self, *args: Any, **given: Any) -> None:
        if self._fault.strikes():
            strike(self.connection, self._fault)
        super().executemany(*args, **given)

    @contextmanager
    def copy(self, *args: Any, **given: Any) -> Iterator[Any]:
        with super().copy(*args, **given) as copy:
            yield copy
            if self._fault.strikes():
                strike(self.connection, self._fault)


class _SqliteConnection(sqlite3.Connection):
    def __init__(self, fault: Fault, *args: Any, **given: Any) -> None:
        given.pop("factory", None)
        super().__init__(*args, **given)
        self._fault = fault

    def cursor(self, *_: Any, **__: Any) -> Any:
        cursor = super().cursor(_SqliteCursor)
        cursor.fault = self._fault
        return cursor

    def commit(self) -> None:
        if self._fault.strikes():
            self.rollback()  # as SQLite does when a COMMIT fails for good
            raise sqlite_error(self._fault.kind)
        super().commit()


class _SqliteCursor(sqlite3.Cursor):
    fault: Fault

    def execute(self, *args: Any, **given: Any) -> Any:
        if self.fault.strikes():
            raise sqlite_error(self.fault.kind)
        return super().execute(*args, **given)

    def executemany(self, *args: Any, **given: Any) -> Any:
        if self.fault.strikes():
            raise sqlite_error(self.fault.kind)
        return super().executemany(*args, **given)
