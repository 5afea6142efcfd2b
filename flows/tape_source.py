"""The tape as a source of the dataflow: every worker gets the tape of its own symbols, of a topic in partitions."""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bytewax.inputs import DynamicSource, StatelessSourcePartition

from flows.cutting import Cut
from flows.failures import Failures
from flows.items import TapeItem
from flows.meter import Meter
from flows.recovery.resume import Resume
from flows.replayed import Replay
from flows.tape.decoding import added_symbols, commanded_symbols
from flows.tape.ends import Ends
from flows.tape.reader import TapeReader
from flows.tape.share import Share
from flows.tape_partition import TapePartition


def shard(symbols: Sequence[str], index: int, count: int) -> tuple[str, ...]:
    """Return the symbols that worker `index` of `count` reads."""
    return tuple(filter(Share(index, count).holds, symbols))


def grown(reader: TapeReader, memory: tuple[Any, ...]) -> TapeReader:
    """Return a reader that watches what commands had named when this was remembered."""
    added, wanted = added_symbols(memory), reader.wanted
    for symbol in added:
        wanted = wanted.with_symbol(symbol)
    plans = {symbol for symbol in commanded_symbols(memory) if wanted.symbols is None or symbol in wanted.symbols}
    since_ns = {symbol: at_ns for symbol, at_ns in added.items() if symbol not in reader.watched}
    watched = tuple(sorted({*reader.watched, *plans, *added}))
    return replace(reader, watched=watched, wanted=wanted, since_ns=since_ns)


class TapeSource(DynamicSource[TapeItem]):
    """Gives every worker the tape of its own symbols.

    `cut`: cuts the frames of a recorded tape into symbols, ahead and in a thread of its own, if they come as they are.
    """

    def __init__(
        self,
        replayed: Replay,
        meter: Meter,
        ends: Ends,
        resumes: Sequence[Resume] | None = None,
        cut: Cut | None = None,
        failures: Failures | None = None,
    ) -> None:
        self._replay, self._meter, self._ends, self._resumes, self._cut = replayed, meter, ends, resumes, cut
        self._failures = Failures() if failures is None else failures

    def build(self, step_id: str, worker_index: int, worker_count: int) -> "TapePartition | SeveralPartitions":
        """Open the tape for one worker."""
        shares = self._replay.shares(worker_count)
        if self._replay.reader.topic is None:
            return self._share(Share(worker_index, shares), worker_count)
        mine = range(worker_index, shares, worker_count)
        return SeveralPartitions([self._share(Share(index, shares), worker_count) for index in mine])

    def _share(self, share: Share, workers: int) -> "TapePartition":
        resume = None if self._resumes is None else self._resumes[share.index]
        reader = self._replay.reader
        if resume is not None and resume.memory is not None:
            reader = grown(reader, resume.memory)
        every = reader.watched
        symbols = shard(every, share.index, share.count)
        elsewhere = tuple(symbol for symbol in every if not share.holds(symbol))
        reader = replace(reader, watched=symbols, share=share, elsewhere=elsewhere, resume=resume)
        told = replace(self._replay, reader=reader)
        return TapePartition(told, self._meter, self._ends, self._failures, self._cut, workers)


class SeveralPartitions(StatelessSourcePartition[TapeItem]):
    """The partitions of a topic that one worker reads, each in its turn.

    They are the `index`th, the one `workers` later, and so on: where the number of workers divides that of partitions,
    these hold the symbols whose steps run here.
    """

    def __init__(self, partitions: Sequence[TapePartition]) -> None:
        self._left = deque(partitions)

    def next_batch(self) -> list[TapeItem]:
        """Return what the next partition gives that gives something; raises StopIteration when all have ended."""
        for _ in range(len(self._left)):
            partition = self._left.popleft()
            try:
                batch = partition.next_batch()
            except StopIteration:
                partition.close()
                continue
            self._left.append(partition)
            if batch:
                return batch
        if not self._left:
            raise StopIteration
        return []

    def next_awake(self) -> datetime | None:
        """Return when the first of them has something to do."""
        due = [partition.next_awake() for partition in self._left]
        known = [each for each in due if each is not None]
        return min(known) if known and len(known) == len(due) else None

    def close(self) -> None:
        """Stop reading ahead."""
        for partition in self._left:
            partition.close()
