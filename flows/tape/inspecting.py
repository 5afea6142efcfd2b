"""Looking at a tape: what it holds, record by record or in all.  Nothing here changes it."""

import base64
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from flows.errors import BadInputError, DataMissingError
from flows.kafka.topic import topic_of
from flows.tape.compacting import Message, read_compacted
from flows.tape.log_reader import READ_BYTES
from flows.tape.segments.follower import TapeFollower
from flows.tape.segments.payloads import GapMark, read_repair, standing_gaps
from flows.tape.segments.record import Kind, Record
from flows.tape.segments.segment import START, Offset, Segment, is_tape, readable
from operators.times import iso


@dataclass(frozen=True, slots=True)
class TapeInfo:
    """A tape in numbers.  `records` by kind; `torn`: where it ends in something unfinished; times ns UTC, or None."""

    segments: int
    compacted: int
    bytes: int
    records: dict[str, int]
    first_ns: int | None
    last_ns: int | None
    standing_gaps: tuple[GapMark, ...]
    torn: str | None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return asdict(self) | {"standing_gaps": [msgspec.to_builtins(each) for each in self.standing_gaps]}


def check_folder(folder: Path) -> None:
    """Raise DataMissingError when a folder holds no tape, BadInputError for what is a topic."""
    topic = topic_of(folder)
    if topic is not None:
        msg = f"{topic}: is a topic; this works on a tape's folder, and `tape verify` on topics as well"
        raise BadInputError(msg)
    if not is_tape(folder):
        msg = f"{folder}: no tape here"
        raise DataMissingError(msg)


def tape_segments(folder: Path) -> list[Segment]:
    """Return a tape's segments.  Raises DataMissingError when there is none, TapeDamagedError, BadInputError."""
    check_folder(folder)
    return readable(folder)


def tape_info(folder: Path) -> TapeInfo:
    """Read a whole tape.  Raises TapeDamagedError where it is not what was written."""
    found = tape_segments(folder)
    counts: Counter[str] = Counter()
    times: list[int] = []
    gaps: list[Record] = []
    torn: list[Offset] = []
    for record, _ in everything(folder, torn):
        counts[record.kind.name.lower()] += 1
        times = [min([*times[:1], record.receive_ns]), max([*times[1:], record.receive_ns])]
        if record.kind is Kind.GAP:
            gaps.append(record)
    files = [path for each in found for path in folder.glob(f"{each.stem}*")]
    return TapeInfo(
        segments=len(found),
        compacted=sum(each.compacted for each in found),
        bytes=sum(path.stat().st_size for path in files),
        records=dict(counts),
        first_ns=times[0] if times else None,
        last_ns=times[1] if times else None,
        standing_gaps=tuple(standing_gaps(gaps).values()),
        torn=str(torn[0]) if torn else None,
    )


def everything(
    folder: Path, torn: list[Offset] | None = None, start: Offset = START
) -> Iterator[tuple[Record, Offset]]:
    """Yield a tape's records, each with the offset after it; compacted messages without their payload."""
    for segment in tape_segments(folder):
        if segment.compacted:
            for each in read_compacted(segment):
                if isinstance(each, Message):
                    yield Record(Kind.FRAME, each.receive_ns), Offset(segment.number, each.place)
                else:
                    yield each
            start = max(start, Offset(segment.number + 1, 0))
    with TapeFollower(folder, start, visible_only=False) as follower:
        while placed := follower.read(READ_BYTES):
            yield from placed
        if torn is not None and follower.torn is not None:
            torn.append(follower.torn)


def as_line(record: Record, end: Offset) -> str:
    """Write a record as one line of JSON; a payload that is no text as base64."""
    line: dict[str, Any] = {"until": str(end), "kind": record.kind.name.lower(), "at": iso(record.receive_ns)}
    line |= {"feed": record.feed} if record.feed else {}
    payload = record.payload
    if record.kind is Kind.REPAIR:
        symbol, payload = read_repair(payload)
        line["symbol"] = symbol
    if payload:
        line["payload"] = _shown(payload)
    return json.dumps(line, ensure_ascii=False)


def parse_offset(text: str) -> Offset:
    """Read an offset such as 3:1024.  Raises ValueError."""
    segment, _, position = text.partition(":")
    return Offset(int(segment), int(position or 0))


def _shown(payload: bytes) -> Any:
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {"base64": base64.b64encode(payload).decode()}
