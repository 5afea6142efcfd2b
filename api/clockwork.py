"""Instants of requests: reading `as_of`, and the session block that goes with an instant."""

import re
from dataclasses import dataclass
from typing import Final, TypedDict

from api.problems import ProblemError, invalid
from api.shapes.session import SessionOut
from operators.nyse import nyse_calendar
from operators.sessions import SessionCalendar, SessionRangeError
from operators.times import iso, parse_instant

_BLANK_FOR_PLUS: Final = re.compile(r"[Tt](.*) (\d\d:\d\d)$")


class Spoken(TypedDict):
    """The fields of `api.shapes.session.Answer`."""

    session: SessionOut
    as_of: str
    as_of_ns: int


def read_instant(field: str, text: str | None) -> int | None:
    """Read an instant of a query as ns UTC; a plus sign that a client left unescaped comes as a blank.

    Raises ProblemError naming the field.
    """
    if text is None:
        return None
    try:
        return parse_instant(_BLANK_FOR_PLUS.sub(r"T\1+\2", text))
    except ValueError as error:
        raise invalid(field, str(error)) from None


@dataclass(frozen=True, slots=True)
class Clockwork:
    """Sessions of the calendar."""

    calendar: SessionCalendar

    def session(self, at_ns: int, field: str = "as_of") -> SessionOut:
        """Return the block of an instant.  Raises ProblemError for one that the calendar does not cover."""
        try:
            return SessionOut.of(self.calendar.block(at_ns))
        except SessionRangeError as error:
            raise invalid(field, str(error)) from None

    def session_or_none(self, at_ns: int) -> SessionOut | None:
        """Return the block of an instant, None outside the calendar."""
        try:
            return self.session(at_ns)
        except ProblemError:
            return None

    def spoken(self, at_ns: int) -> Spoken:
        """Return what an answer says of its instant."""
        return {"session": self.session(at_ns), "as_of": iso(at_ns), "as_of_ns": at_ns}


def clockwork() -> Clockwork:
    """Return the sessions of the NYSE."""
    return Clockwork(nyse_calendar())
