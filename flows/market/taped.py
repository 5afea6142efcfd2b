"""The prints of a tape that was recorded live, as a practice market serves them: each once, in the vendor's columns."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl
from msgspec.structs import astuple

from flows.simulation.vendor import COLUMNS
from flows.tape.compacting import Message, read_compacted
from flows.tape.segments.follower import TapeFollower
from flows.tape.segments.payloads import read_repair
from flows.tape.segments.record import Kind, Record
from flows.tape.segments.segment import START, Offset, readable
from operators import ticks
from operators.wire.ahead import believed
from operators.wire.frames import read_frame
from operators.wire.pages import read_page
from operators.wire.rows import WireRow
from operators.wire.succession import FEED, Succession, Verdict

_NAMES: Final = {
    "ticker": ticks.SYMBOL,
    "participant_timestamp": ticks.PARTICIPANT_NS,
    "sequence_number": ticks.SEQUENCE,
    "sip_timestamp": ticks.SIP_NS,
    "id": ticks.TRADE_ID,
    "trf_timestamp": ticks.TRF_NS,
}


def taped_prints(folder: Path) -> pl.DataFrame:
    """Return a tape's prints in `simulation.vendor.COLUMNS`; times are whole ms, as the feed gave them.

    Raises TapeDamagedError, and TapeError when the disk refuses.
    """
    succession, gaps, kept = Succession(), 0, list[WireRow]()
    for kind, rows in _messages(folder):
        gaps += kind is Kind.GAP
        source = max(1, gaps) if kind is Kind.REPAIR else FEED
        kept += [row for row in rows if succession.judge(row, source) is Verdict.NEW]
    frame = _frame(kept)
    found = [
        pl.col(_NAMES.get(name, name)).cast(dtype).alias(name)
        if _NAMES.get(name, name) in frame.columns
        else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in COLUMNS.items()
    ]
    return frame.select(found)


def _frame(rows: list[WireRow]) -> pl.DataFrame:
    """Return rows as a frame of `ticks.TICK_SCHEMA`; a row has one field more, its tape."""
    by_field = list(zip(*map(astuple, rows), strict=True)) or [()] * len(WireRow.__struct_fields__)
    return pl.DataFrame(
        [
            pl.Series(name, values, dtype=dtype)
            for (name, dtype), values in zip(ticks.TICK_SCHEMA.items(), by_field, strict=False)
        ]
    )


def _messages(folder: Path) -> Iterator[tuple[Kind, list[WireRow]]]:
    """Yield the records of a tape in order, with those of their prints that are believed."""
    start = START
    for segment in readable(folder):
        if segment.compacted:
            start = Offset(segment.number + 1, 0)
            for each in read_compacted(segment):
                yield (
                    (Kind.FRAME, believed(each.rows, each.receive_ns)) if isinstance(each, Message) else _read(each[0])
                )
    with TapeFollower(folder, start, visible_only=False) as follower:
        while placed := follower.read():
            for record, _ in placed:
                yield _read(record)


def _read(record: Record) -> tuple[Kind, list[WireRow]]:
    if record.kind is Kind.REPAIR:
        return record.kind, believed(read_page(*read_repair(record.payload))[0], record.receive_ns)
    rows = read_frame(record.payload)[0] if record.kind is Kind.FRAME else []
    return record.kind, believed(rows, record.receive_ns)
