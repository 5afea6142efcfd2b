"""A tape that begins within a session: what a scan finds that day is told of a part of it, which somebody must say."""

from collections.abc import Sequence

from flows.tape.beginning import beginnings
from flows.tape.files import TapeFile
from operators.explanation import clock
from operators.nyse import nyse_calendar
from operators.sessions import new_york


def begins_ns(files: Sequence[TapeFile], from_ns: int | None) -> int | None:
    """Return when what is read begins within a day, ns UTC; None: with the first day, or nobody knows."""
    if from_ns is not None:
        return from_ns
    found = beginnings(files)
    return min((each[1] for each in found if each is not None), default=None) if None not in found else None


def begun_within_notes(begins_ns: int | None) -> list[str]:
    """Say that a session's levels are those of its rest.  Raises SessionRangeError outside the calendar."""
    if begins_ns is None:
        return []
    day = nyse_calendar().day_on_or_after(new_york(begins_ns).date())
    if not day.pre_ns < begins_ns < day.close_ns:
        return []
    text = "its ranges, VWAP, highs and lows, and the levels that the next day has of it, are of what came since"
    return [f"the scan begins at {clock(begins_ns)}, within a session: {text}"]
