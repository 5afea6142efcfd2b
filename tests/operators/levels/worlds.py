"""Random worlds for the laws: several days of walks, busy and quiet symbols, whole and half days."""

from dataclasses import replace
from datetime import date
from random import Random

from hypothesis import strategies as st

from operators.nyse import nyse_calendar
from operators.sessions import SessionDay
from tests.operators.levels.level_bars import World, days_around, made_world, walk

DATES = [date(2013, 10, 8), date(2013, 11, 29), date(2013, 12, 2), date(2024, 3, 11)]
"""A plain Tuesday, a half day, the Monday after it, the Monday after the clocks changed."""


def session_on(day: date) -> SessionDay:
    """The session of a date, from the product's calendar."""
    return nyse_calendar().day_on_or_after(day)


def random_world(seed: int, *, before: int = 7, after: int = 1) -> World:
    """A world that a seed decides."""
    random = Random(seed)
    calendar, day = nyse_calendar(), session_on(random.choice(DATES))
    busy, step = random.choice([0.02, 0.2, 0.9]), random.choice([2, 15, 120])
    at = random.choice([5_000, 16_500])
    rows = {}
    for each in days_around(calendar, day, random.randint(0, before), after):
        rows[each] = walk(random, each, at + random.randint(-200, 200), busy=busy, step=step, tick=0.01)
    return replace(made_world(calendar, day, rows), tick=0.01)


seeds = st.integers(0, 2**32 - 1)
shares = st.floats(0, 1)


def instant(world: World, share: float) -> int:
    """A whole minute of the session, pre-market to a while after the close."""
    day = world.day
    first, last = day.open_ns - 30 * 60_000_000_000, day.close_ns + 600_000_000_000
    return first + round(share * (last - first) / 60_000_000_000) * 60_000_000_000
