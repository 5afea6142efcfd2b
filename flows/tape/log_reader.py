"""The folder of a tape that was recorded live, in pieces like those of any other recording."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from flows.items import Commands, GapOf
from flows.tape.commands import CommandReader
from flows.tape.compacting import Message, read_compacted
from flows.tape.decoding import TapeDecoder
from flows.tape.scan import Mark, Piece, ScanFilter
from flows.tape.segments.follower import TapeFollower
from flows.tape.segments.record import Kind
from flows.tape.segments.segment import START, Offset, Segment, segments
from operators.records import ClockMark

READ_BYTES: Final = 1 << 23
PIECE_ROWS: Final = 50_000
_HOLDS_SOMETHING: Final = frozenset({Kind.FRAME, Kind.REPAIR, Kind.COMMAND})


def read_log(
    folder: Path, wanted: ScanFilter, commands: CommandReader | None = None, *, follow: bool = False
) -> Iterator[Piece]:
    """Yield a tape's pieces in order.

    `follow`: go on for ever with what its writer lets be seen, with an empty piece whenever there is nothing new.
    Raises TapeDamagedError, and TapeError when the disk refuses.
    """
    decoder = TapeDecoder(folder, commands or CommandReader({}))
    start = START
    for segment in segments(folder):
        if segment.compacted:
            yield from (_wanted(piece, wanted) for piece in _of_compacted(segment, decoder))
            start = Offset(segment.number + 1, 0)
    with TapeFollower(folder, start, visible_only=follow) as follower:
        while True:
            placed = follower.read(READ_BYTES)
            yield from (_wanted(piece, wanted) for piece in decoder.pieces(placed))
            if not placed and not follow:
                return
            if not placed:
                yield decoder.piece()


def _of_compacted(segment: Segment, decoder: TapeDecoder) -> Iterator[Piece]:
    decoder.begin(Offset(segment.number, 0))
    for each in read_compacted(segment):
        if isinstance(each, Message):
            decoder.prints(each.rows, [], each.place, each.receive_ns)
            if decoder.held >= PIECE_ROWS:
                yield decoder.piece()
            continue
        mark = decoder.record(*each)
        if mark is not None:
            yield decoder.piece(mark)
    yield decoder.piece()


def verify_log(folder: Path) -> bool:
    """Read a tape to its end; return whether it holds any message or command.  Raises TapeDamagedError."""
    start, holds = START, False
    for segment in segments(folder):
        if segment.compacted:
            start = Offset(segment.number + 1, 0)
            holds = holds or any(True for _ in read_compacted(segment))
    with TapeFollower(folder, start, visible_only=False) as follower:
        while placed := follower.read(READ_BYTES):
            holds = holds or any(record.kind in _HOLDS_SOMETHING for record, _ in placed)
    return holds


def _wanted(piece: Piece, wanted: ScanFilter) -> Piece:
    """Leave out the prints and marks that nobody asked for."""
    kept = wanted.expression()
    if kept is None:
        return piece
    marks = tuple(mark for mark in piece.marks if _is_wanted(mark, wanted))
    return replace(piece, ticks=piece.ticks.filter(kept), marks=marks)


def _is_wanted(mark: Mark, wanted: ScanFilter) -> bool:
    match mark:
        case Commands():
            in_time = wanted.to_ns is None or all(each.at_ns <= wanted.to_ns for each in mark.commands)
            return in_time and (wanted.symbols is None or mark.symbol in wanted.symbols)
        case ClockMark():
            return wanted.to_ns is None or mark.at_ns <= wanted.to_ns
        case GapOf():
            return wanted.to_ns is None or mark.gap.at_ns <= wanted.to_ns
        case _:
            return True
