"""Trying again what a database may take a little later: locked, busy, restarted, cut off, a deadlock's victim.

Rule: the same work, whole; waits that grow; a bound, after which whoever tried says so and stops.  A COMMIT whose
answer was lost is tried again as well: what is written twice here changes nothing.
"""

import time
from collections.abc import Callable
from threading import Event
from typing import Final, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, wait_random_exponential

from sinks.errors import DatabaseError

T = TypeVar("T")

PATIENCE_SECONDS: Final = 120.0
LEAVING_SECONDS: Final = 10.0
"""The patience of a run that was told to stop."""
FIRST_SECONDS: Final = 0.05
LONGEST_SECONDS: Final = 2.0


def persistently(
    work: Callable[[], T],
    *,
    patience_s: float | None = None,
    leaving: Event | None = None,
    heard: Callable[[DatabaseError], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Do the work, again and again while the database may yet take it; `heard` is told of every try that failed.

    Raises DatabaseError: at once when trying again would not help, else after `patience_s` (None: PATIENCE_SECONDS),
    or, once `leaving` is set, after LEAVING_SECONDS.
    """
    longest_s = PATIENCE_SECONDS if patience_s is None else patience_s

    def over(state: RetryCallState) -> bool:
        told_to_stop = leaving is not None and leaving.is_set()
        return (state.seconds_since_start or 0.0) >= (min(longest_s, LEAVING_SECONDS) if told_to_stop else longest_s)

    def told(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome is not None else None
        if heard is not None and isinstance(error, DatabaseError):
            heard(error)

    def give_up(state: RetryCallState) -> T:
        error = state.outcome.exception() if state.outcome is not None else None
        msg = f"{error}; tried {state.attempt_number} times in {state.seconds_since_start or 0.0:.0f} s"
        raise DatabaseError(msg) from error

    return Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, DatabaseError) and error.transient),
        wait=wait_random_exponential(multiplier=FIRST_SECONDS, max=LONGEST_SECONDS),
        stop=over,
        sleep=sleep,
        before_sleep=told,
        retry_error_callback=give_up,
    )(work)
