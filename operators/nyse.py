"""The trading calendar: NYSE sessions, made of a table of days into the data that the rules take."""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Final

from operators.nyse_days import CLOSED, HOURS
from operators.sessions import SessionCalendar, SessionDay, new_york_midnight_ns
from operators.times import SECOND_NS

FIRST_DAY: Final = date(1992, 12, 1)
LAST_DAY: Final = date(2028, 1, 31)
HOUR_NS: Final = 3600 * SECOND_NS
MINUTE_NS: Final = 60 * SECOND_NS
REGULAR: Final = ("09:30", "16:00")
PRE_NS: Final = 4 * HOUR_NS
POST_NS: Final = 4 * HOUR_NS
"""After-hours trading lasts four hours from the close: to 20:00, to 17:00 after a half day."""
SATURDAY: Final = 5


@lru_cache(maxsize=1)
def nyse_calendar() -> SessionCalendar:
    """Return all NYSE sessions that the product covers; a month of margin on either side of 1993 to 2027."""
    return SessionCalendar.of([_session(day) for day in _days()])


def _days() -> Iterator[date]:
    closed = {f"{line[:4]}-{day}" for line in CLOSED.strip().splitlines() for day in line[5:].split()}
    for number in range(FIRST_DAY.toordinal(), LAST_DAY.toordinal() + 1):
        day = date.fromordinal(number)
        if day.weekday() < SATURDAY and day.isoformat() not in closed:
            yield day


def _session(day: date) -> SessionDay:
    """Clocks change on Sundays at 02:00, when there is no session, so midnight plus the time of day will do."""
    midnight = new_york_midnight_ns(day)
    opens, closes = HOURS.get(day.isoformat(), REGULAR)
    close_ns = midnight + _since_midnight_ns(closes)
    return SessionDay(day, midnight + PRE_NS, midnight + _since_midnight_ns(opens), close_ns, close_ns + POST_NS)


@lru_cache(maxsize=32)
def _since_midnight_ns(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * HOUR_NS + int(minutes) * MINUTE_NS
