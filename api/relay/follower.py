"""Follows the database on a thread of its own and hands what is new to the hub.  Rule: it never gives up.

The bell may be missed, so it looks after every wait.  A database that is gone is looked for again; one that is another
than before (its place, its first event, or fewer events) starts a new epoch.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from api.relay.hub import Hub
from api.relay.reading import PAGE, news, place, prices_moved
from api.settings import ApiSettings
from api.store import Store
from sinks.doorbell import Doorbell
from sinks.errors import DatabaseError
from sinks.kept_file import file_at
from sinks.schema import is_current


class Follower:
    """`start` on the event loop, `stop` from anywhere."""

    def __init__(self, settings: ApiSettings, store: Store, hub: Hub) -> None:
        self._settings, self._store, self._hub = settings, store, hub
        self._loop = asyncio.get_running_loop()
        self._stopping = threading.Event()
        self._epoch: str | None = None
        self._position = 0
        self._prices: dict[str, tuple[float, int]] = {}
        self._priced_s, self._stirred = 0.0, True
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Let go of the database and wait until that is done."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    self._follow()
                except (DatabaseError, sa.exc.SQLAlchemyError):
                    self._store.close()  # what was opened may be gone; the next request opens again
                    self._stopping.wait(self._settings.poll_s)
        finally:
            if not self._stopping.is_set():  # a defect, which the thread's traceback tells of
                self._tell(self._hub.failed)

    def _follow(self) -> None:
        engine = self._store.engine(read_only=True)
        bell, kept = Doorbell(engine), file_at(engine.url)
        try:
            self._begin()
            while not self._stopping.is_set():
                self._look()
                longest_s = min(self._settings.poll_s, self._settings.price_s)
                rung = bell.wait(longest_s, self._settings.follow_s, self._stopping.wait)
                self._stirred |= rung
                if file_at(engine.url) != kept or (rung and self._upgraded()):
                    self._store.close()  # requests open it again, and find out what it is now
                    return
        finally:
            bell.close()

    def _upgraded(self) -> bool:
        """Whether somebody has brought the tables to another revision."""
        with self._store.read() as connection:
            return not is_current(connection)

    def _begin(self) -> None:
        epoch, position = place(self._store)
        if epoch != self._epoch or position < self._position:
            reason = "another database" if self._position else "first event"
            self._epoch, self._position = epoch, position
            self._prices.clear()
            self._tell(self._hub.started, epoch, position, reason)

    def _look(self) -> None:
        while page := news(self._store, self._position):
            if not self._position:  # the first event names the log
                self._begin()
                return
            self._position = page[-1].seq
            self._tell(self._hub.events, page)
            if len(page) < PAGE:
                break
        now_s = time.monotonic()
        if self._hub.clients and self._stirred and now_s - self._priced_s >= self._settings.price_s:
            self._priced_s, self._stirred = now_s, False
            moved = prices_moved(self._store, self._hub.named_plans(), self._prices)
            if moved:
                self._tell(self._hub.prices, moved)
        self._tell(setattr, self._hub, "looked_s", now_s)

    def _tell(self, what: Callable[..., None], *given: Any) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what, *given)
