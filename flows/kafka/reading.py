"""A topic in pieces, like those of the tape's folder that it was published from: a partition's are its symbols' share.

Rule: what a reader remembers between two pieces lets another one go on, also of the partition's offset.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import groupby
from typing import Any, Final

from flows.kafka.client import look_at
from flows.kafka.partition import Behind, PartitionReader, Taken
from flows.kafka.topic import Topic, TopicTape
from flows.kafka.wire import REACHED
from flows.tape.commands import CommandReader
from flows.tape.decoding import MEMORY_VALUES, TapeDecoder
from flows.tape.scan import Mark, Piece, ScanFilter, filtered
from flows.tape.segments.payloads import read_repair
from flows.tape.segments.record import Kind, Record
from flows.tape.share import worker_of
from operators.wire.ahead import is_ahead
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
            taken = [each for each in reader.read() if follow or each.end <= tape.reach]
            for piece in _pieces(taken, decoder):
                yield replace(filtered(piece, wanted), at_end=reader.at_end if follow else None)


def _pieces(taken: Sequence[Taken], decoder: TapeDecoder) -> Iterator[Piece]:
    """Yield what messages hold, an empty piece for none.  A piece's rows are places in one segment of the tape."""
    for _, some in groupby(taken, lambda each: each.stamp.segment):
        of_segment = list(some)
        yield from _of_segment(of_segment, decoder)
        yield _piece(decoder, of_segment[-1].behind)
    if not taken:
        yield _piece(decoder, None)


def _of_segment(taken: Sequence[Taken], decoder: TapeDecoder) -> Iterator[Piece]:
    """Yield the pieces that end with a mark; what comes after the last of them is held."""
    for together, run in groupby(taken, lambda each: each.stamp.kind == Kind.FRAME and each.stamp.held > 0):
        found = list(run)
        if together and _take_together(found, decoder):
            continue
        for each in found:
            mark = _take(each, decoder)
            if mark is not None:
                yield _piece(decoder, each.behind, mark)


def _piece(decoder: TapeDecoder, behind: Behind | None, mark: Mark | None = None) -> Piece:
    piece = decoder.piece(mark)
    return replace(piece, memory=None if behind is None else lambda: (*decoder.to_plain(), *behind))


def _take_together(run: Sequence[Taken], decoder: TapeDecoder) -> bool:
    """Take the prints of some messages; return whether all of their elements were good prints, else nothing was taken.

    None may be ahead of any receipt: whether one is ahead of its own is for each message to say.
    """
    rows, rejects = read_frame(b"[" + b",".join([each.value[1:-1] for each in run]) + b"]")
    if rejects or len(rows) != sum([each.stamp.held for each in run]):
        return False
    if is_ahead(max([row.sip_ns for row in rows]), min([each.stamp.receive_ns for each in run])):
        return False
    last = run[-1]
    decoder.begin(last.end)
    numbers = [each.stamp.place + step for each in run for step in each.steps or range(each.stamp.held)]
    decoder.prints(rows, [], 0, last.stamp.receive_ns, steps=numbers)
    decoder.heard(last.stamp.newest_ns, last.stamp.heard_ns)
    return True


def _take(taken: Taken, decoder: TapeDecoder) -> Mark | None:
    """Take a message; return the mark it is, if any."""
    stamp, value = taken.stamp, taken.value
    decoder.heard(stamp.newest_ns, stamp.heard_ns)
    decoder.begin(taken.end)
    if stamp.kind == REACHED:
        return None
    kind = Kind(stamp.kind)
    if kind is Kind.FRAME:
        decoder.prints(*read_frame(value), stamp.place, stamp.receive_ns, steps=taken.steps)
    elif kind is Kind.REPAIR:
        symbol, body = read_repair(value)
        decoder.prints(*read_page(symbol, body), stamp.place, stamp.receive_ns, decoder.repair, taken.steps)
    else:
        return decoder.record(Record(kind, stamp.receive_ns, value, stamp.feed), taken.end)
    return None


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


def verify_topic(topic: Topic) -> list[int]:
    """Read every message of a topic; return how many of the tape's each partition has.

    Raises TapeDamagedError for one that is missing or of another tape, CommandError.
    """
    tape = look_at(topic)
    found = [0] * tape.partitions
    for index in range(tape.partitions):
        with closing(PartitionReader(tape, index, Behind(), follow=False)) as reader:
            while not reader.over:
                found[index] += len(reader.read())
    return found
