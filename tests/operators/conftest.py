"""What tests of the rules share: the calendar that the product uses, read once."""

import pytest

from operators.nyse import nyse_calendar
from operators.sessions import SessionCalendar


@pytest.fixture(scope="session")
def calendar() -> SessionCalendar:
    """All NYSE sessions from 1993 to 2027, with a month on either side."""
    return nyse_calendar()
