"""Writing: one batch, one transaction.  Whatever is written again changes nothing, so a rerun is harmless.

Plans, events, scan results, superseded bars, option quotes, market events, gaps and dead letters are written once and
stay; states, progress and bars only move on.  A plan, event or scan result that is stored with another content is a
divergence: the stored one stays, the report and the stream's record count it, and from then on this writer leaves the
plan as it is stored.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass

import sqlalchemy as sa

from operators.events import PlanEvent
from operators.rows import Batch, MarketEventRow
from sinks import tables
from sinks.bulk import Texts, insert_all, insert_new, lock_writers, stored, together, upsert, upsert_columns
from sinks.canonical import canonical
from sinks.copying import Row
from sinks.divergence import (
    Contradiction,
    Key,
    event_key,
    plan_key,
    say_event,
    say_plan,
    say_scan,
    scan_key,
    sort_out,
)
from sinks.doorbell import ring
from sinks.encoding import (
    data_gap_rows,
    dead_letter_rows,
    event_rows,
    market_event_rows,
    plan_rows,
    progress_rows,
    state_rows,
)
from sinks.fencing import check
from sinks.option_quotes import option_quote_rows
from sinks.scan_encoding import bar_columns, scan_rows, superseded_rows
from sinks.streams import last_stream_seq, note


@dataclass(frozen=True, slots=True)
class WriteReport:
    """What one batch changed: rows that are new (`states`, `progress`, `bars`: new or moved on), and what diverged.

    `last_stream_seq` is the position of the newest event in the database once the batch was written.
    """

    plans: int
    events: int
    states: int
    progress: int
    dead_letters: int
    divergences: int
    first_divergence: str | None
    last_stream_seq: int
    bars: int = 0
    scan_results: int = 0
    option_quotes: int = 0


class SinkWriter:
    """Writes the batches of one stream.  Several writers, of one stream or more, may share a database.

    `token`: of the run that writes, see `sinks.fencing`; None: nobody is kept off.
    """

    def __init__(self, engine: sa.Engine, stream: str, token: int | None = None) -> None:
        self._engine = engine
        self._stream, self._token = stream, token
        self._diverged: set[str] = set()

    def close(self) -> None:
        """Disconnect."""
        self._engine.dispose()

    def write(self, batch: Batch) -> WriteReport:
        """Write a batch: all of it, or, when anything raises, nothing.

        Raises DatabaseError when the database cannot take it, FencedError among them when another run has taken the
        stream, ValueError for NaN, infinity and data that is no JSON.
        """
        plans, events = plan_rows(batch.plans), self._event_pieces(batch.events)
        states, letters = state_rows(batch.states), dead_letter_rows(batch.dead_letters)
        state_texts = Texts(tables.plan_states, states)
        bars, superseded = bar_columns(batch.bars), superseded_rows(batch.superseded)
        scans = scan_rows(batch.scan_results)
        with self._engine.begin() as connection:
            lock_writers(connection)
            check(connection, self._stream, self._token)
            last = last_stream_seq(connection)
            new_plans, other_plans = _write_once(connection, tables.plans, plans, plan_key)
            new_scans, other_scans = _write_once(connection, tables.scan_results, scans, scan_key)
            barred = self._diverged | {new[0] for _, new in other_plans}
            new_events, other_events = _write_events(
                connection, batch.events, events, last, barred, meanwhile=state_texts.ahead()
            )
            barred |= {new[0] for _, new in other_events}
            if barred:
                states = [row for row in states if row[0] not in barred]
                state_texts = Texts(tables.plan_states, states)
            diverged = [*map(say_plan, other_plans), *map(say_event, other_events), *map(say_scan, other_scans)]
            report = WriteReport(
                plans=new_plans,
                events=new_events,
                states=upsert(connection, tables.plan_states, states, ("last_seq", "updated_ns"), state_texts),
                progress=upsert(connection, tables.progress, progress_rows(self._stream, batch.progress), ("tape_ns",)),
                dead_letters=insert_new(connection, tables.dead_letters, letters),
                divergences=len(diverged),
                first_divergence=diverged[0] if diverged else None,
                last_stream_seq=last + new_events,
                bars=upsert_columns(connection, tables.bars, bars, ("revision",)),
                scan_results=new_scans,
                option_quotes=insert_new(connection, tables.option_quotes, option_quote_rows(batch.option_quotes)),
            )
            insert_new(connection, tables.bar_revisions, superseded)
            insert_new(connection, tables.market_events, market_event_rows(batch.market_events))
            insert_new(connection, tables.data_gaps, data_gap_rows(batch.data_gaps))
            note(connection, self._stream, report.last_stream_seq, report.divergences)
            ring(connection)
        self._diverged = barred
        return report

    def _event_pieces(self, events: Sequence[PlanEvent]) -> Iterable[list[Row]]:
        """Make the rows: on PostgreSQL while the server takes those before, on SQLite before the lock is taken."""
        pieces = map(event_rows, together(events))
        return list(pieces) if self._engine.dialect.name == "sqlite" else pieces


def write_market_events(engine: sa.Engine, events: Sequence[MarketEventRow]) -> int:
    """Write the market events that are new; return how many were."""
    with engine.begin() as connection:
        lock_writers(connection)
        return insert_new(connection, tables.market_events, market_event_rows(events))


def _write_once(
    connection: sa.Connection, table: sa.Table, rows: list[Row], key: Key
) -> tuple[int, list[Contradiction]]:
    written = insert_new(connection, table, rows)
    if written == len(rows):
        return written, []
    kept = stored(connection, table, canonical([key(row) for row in rows]))
    return written, sort_out(kept, rows, key)[1]


def _write_events(
    connection: sa.Connection,
    events: Sequence[PlanEvent],
    pieces: Iterable[list[Row]],
    last: int,
    barred: Set[str],
    meanwhile: Iterable[object],
) -> tuple[int, list[Contradiction]]:
    """Insert as if all events were new; if some were not, take that back, and insert only those that are.

    A plan whose rows contradict what is stored, or that is `barred` for it, gets no further event: two lives would mix.
    """
    table = tables.plan_events
    written = insert_all(connection, table, _free(pieces, last, barred), len(events), meanwhile)
    if written == len(events):
        return written, []
    if written:
        connection.execute(table.delete().where(table.c.stream_seq > last))
    rows = event_rows(events)
    kept = stored(connection, table, canonical([event_key(row) for row in rows]))
    new, contradictions = sort_out(kept, rows, event_key)
    barred = barred | {row[0] for _, row in contradictions}
    written = insert_new(connection, table, _numbered([row for row in new if row[0] not in barred], last))
    return written, contradictions


def _free(pieces: Iterable[list[Row]], last: int, barred: Set[str]) -> Iterator[list[Row]]:
    """Number the rows of plans that are not barred."""
    for piece in pieces:
        free = [row for row in piece if row[0] not in barred] if barred else piece
        yield _numbered(free, last)
        last += len(free)


def _numbered(rows: list[Row], last: int) -> list[Row]:
    return [(*row, number) for number, row in enumerate(rows, last + 1)]
