"""The folder of a tape that was recorded live, in pieces like those of any other recording."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from flows.tape.commands import CommandReader
from flows.tape.compacting import Message, read_compacted
from flows.tape.decoding import TapeDecoder
from flows.tape.scan import Piece, ScanFilter, filtered
from flows.tape.segments.follower import TapeFollower
from flows.tape.segments.record import AROUND, Kind, Record
from flows.tape.segments.segment import START, Offset, Segment, readable

READ_BYTES: Final = 1 << 23
FOLLOWED_BYTES: Final = 1 << 21
"""Less at a time where it goes on for days, so that a repair of minutes, all there at once, takes little memory."""
PIECE_ROWS: Final = 50_000
_HOLDS_SOMETHING: Final = frozenset({Kind.FRAME, Kind.REPAIR, Kind.COMMAND})


def read_log(
    folder: Path,
    wanted: ScanFilter,
    commands: CommandReader | None = None,
    *,
    follow: bool = False,
    memory: tuple[Any, ...] | None = None,
) -> Iterator[Piece]:
    """Yield a tape's pieces in order.

    `follow`: go on for ever with what its writer lets be seen, with an empty piece whenever there is nothing new.
    `memory`: what an earlier reader remembered (`Piece.memory`); reading goes on after that piece.
    Raises TapeDamagedError, and TapeError when the disk refuses.
    """
    decoder = TapeDecoder(folder, commands or CommandReader({}))
    start = START if memory is None else decoder.restore(memory)
    for segment in readable(folder):
        if segment.compacted and segment.number >= start.segment:
            yield from (filtered(piece, wanted) for piece in _of_compacted(segment, decoder, start))
            start = Offset(segment.number + 1, 0)
    size = FOLLOWED_BYTES if follow else READ_BYTES
    with TapeFollower(folder, start, visible_only=follow) as follower:
        while True:
            placed = follower.read(size)
            yield from (filtered(piece, wanted) for piece in decoder.pieces(placed))
            if not placed and not follow:
                return
            if not placed:
                yield decoder.piece()


def _of_compacted(segment: Segment, decoder: TapeDecoder, start: Offset) -> Iterator[Piece]:
    decoder.begin(max(start, Offset(segment.number, 0)))
    for each in read_compacted(segment):
        if Offset(segment.number, _place(each)) < start:
            continue
        if isinstance(each, Message):
            decoder.prints(each.rows, [], each.place, each.receive_ns)
            decoder.begin(Offset(segment.number, each.place + len(each.rows)))
            if decoder.held >= PIECE_ROWS:
                yield decoder.piece()
            continue
        mark = decoder.record(*each)
        if mark is not None:
            yield decoder.piece(mark)
    yield decoder.piece()


def _place(each: Message | tuple[Record, Offset]) -> int:
    """Where what a record holds begins, in bytes from the segment's start."""
    if isinstance(each, Message):
        return each.place
    record, end = each
    return end.position - AROUND - len(record.payload)


def verify_log(folder: Path) -> bool:
    """Read a tape to its end; return whether it holds any message or command.  Raises TapeDamagedError."""
    start, holds = START, False
    for segment in readable(folder):
        if segment.compacted:
            start = Offset(segment.number + 1, 0)
            holds = holds or any(True for _ in read_compacted(segment))
    with TapeFollower(folder, start, visible_only=False) as follower:
        while placed := follower.read(READ_BYTES):
            holds = holds or any(record.kind in _HOLDS_SOMETHING for record, _ in placed)
    return holds
