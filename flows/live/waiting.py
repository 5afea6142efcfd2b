"""Waiting for what another process begins.  Rule: a wish to stop ends the wait, after one last look."""

from collections.abc import Callable
from threading import Event
from typing import Final, TypeVar

T = TypeVar("T")

WAIT_SECONDS: Final = 0.1


def awaited(look: Callable[[], T | None], stop: Event) -> T | None:
    """Look again and again until something is there, and return it; None when it will not come."""
    while True:
        last_look = stop.is_set()
        found = look()
        if found is not None or last_look:
            return found
        stop.wait(WAIT_SECONDS)
