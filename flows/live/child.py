"""A process of a live run, from the inside: what it says goes to its parent, and when its parent lets go it ends.

Rule 1: it ends when its lifeline is cut, and by no signal that a terminal or a service manager sends to all at once.
Rule 2: whatever it writes, the engine's own words and its last ones too, goes into the pipe that its parent reads.
Rule 3: when all is written and said it is gone at once.  To take the interpreter and its libraries apart object by
object took three seconds and more where others needed the processor, and a parent that had to wait killed it.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from threading import Event, Thread
from typing import Any, Final, NoReturn, TypeVar

from flows.errors import BadInputError, CommandError, ExitCode
from flows.live.memory import lean
from flows.logs import log_line, set_up
from flows.repeating import repeating
from flows.signals import STOPPING
from sinks.errors import DatabaseError, DatabaseReplacedError
from sinks.fencing import FencedError, StreamTakenError

T = TypeVar("T")
Body = Callable[[T, Event], None]
"""What a child does with its options until the event is set.  Raises CommandError or DatabaseError."""

POINTLESS: Final = 10
"""Added to the exit code of a child that would fail again."""
STATUS: Final = "status"
"""The event by which a child tells its parent how it fares: for the status line, not for the log."""
STATUS_SECONDS: Final = 1.0
_OUTPUTS: Final = (1, 2)


class OverError(CommandError):
    """What this run was for has ended; starting again would not change that."""


_POINTLESS: Final = (BadInputError, OverError, DatabaseReplacedError, FencedError, StreamTakenError)
"""To start again would end alike, or, where the database has lost its name, begin another that nobody asked for."""


def begin(name: str, body: Body[T], options: T, lifeline: Connection, log: Connection) -> NoReturn:
    """Be the child `name`: run `body` until the lifeline is cut; leave with an exit code."""
    for each in _OUTPUTS:
        os.dup2(log.fileno(), each)
    log.close()
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
    set_up(name, human=False)
    stop = Event()
    Thread(target=_until_cut, args=(lifeline, stop), name="lifeline", daemon=True).start()
    with lean():
        code = _code_of(body, options, stop)
    for output in (sys.stdout, sys.stderr):
        with suppress(OSError):  # nobody reads it any more
            output.flush()
    os._exit(code)


def tell(facts: dict[str, Any]) -> None:
    """Tell the parent how this child fares."""
    log_line(STATUS, facts=facts)


@contextmanager
def telling(facts: Callable[[], dict[str, Any]], seconds: float = STATUS_SECONDS) -> Iterator[None]:
    """Tell it at once, every so often while the block lasts, and at its end."""
    tell(facts())
    try:
        with repeating(lambda: tell(facts()), seconds, "status"):
            yield
    finally:
        tell(facts())


def _code_of(body: Body[T], options: T, stop: Event) -> int:
    try:
        body(options, stop)
    except (CommandError, DatabaseError) as error:
        pointless = isinstance(error, _POINTLESS)
        code = error.exit_code if isinstance(error, CommandError) else ExitCode.FAILURE
        log_line("child_failed", why=str(error), exit_code=int(code), pointless=pointless)
        return int(code) + POINTLESS * pointless
    except BaseException as error:  # noqa: BLE001 - nobody is there who could be told otherwise
        if isinstance(error, SystemExit) and isinstance(error.code, int):
            return error.code
        sys.excepthook(type(error), error, error.__traceback__)  # else it would be many lines, and not of ours
        return int(ExitCode.FAILURE)
    return int(ExitCode.DONE)


def _until_cut(lifeline: Connection, stop: Event) -> None:
    with suppress(EOFError, OSError):
        lifeline.recv()
    stop.set()
