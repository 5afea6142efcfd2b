"""Who may do what: bearer keys, known only by their SHA-256 and compared in constant time.

Keys stand in the database (`fancy-trader keys`), or in a file that the server is given at its start.  Secrets come in
headers or messages, never in URLs, which logs keep.
"""

import hmac
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from sinks.keys import digest_of

__all__ = ["ApiKey", "Scope", "allows", "bearer", "digest_of", "key_of", "read_keys"]

_HEX: Final = re.compile(r"[0-9a-f]{64}")


class Scope(StrEnum):
    """What a key allows; write includes read."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """`sha256`: hex digest of the secret.  Raises ValueError for anything else."""

    name: str
    sha256: str
    scope: Scope

    def __post_init__(self) -> None:
        """Refuse a digest that is none: a secret in clear would otherwise pass for one and match nothing."""
        if not _HEX.fullmatch(self.sha256):
            msg = f"key {self.name!r}: sha256 must be 64 hex characters"
            raise ValueError(msg)


def key_of(keys: Iterable[ApiKey], secret: str) -> ApiKey | None:
    """Return the key of a secret; None for an unknown one.  Every key is compared, whichever matches."""
    found: ApiKey | None = None
    digest = digest_of(secret)
    for key in keys:
        if hmac.compare_digest(key.sha256, digest):
            found = key
    return found


def bearer(header: str | None) -> str | None:
    """Return the secret of an Authorization header, None when there is none."""
    scheme, _, secret = (header or "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" and secret.strip() else None


def allows(held: ApiKey | None, needed: Scope) -> bool:
    """Whether a key's scope is enough."""
    return held is not None and held.scope in (Scope.WRITE, needed)


def read_keys(path: Path) -> tuple[ApiKey, ...]:
    """Read a JSON array of {name, sha256, scope}.  Raises ValueError naming the entry that is wrong."""
    try:
        entries = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        msg = f"{path}: cannot be read as JSON ({error})"
        raise ValueError(msg) from None
    keys = []
    for number, entry in enumerate(entries if isinstance(entries, list) else [entries], 1):
        try:
            keys.append(ApiKey(str(entry["name"]), str(entry["sha256"]), Scope(entry["scope"])))
        except (KeyError, TypeError, ValueError) as error:
            msg = f"{path}: key {number} must have name, sha256 and scope (read or write): {error}"
            raise ValueError(msg) from None
    return tuple(keys)
