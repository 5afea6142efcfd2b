"""Finished segments as Parquet: the prints in the vendor's columns, and every other record beside them.

Rule: nothing that a replay looks at is lost.  A message becomes rows only if it holds trades and nothing else and all
of them can be used; any other record stays as it is.  Both files know each record's place, so their order comes back.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import polars as pl
from msgspec.structs import astuple

from flows.errors import DataMissingError
from flows.simulation.vendor import COLUMNS
from flows.tape.segments.errors import TapeDamagedError
from flows.tape.segments.record import AROUND, Kind, Record, decode
from flows.tape.segments.segment import (
    COMPACTED,
    HEADER_BYTES,
    Offset,
    Segment,
    check_header,
    segments,
    sync_folder,
    told,
)
from operators.wire.frames import read_frame
from operators.wire.rows import WireRow

PLACE: Final = "record_position"
RECEIVED: Final = "receive_timestamp"
FEED: Final = "feed"
PRINTS: Final[dict[str, pl.DataType]] = {
    **COLUMNS,
    PLACE: pl.UInt32(),
    RECEIVED: pl.Int64(),
    FEED: pl.UInt16(),
}
"""The vendor's columns, and where and when the message came; one row per print in the order of the tape."""
RECORDS: Final[dict[str, pl.DataType]] = {
    PLACE: pl.UInt32(),
    "kind": pl.UInt8(),
    RECEIVED: pl.Int64(),
    FEED: pl.UInt16(),
    "payload": pl.Binary(),
}
_FIELDS: Final = (
    "ticker",
    "sip_timestamp",
    "participant_timestamp",
    "price",
    "size",
    "exchange",
    "conditions",
    "sequence_number",
    "id",
    "trf_id",
    "trf_timestamp",
    "correction",
    "tape",
)
"""The vendor's names for the fields of a WireRow, in their order."""
_parts: Final = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Message:
    """The prints of one message, its place in bytes from the segment's start, and when it came (ns UTC)."""

    rows: list[WireRow]
    place: int
    receive_ns: int


@dataclass(frozen=True, slots=True)
class Compacted:
    """What became of a segment: prints, records that stay records, and bytes before and after."""

    segment: Segment
    prints: int
    records: int
    before: int
    after: int


def compact(folder: Path, told_of: Callable[[Compacted], None]) -> None:
    """Compact every finished segment, the oldest first; all but the last one are.

    Raises TapeDamagedError before anything of a damaged segment is given up, TapeError when the disk refuses.
    """
    for segment in segments(folder)[:-1]:
        if not segment.compacted:
            told_of(_compact(segment))


def prints_of(segment: Segment) -> Path:
    """Return the file with a compacted segment's prints."""
    return segment.path.with_name(f"{segment.stem}.parquet")


def newest_print(segment: Segment) -> int:
    """Return the latest SIP time of a compacted segment's prints, none later than it came; ns UTC, 0 without any.

    Raises DataMissingError for a damaged file.
    """
    sip, received = pl.col("sip_timestamp"), pl.col(RECEIVED)
    try:
        found = pl.scan_parquet(prints_of(segment)).select(pl.min_horizontal(sip, received).max()).collect().item()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _damaged(segment, error) from None
    return int(found or 0)


def other_records(segment: Segment) -> list[Record]:
    """Return what a compacted segment holds besides prints, in order.  Raises DataMissingError for a damaged file."""
    try:
        records = pl.read_parquet(segment.path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _damaged(segment, error) from None
    return [Record(Kind(kind), came, payload, feed) for _, kind, came, feed, payload in records.iter_rows()]


def read_compacted(segment: Segment) -> Iterator[Message | tuple[Record, Offset]]:
    """Yield what a compacted segment holds, in the order of the tape.  Raises DataMissingError for a damaged file."""
    try:
        prints = pl.read_parquet(prints_of(segment), columns=[*_FIELDS, PLACE, RECEIVED])
        records = pl.read_parquet(segment.path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _damaged(segment, error) from None
    messages, message = _messages(prints), None
    message = next(messages, None)
    for place, kind, receive_ns, feed, payload in records.iter_rows():
        while message is not None and message.place < place:
            yield message
            message = next(messages, None)
        yield Record(Kind(kind), receive_ns, payload, feed), Offset(segment.number, place + AROUND + len(payload))
    while message is not None:
        yield message
        message = next(messages, None)


def _damaged(segment: Segment, error: Exception) -> DataMissingError:
    return DataMissingError(f"{segment.path}: cannot be read ({str(error).splitlines()[0]})")


def _messages(prints: pl.DataFrame) -> Iterator[Message]:
    message: Message | None = None
    for *values, place, receive_ns in prints.select(*_FIELDS, PLACE, RECEIVED).iter_rows():
        if message is None or message.place != place:
            if message is not None:
                yield message
            message = Message([], place, receive_ns)
        message.rows.append(WireRow(*values))
    if message is not None:
        yield message


def _compact(segment: Segment) -> Compacted:
    with told(segment.path, "be read"):
        data = segment.path.read_bytes()
    check_header(segment, data)
    found, broken = decode(data, HEADER_BYTES)
    if broken is not None:
        msg = f"{segment.path}: damaged, byte {broken.position} is no whole record; it stays as it is"
        raise TapeDamagedError(msg)
    prints: list[tuple[Any, ...]] = []
    kept: list[tuple[Any, ...]] = []
    for record, end in found:
        place = end - AROUND - len(record.payload)
        rows = _as_rows(record)
        if rows is None:
            kept.append((place, int(record.kind), record.receive_ns, record.feed, record.payload))
        else:
            prints += [(*astuple(row), place, record.receive_ns, record.feed) for row in rows]
    files = segment.path.with_name(f"{segment.stem}.parquet"), segment.path.with_name(f"{segment.stem}{COMPACTED}")
    types = {**{name: PRINTS[name] for name in _FIELDS}, PLACE: PRINTS[PLACE], RECEIVED: pl.Int64(), FEED: PRINTS[FEED]}
    with told(segment.path, "be compacted"):
        _write(pl.DataFrame(prints, types, orient="row").select(*PRINTS), files[0])
        _write(pl.DataFrame(kept, RECORDS, orient="row"), files[1])
        segment.path.unlink()
        sync_folder(segment.path.parent)
    after = sum(file.stat().st_size for file in files)
    return Compacted(segment, len(prints), len(kept), len(data), after)


def _as_rows(record: Record) -> list[WireRow] | None:
    """Return a message's prints when they are all there is to it."""
    if record.kind is not Kind.FRAME:
        return None
    rows, rejects = read_frame(record.payload)
    if rejects or not rows or len(_parts.decode(record.payload)) != len(rows):
        return None
    return rows


def _write(frame: pl.DataFrame, path: Path) -> None:
    """Write a file that is named only once it is on disk."""
    unnamed = path.with_suffix(".new")
    frame.write_parquet(unnamed, compression="zstd")
    handle = os.open(unnamed, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    unnamed.rename(path)
    sync_folder(path.parent)
