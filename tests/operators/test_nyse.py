"""The table of NYSE days is what pandas_market_calendars says, and nothing loads that library to use it."""

import subprocess
import sys

from operators.nyse import nyse_calendar
from operators.sessions import new_york
from tests.operators.nyse_table import HOME, hours, text


def test_the_table_is_the_librarys() -> None:
    """Where the library learns of a closing, this fails: `python -m tests.operators.nyse_table` writes it anew."""
    assert HOME.read_text() == text()


def test_every_session_opens_and_closes_as_the_library_says() -> None:
    ours = {
        day.date: (f"{new_york(day.open_ns):%H:%M}", f"{new_york(day.close_ns):%H:%M}") for day in nyse_calendar().days
    }
    assert ours == hours()


def test_a_calendar_is_had_without_pandas() -> None:
    """It would cost every start of a process a second."""
    code = "import sys; from operators.nyse import nyse_calendar; nyse_calendar(); sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
