"""Writes `operators/nyse_days.py` out of pandas_market_calendars: python -m tests.operators.nyse_table"""

import sys
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Final

import pandas_market_calendars as calendars

from operators.nyse import FIRST_DAY, LAST_DAY, REGULAR

HOME: Final = Path(__file__).parents[2] / "operators" / "nyse_days.py"
ABOUT: Final = (
    '"""Days of the NYSE from pandas_market_calendars: '
    'made by `python -m tests.operators.nyse_table`, never by hand."""'
)
Hours = tuple[str, str]


def hours() -> dict[date, Hours]:
    """Open and close in New York of every session that the product covers."""
    schedule = calendars.get_calendar("NYSE").schedule(FIRST_DAY, LAST_DAY, tz="America/New_York")
    times = zip(schedule["market_open"], schedule["market_close"], strict=True)
    return {day.date(): (f"{a:%H:%M}", f"{b:%H:%M}") for day, (a, b) in zip(schedule.index, times, strict=True)}


def text() -> str:
    """The module."""
    found = hours()
    weekdays = (FIRST_DAY + timedelta(days) for days in range((LAST_DAY - FIRST_DAY).days + 1))
    closed = [day for day in weekdays if day.weekday() in range(5) and day not in found]
    odd = [
        f'    "{day}": ("{opens}", "{closes}"),' for day, (opens, closes) in found.items() if (opens, closes) != REGULAR
    ]
    lines = [
        ABOUT,
        "",
        "from typing import Final",
        "",
        'CLOSED: Final = """',
        *_by_year(closed),
        '"""',
        '"""Weekdays without a session, by year."""',
        "",
    ]
    return "\n".join(
        [
            *lines,
            "HOURS: Final = {",
            *odd,
            "}",
            '"""Open and close in New York where they are not 09:30 and 16:00."""',
            "",
        ]
    )


def _by_year(days: list[date]) -> Iterator[str]:
    for year, group in groupby(days, lambda day: day.year):
        yield f"{year} {' '.join(f'{day:%m-%d}' for day in group)}"


if __name__ == "__main__":
    HOME.write_text(text())
    sys.stdout.write(f"{HOME.name} is written\n")
