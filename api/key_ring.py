"""The keys that hold now: those of the settings and those of the database, which is looked at again and again.

Rule: a door without any key is open only where the settings say so, and a key that was ever made closes it for good;
when the database cannot be read, nobody is let in on a guess.
"""

import time
from threading import Lock
from typing import Final

import anyio.to_thread

from api.keys import ApiKey, Scope, key_of
from api.settings import ApiSettings
from api.store import Store
from sinks.errors import DatabaseError
from sinks.keys import StoredKey, stored_keys

ANYBODY: Final = ApiKey("anybody", "0" * 64, Scope.WRITE)
"""Whoever comes through an open door."""


class KeyRing:
    """Asked by any thread.  A key that is made or revoked counts within `settings.keys_s`."""

    def __init__(self, settings: ApiSettings, store: Store) -> None:
        self._settings, self._store = settings, store
        self._stored: tuple[StoredKey, ...] | None = None
        self._read_s = 0.0
        self._lock = Lock()

    async def ask(self, secret: str | None) -> ApiKey | None:
        """Whose key a secret is; None for nobody's.  Raises DatabaseError when that cannot be known.

        Only a look at the database is left to another thread.
        """
        given = self._settings.keys
        found = key_of(given, secret) if secret is not None else None
        if found is not None:
            return found
        stored = self._held()
        if stored is None:
            stored = await anyio.to_thread.run_sync(self._newest)
        if not given and not stored and self._settings.open_door:
            return ANYBODY
        active = [ApiKey(key.id, key.sha256, Scope(key.scope)) for key in stored if key.revoked_ns is None]
        return key_of(active, secret) if secret is not None else None

    def any_active(self) -> bool:
        """Whether anybody could be let in by a key.  Raises DatabaseError."""
        return bool(self._settings.keys) or any(key.revoked_ns is None for key in self._newest())

    def _held(self) -> tuple[StoredKey, ...] | None:
        """The keys as they were last read, unless that is too long ago and nobody is reading them again."""
        known, age_s = self._stored, time.monotonic() - self._read_s
        return known if known is not None and (age_s <= self._settings.keys_s or self._lock.locked()) else None

    def _newest(self) -> tuple[StoredKey, ...]:
        """The keys of the database, at most `keys_s` old; older ones while it cannot be read any more."""
        known = self._held()
        if known is not None:
            return known
        with self._lock:
            try:
                with self._store.read() as connection:
                    self._stored = tuple(stored_keys(connection))
            except DatabaseError:
                if self._stored is None:
                    raise
            self._read_s = time.monotonic()
            return self._stored
