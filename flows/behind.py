"""Working behind: what has been handed over is worked on in a thread of its own, one piece after the other.

What holds nothing back but the interpreter's lock gains nothing by it: it is for work that waits, for a disk or for
long steps of a library that leaves Python alone.
"""

from collections.abc import Callable
from queue import Full, Queue
from threading import Thread
from typing import Final, Generic, TypeVar

T = TypeVar("T")

POLL_SECONDS: Final = 0.1


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
        self._thread = Thread(target=self._run, name="behind", daemon=True)
        self._thread.start()

    def put(self, piece: T) -> None:
        """Hand a piece over; wait while one is waiting already."""
        self._hand_over(piece)
        self._raise()

    def close(self) -> None:
        """Wait until everything that was handed over is done, and end the thread."""
        self._hand_over(_Ended())
        self._thread.join()
        self._raise()

    def _hand_over(self, piece: T | _Ended) -> None:
        while self._thread.is_alive():  # an error ends it
            try:
                self._queue.put(piece, timeout=POLL_SECONDS)
            except Full:
                continue
            return

    def _run(self) -> None:
        try:
            while not isinstance(piece := self._queue.get(), _Ended):
                self._work(piece)
        except BaseException as error:  # noqa: BLE001 - handed to the one who hands over, who raises it
            self._error = error

    def _raise(self) -> None:
        if self._error is not None:
            error, self._error = self._error, None
            raise error
