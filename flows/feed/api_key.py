"""The vendor's key.  Rule: no text that this project writes shows it; only what goes to the vendor holds it."""

import os
from collections.abc import Mapping
from typing import Final, NoReturn

from flows.errors import BadInputError

VARIABLES: Final = ("MASSIVE_API_KEY", "POLYGON_API_KEY")
"""Where the key is looked for; the first that is set counts."""
HIDDEN: Final = "[key]"
SHORTEST_IN_DATA: Final = 16
"""Characters of the shortest key that is looked for in data; the vendor's have 32.  A shorter one may be any word that
a practice market was content with, and stands in data by chance: `p` names every price.
"""


class ApiKey:
    """A key that never shows itself: not in a repr, not in an f-string, not pickled.

    >>> print(ApiKey("wanderlust"), ApiKey("wanderlust").redact("no wanderlust here"))
    [key] no [key] here
    """

    __slots__ = ("_secret",)

    def __init__(self, secret: str) -> None:
        secret = secret.strip()
        if not secret or not (secret.isascii() and secret.isprintable()) or " " in secret:
            msg = "the vendor's key is empty, or holds characters that no key has"
            raise BadInputError(msg)
        self._secret = secret

    def __repr__(self) -> str:
        return HIDDEN

    def __reduce__(self) -> NoReturn:
        msg = "a key is not pickled; the other process reads it from its own environment"
        raise TypeError(msg)

    def reveal(self) -> str:
        """Return the key itself, for the vendor alone."""
        return self._secret

    def redact(self, text: str) -> str:
        """Return a text without the key."""
        return text.replace(self._secret, HIDDEN)

    def redact_data(self, frame: bytes) -> bytes:
        """Return data without the key, unless it is too short to be told from data; the same object when it is fine."""
        secret = self._secret.encode()
        if len(secret) < SHORTEST_IN_DATA or secret not in frame:
            return frame
        return frame.replace(secret, HIDDEN.encode())


def key_from(environment: Mapping[str, str] | None = None) -> ApiKey:
    """Read the key from the environment.  Raises BadInputError naming the variables when none is set."""
    found = os.environ if environment is None else environment
    for name in VARIABLES:
        if found.get(name, "").strip():
            return ApiKey(found[name])
    msg = f"no key for the feed: set {' or '.join(VARIABLES)} (any word will do for the practice market)"
    raise BadInputError(msg)
