"""Status frames of the vendor: what they say, told apart as far as the protocol allows.  Unknown things are let pass.

A frame is a JSON array of events; a status is an event whose `ev` is "status".
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import msgspec

_HINT: Final = b'"status"'


class Kind(StrEnum):
    """What a status means for the connection."""

    CONNECTED = "connected"
    AUTHENTICATED = "authenticated"
    BAD_KEY = "bad_key"
    NO_ACCESS = "no_access"
    SUBSCRIBED = "subscribed"
    NOT_AUTHORIZED = "not_authorized"
    TOO_MANY = "too_many"
    CLOCK = "clock"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Status:
    """One status.  `subscription`: whom it speaks of, empty when it does not say; `event`: all of its fields."""

    kind: Kind
    word: str
    message: str
    subscription: str
    event: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame read: its statuses in order, and whether it holds anything else."""

    statuses: tuple[Status, ...]
    has_data: bool


DATA_ONLY: Final = Frame((), has_data=True)
_PREFIX: Final = "subscribed to: "
_BY_WORD: Final = {
    "connected": Kind.CONNECTED,
    "auth_success": Kind.AUTHENTICATED,
    "max_connections": Kind.TOO_MANY,
    "practice_clock": Kind.CLOCK,
}


def read_frame(frame: bytes) -> Frame:
    """Read a frame's statuses.  One that cannot be read counts as data: the tape keeps it, its reader says why."""
    if _HINT not in frame:
        return DATA_ONLY
    try:
        return _read(msgspec.json.decode(frame))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return DATA_ONLY


def _read(events: Any) -> Frame:
    events = events if isinstance(events, list) else [events]
    statuses = tuple(_status(event) for event in events if isinstance(event, dict) and event.get("ev") == "status")
    return Frame(statuses, has_data=len(statuses) < len(events))


def _status(event: dict[str, Any]) -> Status:
    word, message = str(event.get("status", "")), str(event.get("message", ""))
    kind, about = _kind(word, message)
    return Status(kind, word, message, about, event)


def _kind(word: str, message: str) -> tuple[Kind, str]:
    if word in _BY_WORD:
        return _BY_WORD[word], ""
    if word == "success" and message.startswith(_PREFIX):
        return Kind.SUBSCRIBED, message.removeprefix(_PREFIX).strip()
    lowered = message.lower()
    if word == "auth_failed":  # one word for two things; only the text tells them apart
        return (Kind.NO_ACCESS if "plan" in lowered or "access" in lowered else Kind.BAD_KEY), ""
    if word == "error" and "not authorized" in lowered:
        return Kind.NOT_AUTHORIZED, _named(message)
    return Kind.OTHER, ""


def _named(message: str) -> str:
    """Return the subscription that a refusal names, if it does: `not authorized: Q.AAPL`."""
    last = message.split()[-1].strip(",:;'\"") if message.split() else ""
    channel, dot, ticker = last.partition(".")
    return last if dot and ticker and channel.isalnum() and channel.isupper() else ""
