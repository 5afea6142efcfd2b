"""The tape as a source of the dataflow: every worker gets the tape of its own symbols."""

from collections.abc import Sequence
from dataclasses import replace

from bytewax.inputs import DynamicSource

from flows.cutting import Cut
from flows.items import TapeItem
from flows.meter import Meter
from flows.recovery.resume import Resume
from flows.replayed import Replay
from flows.tape.decoding import commanded_symbols
from flows.tape.ends import Ends
from flows.tape.share import Share
from flows.tape_partition import TapePartition


def shard(symbols: Sequence[str], index: int, count: int) -> tuple[str, ...]:
    """Return the symbols that worker `index` of `count` reads."""
    return tuple(filter(Share(index, count).holds, symbols))


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
    ) -> None:
        self._replay, self._meter, self._ends, self._resumes, self._cut = replayed, meter, ends, resumes, cut

    def build(self, step_id: str, worker_index: int, worker_count: int) -> "TapePartition":
        """Open the tape for one worker."""
        share, every = Share(worker_index, worker_count), self._replay.reader.watched
        resume = None if self._resumes is None else self._resumes[worker_index]
        if resume is not None and resume.memory is not None:
            every = tuple(sorted({*every, *commanded_symbols(resume.memory)}))
        symbols = shard(every, worker_index, worker_count)
        elsewhere = tuple(symbol for symbol in every if not share.holds(symbol))
        reader = replace(self._replay.reader, watched=symbols, share=share, elsewhere=elsewhere, resume=resume)
        return TapePartition(replace(self._replay, reader=reader), self._meter, self._ends, self._cut)
