"""Cursors: where a page ended, opaque to clients, good for the same list only."""

import base64
import binascii
import json
import re
from typing import Any, Final

from api.problems import invalid

_LONE: Final = re.compile(r"[\ud800-\udfff]")
"""Half a character, which no text can hold."""


def cursor(kind: str, *last: Any) -> str:
    """Write where a page of a list ended.

    >>> read_cursor("plans", cursor("plans", "P1"), str)
    ['P1']
    """
    return base64.urlsafe_b64encode(json.dumps([kind, *last]).encode()).decode().rstrip("=")


def read_cursor(kind: str, text: str | None, *types: type) -> list[Any] | None:
    """Read a cursor of a list; None when there is none.  Raises ProblemError for one that this list did not give."""
    if text is None:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or found[:1] != [kind] or not _are(found[1:], types):
        msg = "is not a cursor that this list gave"
        raise invalid("cursor", msg)
    return found[1:]


def _are(values: list[Any], types: tuple[type, ...]) -> bool:
    """Whether values are of the types, and such that every database can hold them."""
    return [type(value) for value in values] == list(types) and all(
        abs(value) < 2**63 if isinstance(value, int) else "\0" not in value and _LONE.search(value) is None
        for value in values
    )
