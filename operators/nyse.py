"""The trading calendar: NYSE sessions from pandas_market_calendars, made into the data that the rules take."""

from datetime import date
from functools import lru_cache
from typing import Final

from operators.sessions import SessionCalendar, SessionDay, new_york_day_ns
from operators.times import SECOND_NS

FIRST_DAY: Final = date(1992, 12, 1)
LAST_DAY: Final = date(2028, 1, 31)
HOUR_NS: Final = 3600 * SECOND_NS
PRE_HOUR: Final = 4
POST_HOURS_NS: Final = 4 * HOUR_NS
"""After-hours trading lasts four hours from the close: to 20:00, to 17:00 after a half day."""


@lru_cache(maxsize=1)
def nyse_calendar() -> SessionCalendar:
    """Return all NYSE sessions that the product covers; a month of margin on either side of 1993 to 2027."""
    import pandas_market_calendars as calendars  # heavy: half a second that `--help` need not pay

    schedule = calendars.get_calendar("NYSE").schedule(FIRST_DAY, LAST_DAY)
    opens = schedule["market_open"].dt.as_unit("ns").astype("int64")
    closes = schedule["market_close"].dt.as_unit("ns").astype("int64")
    return SessionCalendar.of(
        [
            _session(day.date(), open_ns, close_ns)
            for day, open_ns, close_ns in zip(schedule.index, opens, closes, strict=True)
        ]
    )


def _session(day: date, open_ns: int, close_ns: int) -> SessionDay:
    pre_ns = _four_in_the_morning(day)
    return SessionDay(day, pre_ns, int(open_ns), int(close_ns), int(close_ns) + POST_HOURS_NS)


def _four_in_the_morning(day: date) -> int:
    """04:00 New York: clocks change on Sundays at 02:00, when there is no session, so midnight plus four will do."""
    midnight, _ = new_york_day_ns(day)
    return midnight + PRE_HOUR * HOUR_NS
