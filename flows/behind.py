"""Working behind: what has been handed over is worked on in a thread of its own, one piece after the other.

What holds nothing back but the interpreter's lock gains nothing by it: it is for work that waits, for a disk or for
long steps of a library that leaves Python alone.
"""

from collections.abc import Callable
from queue import Queue
from threading import Event, Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class _Ended:
    pass


class Behind(Generic[T]):
    """Calls `work` with each piece, in order; one piece may wait while another is worked on.

    An error in the thread is raised at the next call of `put` or `close`, and no piece after it is worked on.
    """

    def __init__(self, work: Callable[[T], None]) -> None:
        self._work = work
        self._queue: Queue[T | _Ended] = Queue(maxsize=1)
        self._error: BaseException | None = None
        self._failed = Event()
        self._thread = Thread(target=self._run, name="behind", daemon=True)
        self._thread.start()

    def put(self, piece: T) -> None:
        """Hand a piece over; wait while one is waiting already."""
        self._raise()
        self._queue.put(piece)

    def close(self) -> None:
        """Wait until everything that was handed over is done, and end the thread."""
        if self._thread.is_alive():
            self._queue.put(_Ended())
            self._thread.join()
        self._raise()

    def _run(self) -> None:
        while not isinstance(piece := self._queue.get(), _Ended):
            if self._failed.is_set():
                continue  # whoever hands over must not wait for ever
            try:
                self._work(piece)
            except BaseException as error:  # noqa: BLE001 - handed to the one who hands over, who raises it
                self._error = error
                self._failed.set()

    def _raise(self) -> None:
        if self._failed.is_set() and self._error is not None:
            error, self._error = self._error, None
            raise error
