"""The one place of the API that reads the wall clock: for the session block of "now", dates of commands, and rates."""

import time


def now_ns() -> int:
    """Return the present instant, ns UTC."""
    return time.time_ns()


def now_s() -> float:
    """Return the present instant in seconds, UTC, as the rates' library counts it."""
    return time.time()
