"""Telling again and again, beside the work, how it fares."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread


@contextmanager
def repeating(tell: Callable[[], None], seconds: float, name: str) -> Iterator[None]:
    """Call `tell` every so often, in a thread called `name`, while the block lasts; it decides nothing."""
    over = Event()

    def run() -> None:
        while not over.wait(seconds):
            tell()

    thread = Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
