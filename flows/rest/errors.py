"""What the vendor's REST side refuses, in one shape.  Rule: the vendor's own words, never the key."""

from typing import Any, Final

import msgspec

from flows.errors import CommandError, DataMissingError

AGAIN: Final = (408, 413, 429, 499)
"""What passes, besides all of 500 and above."""
LONGEST_MESSAGE: Final = 160


class RestError(CommandError):
    """A request failed for good."""


class NotEntitledError(DataMissingError):
    """The plan does not hold this data, or the key is none: asking again is pointless."""


class PassingError(Exception):
    """A request failed in a way that may pass.  Its text is short, and stands in the error that ends all tries."""


class _Trouble(msgspec.Struct, gc=False):
    """The vendor says `error` in some answers and `message` in others."""

    status: str = ""
    error: str = ""
    message: str = ""


_trouble: Final = msgspec.json.Decoder(_Trouble)


def refusal(code: int, body: bytes) -> str:
    """Say in one line why an answer is none: its HTTP code and the vendor's words, as far as they can be read.

    >>> refusal(401, b'{"status":"ERROR","error":"Unknown API Key"}'), refusal(404, b'{"status":"NOT_FOUND"}')
    ('401 Unknown API Key', '404 NOT_FOUND')
    """
    try:
        given = _trouble.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return str(code)
    text = given.error or given.message or given.status
    return f"{code} {' '.join(text.split())[:LONGEST_MESSAGE]}".strip()


def error_for(what: str, code: int, why: str) -> Exception:
    """Return the error that an answer is: one that may pass, a missing right, or a failure for good."""
    if code in AGAIN or code >= 500:
        return PassingError(why)
    kind: Any = NotEntitledError if code in (401, 403) else RestError
    error: Exception = kind(f"{what}: {why}")
    return error
