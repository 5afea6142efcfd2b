"""Hearing that somebody wrote: `PRAGMA data_version` on SQLite, LISTEN on PostgreSQL.  Rule: a bell may be missed.

Whoever waits looks into the tables after every wait, whether it rang or not.
"""

from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa

from sinks.database import translated

CHANNEL: Final = "fancy_trader"


def ring(connection: sa.Connection) -> None:
    """Tell listeners, once this transaction commits; SQLite needs no telling."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"NOTIFY {CHANNEL}")


class Doorbell:
    """A connection of its own that hears what others commit.  Used by one thread."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        with translated(engine):
            self._pooled = engine.raw_connection()
            driver: Any = self._pooled.driver_connection
            self._driver = driver
            self._on_sqlite = engine.dialect.name == "sqlite"
            if not self._on_sqlite:
                self._driver.autocommit = True
                self._driver.execute(f"LISTEN {CHANNEL}")
            self._version = self._data_version()

    def wait(self, seconds: float, step_s: float, pause: Callable[[float], bool]) -> bool:
        """Wait until somebody has committed, at most so long; return whether it rang.

        On SQLite it looks every `step_s` seconds, and `pause` sleeps in between, returning True to leave at once.
        Raises DatabaseError when the connection is lost.
        """
        with translated(self._engine):
            if not self._on_sqlite:
                return any(True for _ in self._driver.notifies(timeout=seconds, stop_after=1))
            for _ in range(max(1, round(seconds / step_s))):
                version = self._data_version()
                if version != self._version:
                    self._version = version
                    return True
                if pause(step_s):
                    break
            return False

    def close(self) -> None:
        """Disconnect."""
        self._pooled.invalidate()

    def _data_version(self) -> int:
        if not self._on_sqlite:
            return 0
        return int(self._driver.execute("PRAGMA data_version").fetchone()[0])
