"""A trap kills its process at the n-th time that something happens there; which, is drawn beforehand.

It travels with the tape's reader, so it reaches the processes of a cluster without any of them knowing.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final

import sqlalchemy as sa

from flows.hits import HitLogic
from flows.sql_sink import SqlPartition
from flows.tape.reader import TapeReader
from flows.tape_partition import TapePartition

READING: Final = "reading"
WRITING: Final = "writing"
COMMITTING: Final = "committing"
COMMITTED: Final = "committed"
KEEPING: Final = "keeping state"
RESUMING: Final = "resuming"
ANYWHERE: Final = "anywhere"
SITES: Final = {READING: 40, WRITING: 60, COMMITTING: 12, COMMITTED: 12, KEEPING: 60, RESUMING: 4, ANYWHERE: 40}
"""Where a trap may be: before a piece is read, before a statement, before and after a commit, before a state is kept or
restored; and up to which time of that it may wait; or anywhere, after so many tenths of a second."""


@dataclass(frozen=True, slots=True)
class Trap:
    """Send `number` at the `nth` time at `site`, in the process called `process` of those of a cluster."""

    site: str
    nth: int
    number: int
    process: str

    def __str__(self) -> str:
        """Say it in a line of a report."""
        return f"{signal.Signals(self.number).name} {self.site} {self.nth} in {self.process}"


@dataclass(slots=True)
class TrappedReader(TapeReader):
    """A reader that sets a trap wherever it arrives."""

    trap: Trap | None = None

    def __setstate__(self, state: tuple[None, dict[str, Any]]) -> None:
        """Arrive in another process."""
        for name, value in state[1].items():
            setattr(self, name, value)
        hirer = multiprocessing.parent_process()
        if self.trap is not None and hirer and multiprocessing.current_process().name == self.trap.process:
            set_trap(self.trap, hirer.pid or 0)


def trapped(reader: TapeReader, trap: Trap) -> TrappedReader:
    """Return the same reader with a trap."""
    fields = {name: getattr(reader, name) for name in TapeReader.__dataclass_fields__}
    return TrappedReader(**fields, trap=trap)


def set_trap(trap: Trap, run: int) -> None:
    """Set a trap in this process, of the run whose first process is `run`: a wish to stop goes to that one."""
    left = trap.nth

    def happened() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid() if trap.number == signal.SIGKILL else run, trap.number)

    match trap.site:
        case "reading":
            _before(TapePartition, "next_batch", happened)
        case "writing":
            sa.event.listen(sa.Engine, "before_cursor_execute", lambda *given: happened())
        case "committing":
            sa.event.listen(sa.Engine, "commit", lambda connection: happened())
        case "committed":
            _after(SqlPartition, "write_batch", happened)
        case "keeping state":
            _before(HitLogic, "snapshot", happened)
        case "resuming":
            _before(HitLogic, "__init__", happened)
        case "anywhere":
            pass  # whoever started the run kills it
        case _:
            msg = f"no such place for a trap: {trap.site}"
            raise ValueError(msg)


def _before(owner: type, name: str, happened: Callable[[], None]) -> None:
    method = getattr(owner, name)

    @wraps(method)
    def wrapped(*given: Any, **named: Any) -> Any:
        happened()
        return method(*given, **named)

    setattr(owner, name, wrapped)


def _after(owner: type, name: str, happened: Callable[[], None]) -> None:
    method = getattr(owner, name)

    @wraps(method)
    def wrapped(*given: Any, **named: Any) -> Any:
        result = method(*given, **named)
        happened()
        return result

    setattr(owner, name, wrapped)
