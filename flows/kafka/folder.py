"""A tape's folder as a publisher reads it: every record with where it begins and ends, compacted ones included."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from flows.errors import DataMissingError
from flows.tape.beginning import beginning
from flows.tape.compacting import Message, read_compacted
from flows.tape.log_reader import READ_BYTES
from flows.tape.segments.follower import TapeFollower
from flows.tape.segments.record import AROUND, Kind, Record
from flows.tape.segments.segment import START, Offset, Segment, readable
from operators.wire.frames import TRADE
from operators.wire.rows import MS_NS, WireRow


class Placed(NamedTuple):
    """A record, and where it begins and ends on the tape."""

    record: Record
    segment: int
    place: int
    end: int


def batches(folder: Path, start: Offset = START, *, follow: bool = False) -> Iterator[list[Placed]]:
    """Yield a tape's records from the one at `start` on, some at a time.

    `follow`: go on for ever with what its writer lets be seen, with nothing whenever there is nothing new.
    Raises TapeDamagedError, and TapeError when the disk refuses.
    """
    for segment in readable(folder):
        if segment.compacted and segment.number >= start.segment:
            yield [each for each in _of_compacted(segment) if each[1:3] >= tuple(start)]
            start = Offset(segment.number + 1, 0)
    with TapeFollower(folder, start, visible_only=follow) as follower:
        while placed := follower.read(READ_BYTES) or follow:
            found = [] if placed is True else placed
            yield [_placed(record, end) for record, end in found]


def origin_of(folder: Path) -> int:
    """Return when a tape's first record came, ns UTC.  Raises DataMissingError when it has none."""
    begun = beginning(folder)
    if begun is None:
        msg = f"{folder}: no record on this tape yet"
        raise DataMissingError(msg)
    return begun[1]


def _placed(record: Record, end: Offset) -> Placed:
    return Placed(record, end.segment, end.position - AROUND - len(record.payload), end.position)


def _of_compacted(segment: Segment) -> Iterator[Placed]:
    """Yield a compacted segment's records.  A message's bytes are gone; its prints make one that reads the same."""
    for each in read_compacted(segment):
        if isinstance(each, Message):
            record = Record(Kind.FRAME, each.receive_ns, as_message(each.rows))
            yield Placed(record, segment.number, each.place, each.place + AROUND + len(each.rows))
        else:
            yield _placed(*each)


def as_message(rows: Sequence[WireRow]) -> bytes:
    """Write prints as the feed would have sent them."""
    return msgspec.json.encode([_event(row) for row in rows])


def _event(row: WireRow) -> dict[str, object]:
    event = {
        "ev": TRADE,
        "sym": row.symbol,
        "i": row.trade_id,
        "x": row.exchange,
        "p": row.price,
        "s": row.size,
        "c": [int(each) for each in row.conditions.split(",")] if row.conditions else None,
        "t": _stamp(row.sip_ns),
        "pt": _stamp(row.participant_ns),
        "q": row.sequence,
        "trfi": row.trf_id,
        "trft": _stamp(row.trf_ns),
        "z": row.tape,
    }
    return {name: value for name, value in event.items() if value is not None}


def _stamp(at_ns: int | None) -> int | None:
    """Write a time in ms, as the feed does, unless that would lose something."""
    return at_ns // MS_NS if at_ns and at_ns % MS_NS == 0 else at_ns
