"""Instants of requests: reading `as_of`, and the session block that goes with an instant."""

import re
from dataclasses import dataclass, field
from typing import Final, TypedDict

from api.problems import ProblemError, invalid
from api.shapes.session import SessionOut
from operators.nyse import nyse_calendar
from operators.sessions import SessionCalendar, SessionRangeError
from operators.times import iso, parse_instant

KNOWN: Final = 1_024
"""Session blocks that are remembered: between two edges of a day all is the same but the instant."""
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
    _known: dict[int, SessionOut] = field(default_factory=dict, init=False, repr=False, compare=False)

    def session(self, at_ns: int, named: str = "as_of") -> SessionOut:
        """Return the block of an instant.  Raises ProblemError for one that the calendar does not cover."""
        try:
            edges = self.calendar.edges_before(at_ns)
            found = self._known.get(edges)
            if found is None:
                if len(self._known) >= KNOWN:
                    self._known.clear()
                found = self._known[edges] = SessionOut.of(self.calendar.block(at_ns))
        except SessionRangeError as error:
            raise invalid(named, str(error)) from None
        return found.model_copy(update={"as_of": iso(at_ns), "as_of_ns": at_ns}) if found.status == "open" else found

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
