"""The dataflow's last step: what happened in one piece of tape, in one transaction."""

from collections.abc import Iterable
from itertools import chain
from operator import attrgetter
from typing import Any

from bytewax.outputs import DynamicSink, StatelessSinkPartition

from flows.meter import Meter
from operators.events import PlanEvent
from operators.rows import Batch
from sinks.database import open_database
from sinks.errors import DatabaseError
from sinks.retrying import persistently
from sinks.writer import SinkWriter


class SqlSink(DynamicSink[tuple[str, Batch]]):
    """Writes batches to the database at `url` as part of `stream`, which the run holds by `token`."""

    def __init__(self, url: str, stream: str, meter: Meter, token: int | None = None) -> None:
        self._url, self._stream, self._meter, self._token = url, stream, meter, token

    def build(self, step_id: str, worker_index: int, worker_count: int) -> "SqlPartition":
        """Connect one worker."""
        return SqlPartition(self._url, self._stream, self._meter, self._token)


class SqlPartition(StatelessSinkPartition[tuple[str, Batch]]):
    """One worker's connection."""

    def __init__(self, url: str, stream: str, meter: Meter, token: int | None) -> None:
        self._engine = open_database(url)
        self._writer, self._meter = SinkWriter(self._engine, stream, token), meter

    def write_batch(self, items: list[tuple[str, Batch]]) -> None:
        """Write all items in one transaction, events in order of time, plan and number.

        A database that falters keeps the tape waiting; one that goes on faltering ends the run.
        """
        batch = merged([each for _, each in items])
        try:
            report = persistently(
                lambda: self._writer.write(batch), leaving=self._meter.stop, heard=self._meter.database_waits
            )
        except DatabaseError as error:
            self._meter.failure = str(error)
            raise
        self._meter.waiting = None
        self._meter.dead_letters += report.dead_letters
        self._meter.divergences += report.divergences
        self._meter.first_divergence = self._meter.first_divergence or report.first_divergence

    def close(self) -> None:
        """Disconnect."""
        self._engine.dispose()


def in_order(events: Iterable[PlanEvent]) -> list[PlanEvent]:
    """Sort by time, plan and number: three stable sorts by one plain value, half as dear as one by all three."""
    ordered = sorted(events, key=attrgetter("seq"))
    ordered.sort(key=attrgetter("plan_id"))
    ordered.sort(key=attrgetter("at_ns"))
    return ordered


def merged(batches: list[Batch]) -> Batch:
    """Return batches of several symbols as one."""

    def every(name: str) -> Any:
        return chain.from_iterable(getattr(batch, name) for batch in batches)

    return Batch(
        plans=tuple(every("plans")),
        events=tuple(in_order(every("events"))),
        states=tuple(every("states")),
        dead_letters=tuple(every("dead_letters")),
        progress=tuple(every("progress")),
        bars=tuple(every("bars")),
        scan_results=tuple(every("scan_results")),
        option_quotes=tuple(every("option_quotes")),
    )
