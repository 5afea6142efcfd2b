"""The trading calendar: NYSE sessions from pandas_market_calendars, made into the data that the rules take."""

from datetime import date
from functools import lru_cache
from typing import Final

from operators.sessions import TIME_ZONE, SessionCalendar, SessionDay
from operators.times import SECOND_NS

FIRST_DAY: Final = date(1992, 12, 1)
LAST_DAY: Final = date(2028, 1, 31)
HOUR_NS: Final = 3600 * SECOND_NS
PRE_HOUR: Final = 4
"""New York wall time: clocks change at two in the morning, so it is there on every day."""
POST_HOURS_NS: Final = 4 * HOUR_NS
"""After-hours trading lasts four hours from the close: to 20:00, to 17:00 after a half day."""


@lru_cache(maxsize=1)
def nyse_calendar() -> SessionCalendar:
    """Return all NYSE sessions that the product covers; a month of margin on either side of 1993 to 2027."""
    import pandas as pd  # both are heavy: half a second that `--help` need not pay
    import pandas_market_calendars as calendars

    schedule = calendars.get_calendar("NYSE").schedule(FIRST_DAY, LAST_DAY)
    pres = (schedule.index + pd.Timedelta(hours=PRE_HOUR)).tz_localize(TIME_ZONE).as_unit("ns").asi8
    opens, closes = (schedule[f"market_{edge}"].dt.as_unit("ns").astype("int64") for edge in ("open", "close"))
    return SessionCalendar.of(
        [
            SessionDay(day.date(), int(pre_ns), int(open_ns), int(close_ns), int(close_ns) + POST_HOURS_NS)
            for day, pre_ns, open_ns, close_ns in zip(schedule.index, pres, opens, closes, strict=True)
        ]
    )
