"""What a fork server imports so that a run starts in no time: all that a run imports, and the calendar, made."""

from operators.nyse import nyse_calendar

nyse_calendar()
