"""Signals that set an event.  Rule: never in the handler itself, which may have interrupted who holds the event's lock.

Two signals at once, as a process group and a parent give them, would otherwise wait for one another for ever.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from types import FrameType
from typing import Final

STOPPING: Final = (signal.SIGINT, signal.SIGTERM)


class SetLater:
    """A signal handler that sets an event from a thread of its own."""

    def __init__(self, event: Event) -> None:
        self._event = event

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Take the signal."""
        Thread(target=self._event.set, name="signal", daemon=True).start()


@contextmanager
def signals_set(stop: Event) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM be a wish to stop while the block lasts."""
    before = [signal.signal(each, SetLater(stop)) for each in STOPPING]
    try:
        yield
    finally:
        for each, handler in zip(STOPPING, before, strict=True):
            signal.signal(each, handler)
