"""What a fork server imports so that a run starts in no time: all that a run imports, and the calendar, made."""

from flows.calendars import know, nyse_calendar

know(nyse_calendar())
