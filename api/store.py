"""The database as the API holds it: opened when first asked, and again after it was gone.  Reads never write."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, local
from typing import Any, Final

import sqlalchemy as sa

from sinks.database import open_database, reading
from sinks.errors import DatabaseError, shown
from sinks.schema import ensure_schema

STEPS: Final = 1_000
"""How often SQLite asks whether it is late: in instructions of its own, of which it runs millions a second."""


class _Mine(local):
    """Of each thread: until when its reads have time; None: as long as it takes."""

    until_s: float | None = None


class Store:
    """Connections to one database: `read` sees one instant and keeps no writer waiting, `write` is one transaction.

    Both raise DatabaseError when it is locked or without a free connection for longer than `busy_s`, gone, or not of
    this program's revision.
    """

    def __init__(self, url: str, busy_s: float) -> None:
        self._url, self._busy_s = url, busy_s
        self._engines: dict[bool, sa.Engine] = {}
        self._brief: sa.Engine | None = None
        self._mine = _Mine()
        self._lock = Lock()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection for reading."""
        if self._mine.until_s is None:
            with self._translated(), reading(self.engine(read_only=True)) as connection:
                yield connection
            return
        if self._brief is None:
            msg = f"{shown(self._url)}: it is not open for what must not wait"
            raise DatabaseError(msg)
        with self._translated(), reading(self._brief) as connection:
            driver: Any = connection.connection.driver_connection
            driver.set_progress_handler(self._is_late, STEPS)
            yield connection

    @property
    def can_be_brief(self) -> bool:
        """Whether `briefly` will do: for SQLite that is open."""
        return self._brief is not None

    @contextmanager
    def briefly(self, seconds: float) -> Iterator[None]:
        """Have this thread's reads begin and end within so long: those that would not raise DatabaseError.

        What SQLite reads of a disk may still take longer, a page of it.
        """
        self._mine.until_s = time.monotonic() + seconds
        try:
            yield
        finally:
            self._mine.until_s = None

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A connection in a transaction of its own, which commits at the end."""
        with self._translated(), self.engine(read_only=False).begin() as connection:
            yield connection

    def engine(self, *, read_only: bool) -> sa.Engine:
        """The engine, opened and its schema proved when first asked for."""
        engine = self._engines.get(read_only)
        if engine is not None:
            return engine
        with self._alone():
            if read_only not in self._engines:
                self._engines[read_only] = engine = self._opened(read_only)
                if read_only and engine.dialect.name == "sqlite":
                    self._brief = open_database(self._url, read_only=True, patience_s=0.0)
            return self._engines[read_only]

    def close(self) -> None:
        """Disconnect; the next use opens again."""
        with self._lock:
            engines = [*self._engines.values(), *([self._brief] if self._brief else [])]
            self._engines.clear()
            self._brief = None
        for engine in engines:
            engine.dispose()

    def _is_late(self) -> bool:
        until_s = self._mine.until_s
        return until_s is not None and time.monotonic() > until_s

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One opens; the others wait no longer than for a lock, lest their waits add up."""
        if not self._lock.acquire(timeout=self._busy_s):
            msg = f"{shown(self._url)}: it is still being opened, or another program holds its lock; try again"
            raise DatabaseError(msg)
        try:
            yield
        finally:
            self._lock.release()

    def _opened(self, read_only: bool) -> sa.Engine:
        with self._look() as first:  # creates nothing, whatever it is opened for
            ensure_schema(first, create=False)
        return open_database(self._url, read_only=read_only, patience_s=self._busy_s)

    @contextmanager
    def _look(self) -> Iterator[sa.Engine]:
        engine = open_database(self._url, read_only=True, patience_s=self._busy_s)
        try:
            yield engine
        finally:
            engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.TimeoutError:
            msg = f"{shown(self._url)}: all connections are busy; try again"
            raise DatabaseError(msg) from None
