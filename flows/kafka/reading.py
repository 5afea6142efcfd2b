"""A topic in pieces, like those of the tape's folder that it was published from: a partition's are its symbols' share.

Rule: what a reader remembers between two pieces lets another one go on, also of the partition's offset.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any, Final

from flows.kafka.partition import Behind, PartitionReader, Taken
from flows.kafka.topic import TopicTape
from flows.kafka.wire import REACHED
from flows.tape.commands import CommandReader
from flows.tape.decoding import MEMORY_VALUES, TapeDecoder
from flows.tape.scan import Mark, Piece, ScanFilter, filtered
from flows.tape.segments.payloads import read_repair
from flows.tape.segments.record import Kind, Record
from flows.tape.segments.segment import Offset
from flows.tape.share import worker_of
from operators.wire.frames import read_frame
from operators.wire.pages import read_page

TELLS: Final = 0
"""The partition whose reader tells what is wrong with records that all partitions have."""


def read_partition(
    tape: TopicTape,
    index: int,
    wanted: ScanFilter,
    commands: CommandReader | None = None,
    *,
    follow: bool = False,
    memory: tuple[Any, ...] | None = None,
) -> Iterator[Piece]:
    """Yield a partition's pieces in order, an empty one whenever there is nothing new at the moment.

    `follow`: go on for ever; else to where all partitions reached when the topic was looked at.  `memory`: what an
    earlier reader remembered (`Piece.memory`).  Raises TapeDamagedError, and CommandError when no broker answers.
    """
    decoder = TapeDecoder(str(tape.topic), commands or CommandReader({}), tells=index == TELLS)
    behind = Behind()
    if memory is not None:
        decoder.restore(memory[:MEMORY_VALUES])
        behind = Behind(*memory[MEMORY_VALUES:])
    with closing(PartitionReader(tape, index, behind, follow=follow)) as reader:
        while not reader.over:
            taken = [each for each in reader.read() if follow or _end(each) <= tape.reach]
            for piece in _pieces(taken, decoder):
                yield replace(filtered(piece, wanted), at_end=reader.at_end if follow else None)


def _pieces(taken: list[Taken], decoder: TapeDecoder) -> Iterator[Piece]:
    for each in taken:
        mark = _decode(each, decoder)
        if mark is not None:
            yield _piece(decoder, each.behind, mark)
    yield _piece(decoder, taken[-1].behind if taken else None)


def _piece(decoder: TapeDecoder, behind: Behind | None, mark: Mark | None = None) -> Piece:
    piece = decoder.piece(mark)
    return replace(piece, memory=None if behind is None else lambda: (*decoder.to_plain(), *behind))


def _decode(taken: Taken, decoder: TapeDecoder) -> Mark | None:
    """Take a message; return the mark it is, if any."""
    stamp, value = taken.stamp, taken.value
    decoder.heard(stamp.newest_ns, stamp.heard_ns)
    decoder.begin(_end(taken))
    if stamp.kind == REACHED:
        return None
    kind = Kind(stamp.kind)
    if kind is Kind.FRAME:
        decoder.prints(*read_frame(value), stamp.place, stamp.receive_ns, steps=taken.steps)
    elif kind is Kind.REPAIR:
        symbol, body = read_repair(value)
        decoder.prints(*read_page(symbol, body), stamp.place, stamp.receive_ns, decoder.repair, taken.steps)
    else:
        return decoder.record(Record(kind, stamp.receive_ns, value, stamp.feed), _end(taken))
    return None


def _end(taken: Taken) -> Offset:
    return Offset(taken.stamp.segment, taken.stamp.end)


def read_topic(
    tape: TopicTape, wanted: ScanFilter, commands: Callable[[], CommandReader] | None = None
) -> Iterator[Piece]:
    """Yield the pieces of all partitions that hold wanted symbols, one partition after the other.

    Nothing is ordered across symbols; what all partitions have comes once for each.
    """
    symbols = wanted.symbols
    chosen = range(tape.partitions) if symbols is None else {worker_of(each, tape.partitions) for each in symbols}
    for index in sorted(chosen):
        yield from read_partition(tape, index, wanted, None if commands is None else commands())
