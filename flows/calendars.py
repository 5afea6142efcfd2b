"""The trading calendar, under the name that flows know it by; its home is `operators.nyse`, for the API to share."""

from operators.nyse import FIRST_DAY, LAST_DAY, nyse_calendar

__all__ = ["FIRST_DAY", "LAST_DAY", "nyse_calendar"]
