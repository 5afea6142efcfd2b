"""The database as the API holds it: opened when first asked, and again after it was gone.  Reads never write."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from sinks.database import open_database, reading
from sinks.errors import DatabaseError, shown
from sinks.schema import ensure_schema


class Store:
    """Connections to one database: `read` sees one instant and keeps no writer waiting, `write` is one transaction.

    Both raise DatabaseError when it is locked for longer than `busy_s`, gone, or not of this program's revision.
    """

    def __init__(self, url: str, busy_s: float) -> None:
        self._url, self._busy_s = url, busy_s
        self._engines: dict[bool, sa.Engine] = {}
        self._lock = Lock()

    @property
    def on_sqlite(self) -> bool:
        """Whether the database is a file."""
        return self._url.startswith("sqlite")

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection for reading."""
        with self._translated(), reading(self.engine(read_only=True)) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A connection in a transaction of its own, which commits at the end."""
        with self._translated(), self.engine(read_only=False).begin() as connection:
            yield connection

    def engine(self, *, read_only: bool) -> sa.Engine:
        """The engine, opened and its schema proved when first asked for."""
        with self._lock:
            if read_only not in self._engines:
                self._engines[read_only] = self._opened(read_only)
            return self._engines[read_only]

    def close(self) -> None:
        """Disconnect; the next use opens again."""
        with self._lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()

    def _opened(self, read_only: bool) -> sa.Engine:
        with open_read_only(self._url) as first:  # creates nothing, whatever it is opened for
            ensure_schema(first, create=False)
        engine = open_database(self._url, read_only=read_only)
        engine.dispose()  # so that every connection hears what follows
        event.listen(engine, "connect", self._impatient)
        return engine

    def _impatient(self, connection: Any, _record: Any) -> None:
        """A request gives up on a lock long before a replay would."""
        if self.on_sqlite:
            connection.execute(f"PRAGMA busy_timeout = {round(self._busy_s * 1000)}")
        else:
            connection.execute(f"SET lock_timeout = {round(self._busy_s * 1000)}")
            connection.commit()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.TimeoutError:
            msg = f"{shown(self._url)}: all connections are busy; try again"
            raise DatabaseError(msg) from None


@contextmanager
def open_read_only(url: str) -> Iterator[sa.Engine]:
    """An engine for a look: nothing is written, and it is closed in the end."""
    engine = open_database(url, read_only=True)
    try:
        yield engine
    finally:
        engine.dispose()
