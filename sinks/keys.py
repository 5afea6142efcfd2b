"""Keys of the API: given out once, kept as SHA-256 digests.  Rule: a secret is never stored, and never asked back.

A client, known by its name, has at most two active keys: the new one is put in place before the old one is revoked.
"""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from sinks.bulk import lock_writers
from sinks.tables import api_keys

SCOPES: Final = ("read", "write")
ACTIVE: Final = 2
"""Keys that a name may have at a time."""
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class KeyProblemError(ValueError):
    """What is asked of the keys cannot be done; one line."""


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key as stored.  `sha256`: hex digest of the secret; times ns UTC, `revoked_ns` None while it is active."""

    id: str
    name: str
    sha256: str
    scope: str
    created_ns: int
    revoked_ns: int | None


def digest_of(secret: str) -> str:
    """Return the SHA-256 of a secret, hex.

    One round is enough: our secrets are 256 random bits, which no dictionary holds.
    """
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def create_key(connection: sa.Connection, name: str, scope: str, created_ns: int) -> tuple[StoredKey, str]:
    """Make a key; return it with its secret, which is known here for the last time.  Raises KeyProblemError."""
    if not _NAME.fullmatch(name):
        msg = f"name: got {name!r}; must be 1 to 64 letters, digits, dots, dashes or underscores"
        raise KeyProblemError(msg)
    if scope not in SCOPES:
        msg = f"scope: got {scope!r}; must be read or write"
        raise KeyProblemError(msg)
    lock_writers(connection)
    active = [key.id for key in stored_keys(connection) if key.name == name and key.revoked_ns is None]
    if len(active) >= ACTIVE:
        msg = f"{name} has {len(active)} active keys ({', '.join(active)}); revoke one first"
        raise KeyProblemError(msg)
    number = secrets.token_hex(6)
    secret = f"ft_{number}_{secrets.token_urlsafe(32)}"
    key = StoredKey(number, name, digest_of(secret), scope, created_ns, None)
    row = (key.id, key.name, key.sha256, key.scope, key.created_ns, key.revoked_ns)
    connection.execute(api_keys.insert().values(row))
    return key, secret


def revoke_key(connection: sa.Connection, number: str, revoked_ns: int) -> StoredKey:
    """End a key; one that has ended stays as it is.  Raises KeyProblemError for an unknown one."""
    lock_writers(connection)
    found = next((key for key in stored_keys(connection) if key.id == number), None)
    if found is None:
        msg = f"no key {number!r}; `fancy-trader keys list` names them"
        raise KeyProblemError(msg)
    if found.revoked_ns is None:
        connection.execute(api_keys.update().where(api_keys.c.id == number).values(revoked_ns=revoked_ns))
    return found


def stored_keys(connection: sa.Connection) -> Sequence[StoredKey]:
    """All keys, the oldest first, revoked ones too."""
    query = sa.select(api_keys).order_by(api_keys.c.created_ns, api_keys.c.id)
    return [StoredKey(*row) for row in connection.execute(query)]
