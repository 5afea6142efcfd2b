"""The dataflow's last step: what happened in one piece of tape, in one transaction."""

from collections.abc import Iterable
from itertools import chain
from operator import attrgetter
from typing import Any

from bytewax.outputs import DynamicSink, StatelessSinkPartition

from flows.behind import Behind
from flows.failures import Failures
from flows.meter import Meter
from operators.events import PlanEvent
from operators.rows import Batch
from sinks.database import CACHE_KIB, open_database
from sinks.errors import DatabaseError
from sinks.retrying import persistently
from sinks.writer import SinkWriter


class SqlSink(DynamicSink[tuple[str, Batch]]):
    """Writes batches to the database at `url` as part of `stream`, which the run holds by `token`.

    `behind`: while a piece of tape is written, the next is worked on already.  Only for runs that keep no state: an
    epoch's snapshot would not wait for its rows.  `cache_kib`: see `open_database`.
    """

    def __init__(
        self,
        url: str,
        stream: str,
        meter: Meter,
        token: int | None = None,
        failures: Failures | None = None,
        *,
        behind: bool = False,
        cache_kib: int = CACHE_KIB,
    ) -> None:
        self._url, self._stream, self._meter, self._token, self._behind = url, stream, meter, token, behind
        self._cache_kib = cache_kib
        self._failures = Failures() if failures is None else failures

    def build(self, step_id: str, worker_index: int, worker_count: int) -> "SqlPartition":
        """Connect one worker."""
        writer = SinkWriter(open_database(self._url, cache_kib=self._cache_kib), self._stream, self._token)
        return SqlPartition(writer, self._meter, self._failures, behind=self._behind)


class SqlPartition(StatelessSinkPartition[tuple[str, Batch]]):
    """One worker's connection.  Once a failure is kept, nothing more is written."""

    def __init__(self, writer: SinkWriter, meter: Meter, failures: Failures, *, behind: bool) -> None:
        self._writer, self._meter, self._failures = writer, meter, failures
        self._behind = Behind(self._write) if behind else None

    def write_batch(self, items: list[tuple[str, Batch]]) -> None:
        """Write all items in one transaction, events in order of time, plan and number.

        A database that falters keeps the tape waiting; one that goes on faltering ends the run.
        """
        if self._failures:
            return
        batches = [batch for _, batch in items]
        try:
            if self._behind is None:
                self._write(batches)
            else:
                self._behind.put(batches)
        except DatabaseError as error:
            self._failures.meet(error)

    def _write(self, batches: list[Batch]) -> None:
        batch, meter = merged(batches), self._meter
        try:
            report = persistently(lambda: self._writer.write(batch), leaving=meter.stop, heard=meter.database_waits)
        except DatabaseError as error:
            self._meter.failure = str(error)
            raise
        self._meter.waiting = None
        self._meter.scanned({row.session_date for row in batch.scan_results})
        self._meter.dead_letters += report.dead_letters
        self._meter.divergences += report.divergences
        self._meter.first_divergence = self._meter.first_divergence or report.first_divergence

    def close(self) -> None:
        """Write what is still to be written, and disconnect.  The engine must see no error here: it would abort."""
        try:
            if self._behind is not None:
                self._behind.close()
        except BaseException as error:  # noqa: BLE001 - handed to the run, which raises it
            self._failures.keep(error)
        finally:
            self._writer.close()


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
        superseded=tuple(every("superseded")),
        market_events=tuple(every("market_events")),
        data_gaps=tuple(every("data_gaps")),
    )
