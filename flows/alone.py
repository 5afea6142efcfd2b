"""One worker alone, in the thread that asks for it.

Bytewax's cluster, even one of one, gives its worker a thread and beside it asks for Python's lock a thousand times a
second, to hear of signals: so often the rules wait.  Alone, the worker hears of them itself.  But of a step that raises
the engine then has words of its own on stderr, so a failure that has its line ends the run like the end of the tape,
and is raised when the engine is done.  Where state is kept nobody may run alone: the engine would keep what came last.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bytewax.inputs import DynamicSource, StatelessSourcePartition
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import run_main

from flows.dataflow import Rules, build
from flows.errors import CommandError
from flows.items import TapeItem
from sinks.errors import DatabaseError

Failures = list[CommandError | DatabaseError]


def run_alone(tape: DynamicSource[TapeItem], rules: Rules, sink: DynamicSink[Any], epoch: timedelta) -> None:
    """Run the dataflow to its end.  Raises CommandError or DatabaseError as a step of tape or sink raised it."""
    failures: Failures = []
    run_main(build(Tape(tape, failures), rules, Rows(sink, failures)), epoch_interval=epoch)
    if failures:
        raise failures[0]


@dataclass(frozen=True)
class Tape(DynamicSource[TapeItem]):
    """A tape that ends with the first failure."""

    tape: DynamicSource[TapeItem]
    failures: Failures

    def build(self, step_id: str, worker_index: int, worker_count: int) -> "TapePart":
        """Open the tape."""
        return TapePart(self.tape.build(step_id, worker_index, worker_count), self.failures)


@dataclass(frozen=True)
class TapePart(StatelessSourcePartition[TapeItem]):
    """The one part of it."""

    part: StatelessSourcePartition[TapeItem]
    failures: Failures

    def next_batch(self) -> list[TapeItem]:
        """Return what comes next; raises StopIteration at the end of the tape, and once anything has failed."""
        if self.failures:
            raise StopIteration
        try:
            return list(self.part.next_batch())
        except CommandError as error:
            self.failures.append(error)
            raise StopIteration from None

    def next_awake(self) -> datetime | None:
        """Return when to ask again."""
        return self.part.next_awake()

    def close(self) -> None:
        """Stop reading."""
        self.part.close()


@dataclass(frozen=True)
class Rows(DynamicSink[Any]):
    """A sink that takes nothing more once anything has failed."""

    sink: DynamicSink[Any]
    failures: Failures

    def build(self, step_id: str, worker_index: int, worker_count: int) -> "RowsPart":
        """Connect."""
        return RowsPart(self.sink.build(step_id, worker_index, worker_count), self.failures)


@dataclass(frozen=True)
class RowsPart(StatelessSinkPartition[Any]):
    """The one part of it."""

    part: StatelessSinkPartition[Any]
    failures: Failures

    def write_batch(self, items: list[Any]) -> None:
        """Write what comes, up to the first failure."""
        if self.failures:
            return
        try:
            self.part.write_batch(items)
        except DatabaseError as error:
            self.failures.append(error)

    def close(self) -> None:
        """Disconnect."""
        self.part.close()
