"""What people ask for reaches the tape by a thread of its own.

Rule: no frame, no repair of a gap and no lost line ever keeps a command waiting.  So it may stand on the tape before
prints that are older; it acts at its own time among them, whichever way they come.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any, Final

from flows.live.outage import Outage
from sinks.errors import DatabaseError, DatabaseReplacedError
from sinks.fencing import FencedError

LOOK_SECONDS: Final = 0.025
AGAIN_SECONDS: Final = 1.0
"""How long a database that does not answer is left alone."""


@contextmanager
def asking(ask: Callable[[], None], stop: Event, log: Callable[..., Any]) -> Iterator[None]:
    """Call `ask` again and again while the block lasts; what it raises sets `stop`, and is raised when the block ends.

    A database that does not answer is asked again: the tape goes on without it, and the log says from when to when.
    Not so one whose commands another run has taken over, nor one whose file nobody else finds any more.
    """
    over, failures, outage = Event(), list[BaseException](), Outage("commands", log)

    def run() -> None:
        try:
            while not over.wait(_once(ask, outage)):
                pass
        except BaseException as error:  # noqa: BLE001 - raised again when the block ends, in its own thread
            failures.append(error)
            stop.set()

    thread = Thread(target=run, name="commands")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if failures:
        raise failures[0]


def _once(ask: Callable[[], None], outage: Outage) -> float:
    """Ask; return for how many seconds to wait then."""
    try:
        ask()
    except (DatabaseReplacedError, FencedError):
        raise
    except DatabaseError as error:
        outage.look(str(error))
        return AGAIN_SECONDS
    outage.look(None)
    return LOOK_SECONDS
