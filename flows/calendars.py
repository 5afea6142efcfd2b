"""The trading calendar, under the name that flows know it by; its home is `operators.nyse`, for the API to share."""

from operators.nyse import FIRST_DAY, LAST_DAY
from operators.nyse import nyse_calendar as made
from operators.sessions import SessionCalendar

__all__ = ["FIRST_DAY", "LAST_DAY", "know", "nyse_calendar"]

_known: list[SessionCalendar] = []


def nyse_calendar() -> SessionCalendar:
    """Return all NYSE sessions that the product covers."""
    return _known[0] if _known else made()


def know(calendar: SessionCalendar) -> None:
    """Take the calendar from the process that started this one: making it costs more than all else at a start."""
    _known[:] = [calendar]
