"""The tape as the feed's sink, and what a tape says that an earlier feed left behind."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from flows.feed.newest import newest_ns
from flows.feed.settings import Behind
from flows.feed.sink import Gap, GapState
from flows.tape.segments import payloads
from flows.tape.segments.follower import TapeFollower
from flows.tape.segments.record import Kind, Record
from flows.tape.segments.segment import HEADER_BYTES, Offset, readable
from flows.tape.segments.writer import TapeWriter

_STATES: Final[dict[GapState, Literal["open", "close", "lost"]]] = {
    GapState.OPEN: "open",
    GapState.CLOSED: "close",
    GapState.LOST: "lost",
}
LOOKED_BACK: Final = 2
"""Segments, from the end, in which an unfinished gap may have been opened; one that holds nothing yet is none."""


class TapeSink:
    """Collects records and appends them at each commit."""

    def __init__(self, writer: TapeWriter, feed: int = 0) -> None:
        self._writer, self._feed = writer, feed
        self._records = list[Record]()

    def append(self, frame: bytes, received_ns: int) -> None:
        """Take a message."""
        self._records.append(Record(Kind.FRAME, received_ns, frame, self._feed))

    def repair(self, symbol: str, page: bytes, received_ns: int) -> None:
        """Take a page; pages are large, so each is written at once."""
        self._records.append(payloads.repair(symbol, page, received_ns, self._feed))
        self._flush()

    def mark_gap(self, gap: Gap, received_ns: int) -> None:
        """Take a gap's mark."""
        mark = payloads.GapMark(gap.name, _STATES[gap.state], gap.from_ns, gap.to_ns, gap.symbols, gap.reason)
        self._records.append(payloads.gap(mark, received_ns, self._feed))

    def clock(self, at_ns: int) -> None:
        """Take a clock mark."""
        self._records.append(payloads.clock(at_ns))

    def commit(self) -> None:
        """Write what was taken."""
        self._flush()

    def _flush(self) -> None:
        if self._records:
            self._writer.append(self._records)
            self._records = []


def left_behind(folder: Path) -> Behind | None:
    """Return where the tape in `folder` stops and which gaps are open on it; None when it holds no print yet.

    It stops where its newest message was received at the latest, whatever time that message tells.
    Read it before the writer appends anything.  Raises TapeError, DataMissingError.
    """
    newest, open_from = 0, dict[str, int]()
    for record in _last_records(folder):
        if isinstance(record, int):
            newest = max(newest, record)
        elif record.kind is Kind.FRAME:
            newest = max(newest, min(newest_ns(record.payload), record.receive_ns))
        elif record.kind is Kind.GAP:
            mark = payloads.read_gap(record.payload)
            open_from.pop(mark.gap, None)
            if mark.state == "open":
                open_from[mark.gap] = mark.from_ns
    if not newest:
        return None
    return Behind(min([newest, *open_from.values()]), tuple(open_from))


def _last_records(folder: Path) -> Iterator[Record | int]:
    """Yield the records of a tape's last segments; of compacted ones, in place of prints, the time of the newest."""
    found = readable(folder) if folder.is_dir() else []
    last = [each for each in found[-LOOKED_BACK - 1 :] if each.path.stat().st_size > HEADER_BYTES][-LOOKED_BACK:]
    for segment in last:
        if segment.compacted:
            from flows.tape.compacting import newest_print, other_records

            yield newest_print(segment)
            yield from other_records(segment)
    written = [each for each in last if not each.compacted]
    if not written:
        return
    with TapeFollower(folder, Offset(written[0].number, 0), visible_only=False) as follower:
        while placed := follower.read():
            yield from (record for record, _ in placed)
