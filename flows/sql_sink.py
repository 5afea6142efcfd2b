"""The dataflow's last step: what happened in one piece of tape, in one transaction."""

from collections.abc import Iterable
from itertools import chain
from operator import attrgetter
from typing import Any

from bytewax.outputs import DynamicSink, StatelessSinkPartition

from flows.behind import Behind
from flows.meter import Meter
from operators.events import PlanEvent
from operators.rows import Batch
from sinks.database import open_database
from sinks.errors import DatabaseError
from sinks.writer import SinkWriter


class SqlSink(DynamicSink[tuple[str, Batch]]):
    """Writes batches to the database at `url` as part of `stream`, which the run holds by `token`.

    `behind`: while a piece of tape is written, the next is worked on already.  Only for runs that keep no state: an
    epoch's snapshot would not wait for its rows.
    """

    def __init__(self, url: str, stream: str, meter: Meter, token: int | None = None, *, behind: bool = False) -> None:
        self._url, self._stream, self._meter, self._token, self._behind = url, stream, meter, token, behind

    def build(self, step_id: str, worker_index: int, worker_count: int) -> "SqlPartition":
        """Connect one worker."""
        return SqlPartition(self._url, self._stream, self._meter, self._token, behind=self._behind)


class SqlPartition(StatelessSinkPartition[tuple[str, Batch]]):
    """One worker's connection."""

    def __init__(self, url: str, stream: str, meter: Meter, token: int | None, *, behind: bool = False) -> None:
        self._engine = open_database(url)
        self._writer, self._meter = SinkWriter(self._engine, stream, token), meter
        self._behind = Behind(self._write) if behind else None

    def write_batch(self, items: list[tuple[str, Batch]]) -> None:
        """Write all items in one transaction, events in order of time, plan and number."""
        batches = [batch for _, batch in items]
        if self._behind is None:
            self._write(batches)
        else:
            self._behind.put(batches)

    def _write(self, batches: list[Batch]) -> None:
        try:
            report = self._writer.write(merged(batches))
        except DatabaseError as error:
            self._meter.failure = str(error)
            raise
        self._meter.dead_letters += report.dead_letters
        self._meter.divergences += report.divergences
        self._meter.first_divergence = self._meter.first_divergence or report.first_divergence

    def close(self) -> None:
        """Write what is still to be written, and disconnect."""
        try:
            if self._behind is not None:
                self._behind.close()
        finally:
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
