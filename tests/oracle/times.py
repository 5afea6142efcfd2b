"""Instants (ns since epoch) and New York sessions for the oracle; the days come from exchange_calendars."""

import re
import warnings
from bisect import bisect_right
from datetime import datetime
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
NEW_YORK = ZoneInfo("America/New_York")
RFC_3339 = re.compile(r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)")


class Day(NamedTuple):
    """One session: where pre, regular and post begin, and where post ends."""

    pre_ns: int
    open_ns: int
    close_ns: int
    post_end_ns: int


def parse_ns(value: object) -> int:
    """Read an instant: ns since epoch as a number or digits, or RFC 3339 with up to nine decimals.

    >>> parse_ns("2013-10-08T09:30:00.000000001-04:00") - parse_ns("2013-10-08T13:30:00Z")
    1
    """
    text = str(value)
    if text.isdigit():
        return int(text)
    found = RFC_3339.fullmatch(text)
    if found is None:
        msg = f"not an instant: {value!r}"
        raise ValueError(msg)
    whole, decimals, zone = found.groups()
    moment = datetime.fromisoformat(whole + ("+00:00" if zone in "Zz" else zone))
    return int(moment.timestamp()) * SECOND_NS + int((decimals or "").ljust(9, "0"))


def new_york_ns(day: str, clock: str) -> int:
    """Return the instant of a New York wall clock, both in ISO form ("2013-10-08", "09:30:00.5").

    >>> new_york_ns("2013-10-08", "09:30") == parse_ns("2013-10-08T13:30:00Z")
    True
    """
    whole, _, decimals = clock.partition(".")
    moment = datetime.fromisoformat(f"{day}T{whole}").replace(tzinfo=NEW_YORK)
    return int(moment.timestamp()) * SECOND_NS + int(decimals.ljust(9, "0"))


@cache
def days() -> tuple[Day, ...]:
    """Every session of the New York Stock Exchange from 2003 to 2030."""
    import exchange_calendars  # and pandas with it: most who ask for an instant ask for no session

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas says which of its methods the calendars should call
        calendar = exchange_calendars.get_calendar("XNYS", start="2003-01-01", end="2030-12-31")
        hours = list(zip(calendar.opens, calendar.closes, strict=True))
    return tuple(one_day(opens, closes) for opens, closes in hours)


def one_day(opens: datetime, closes: datetime) -> Day:
    """Return a session: pre begins at 04:00, post ends at 20:00, or at 17:00 when the close is early."""
    day = f"{opens:%Y-%m-%d}"
    open_ns, close_ns = (round(moment.timestamp()) * SECOND_NS for moment in (opens, closes))
    post_end = "17:00" if close_ns < new_york_ns(day, "16:00") else "20:00"
    return Day(new_york_ns(day, "04:00"), open_ns, close_ns, new_york_ns(day, post_end))


@cache
def changes() -> tuple[list[int], list[str]]:
    """Where the phase changes, and to which."""
    starts = [start for day in days() for start in day]
    return starts, ["pre", "regular", "post", "closed"] * len(days())


def phase_at(at_ns: int) -> str:
    """Return the phase of an instant: pre, regular, post or closed.

    >>> [phase_at(new_york_ns("2013-10-08", clock)) for clock in ("03:59:59", "04:00", "09:29:59", "09:30")]
    ['closed', 'pre', 'pre', 'regular']
    >>> [phase_at(new_york_ns("2015-12-24", clock)) for clock in ("12:59:59", "13:00", "17:00")]
    ['regular', 'post', 'closed']
    """
    return phase_of_second(at_ns // SECOND_NS)


@cache
def phase_of_second(second: int) -> str:
    """Return the phase of a whole second, within which it never changes."""
    starts, phases = changes()
    place = bisect_right(starts, second * SECOND_NS)
    return phases[place - 1] if place else "closed"


def first_close_after(at_ns: int) -> int:
    """Return the first regular close later than an instant.

    >>> first_close_after(new_york_ns("2013-10-08", "16:00")) == new_york_ns("2013-10-09", "16:00")
    True
    """
    return next(day.close_ns for day in days()[bisect_right(days(), at_ns, key=lambda day: day.close_ns) :])
