"""The one place of the API that reads the wall clock: for the session block of "now", and for dating commands."""

import time


def now_ns() -> int:
    """Return the present instant, ns UTC."""
    return time.time_ns()
