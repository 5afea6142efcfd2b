"""Working ahead: an iterator runs in a thread of its own, a bounded number of items before its reader."""

from collections.abc import Iterator
from queue import Full, Queue
from threading import Event, Thread
from typing import Final, TypeVar

T = TypeVar("T")

POLL_SECONDS: Final = 0.1


class _Failed:
    def __init__(self, error: BaseException) -> None:
        self.error = error


class _Ended:
    pass


def prefetched(items: Iterator[T], depth: int) -> Iterator[T]:
    """Yield `items` in order, at most `depth` of them made ahead.  An error in the thread is raised here."""
    queue: Queue[T | _Failed | _Ended] = Queue(maxsize=depth)
    stop = Event()

    def put(item: T | _Failed | _Ended) -> bool:
        while not stop.is_set():
            try:
                queue.put(item, timeout=POLL_SECONDS)
            except Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not put(item):
                    return
            put(_Ended())
        except BaseException as error:  # noqa: BLE001 - handed to the reader, who raises it
            put(_Failed(error))

    thread = Thread(target=work, name="prefetch", daemon=True)
    thread.start()
    try:
        while True:
            item = queue.get()
            if isinstance(item, _Ended):
                return
            if isinstance(item, _Failed):
                raise item.error
            yield item
    finally:
        stop.set()
        thread.join()
