"""The dataflow without its engine: the real source, the real steps, and a scheduler that takes them in any order.

What the engine promises is kept, and no more: the order within a symbol holds, nothing holds between symbols, and what
was not written when the process dies is gone.
"""

from collections import deque
from pathlib import Path
from random import Random

from bytewax.inputs import StatelessSourcePartition

from flows.dataflow import Rules, dead_letters, evaluate_targets, gate_events, spread, tag_sessions
from flows.dues import Dues
from flows.hits import HitLogic
from flows.items import SymbolItem, TapeItem, Unusable
from flows.meter import Meter
from flows.replayed import Replay
from flows.sql_sink import merged
from flows.tape.ends import NOT_YET
from flows.tape.files import log_file
from flows.tape.reader import TapeReader
from flows.tape_source import TapeSource
from operators.nyse import nyse_calendar
from operators.rows import Batch
from tests.simulation.ledger import FencedOffError, Ledger, PassingError
from tests.simulation.world import GATES, World

RULES = Rules(nyse_calendar(), GATES)


class Worker:
    """One worker: its tape, its symbols' items on their way, their books, and what is not written yet."""

    def __init__(
        self, partition: StatelessSourcePartition[TapeItem], ledger: Ledger, token: int, rng: Random, dues: Dues | None
    ) -> None:
        self._partition, self._ledger, self._token, self._rng, self._dues = partition, ledger, token, rng, dues
        self._ended = self._nothing_new = False
        self._queues: dict[str, deque[SymbolItem]] = {}
        self._hits: dict[str, HitLogic] = {}
        self._out: list[tuple[str, Batch]] = []
        self._unwritten: Batch | None = None

    @property
    def done(self) -> bool:
        """Whether the tape has ended and all of it is written."""
        return self._ended and not any(self._queues.values()) and not self._out and self._unwritten is None

    @property
    def idle(self) -> bool:
        """Whether it waits for the tape to grow."""
        return self._nothing_new and not any(self._queues.values()) and not self._out and self._unwritten is None

    def step(self) -> None:
        """Read, or take one item through the steps, or write.  Raises FencedOffError."""
        waiting = [symbol for symbol, queue in self._queues.items() if queue]
        choice = self._rng.random()
        if (self._out or self._unwritten) and (choice < 0.15 or (self._ended and not waiting)):
            self._write()
        elif waiting and (choice < 0.95 or self._ended):
            self._process(self._rng.choice(waiting))
        elif not self._ended and (choice > 0.95 or not waiting):
            self._read()

    def _read(self) -> None:
        try:
            items = self._partition.next_batch()
        except StopIteration:
            self._ended = True
            return
        self._nothing_new = not items
        for item in items:
            if isinstance(item, Unusable):
                self._out += dead_letters(item)
                continue
            for symbol, each in spread(tag_sessions(item, RULES.calendar), RULES.usable, self._dues):
                self._queues.setdefault(symbol, deque()).append(each)

    def _process(self, symbol: str) -> None:
        if symbol not in self._hits:
            self._hits[symbol] = HitLogic(None, dues=self._dues)
        item = gate_events(evaluate_targets(self._queues[symbol].popleft()), RULES.gates)
        batches, _ = self._hits[symbol].on_item(item)
        self._out += [(symbol, batch) for batch in batches]

    def _write(self) -> None:
        """A batch that the database did not take, or that nobody knows of, is written again, and nothing before it."""
        if self._unwritten is None:
            count = self._rng.choice((1, len(self._out)))
            taken, self._out = self._out[:count], self._out[count:]
            self._unwritten = merged([batch for _, batch in taken])
        try:
            self._ledger.write(self._unwritten, self._token)
        except PassingError:
            return
        self._unwritten = None


class Flow:
    """One run of the dataflow, of one worker or more, from the beginning of the tape."""

    def __init__(self, world: World, ledger: Ledger, folder: Path, rng: Random, *, follow: bool = True) -> None:
        self.meter, self._rng = Meter(), rng
        reader = TapeReader((log_file(folder),), world.known)
        rows, workers = (rng.choice((None, 1, 3, 20)), rng.choice((1, 1, 2))) if follow else (None, 1)
        replayed, token = Replay((), (), reader, batch_rows=rows, follow=follow), ledger.take()
        source = TapeSource(replayed, self.meter, [NOT_YET] * workers)
        self._workers = [
            Worker(
                source.build("tape", index, workers),
                ledger,
                token,
                rng,
                Dues(bars=False, holds=True) if follow else None,
            )
            for index in range(workers)
        ]

    @property
    def done(self) -> bool:
        """Whether the run has come to its end."""
        return all(each.done for each in self._workers)

    @property
    def idle(self) -> bool:
        """Whether it waits for the tape to grow."""
        return all(each.idle for each in self._workers)

    def step(self) -> None:
        """Let one worker take a step.  Raises FencedOffError."""
        self._rng.choice(self._workers).step()


def replay(world: World, folder: Path, rng: Random) -> Ledger:
    """The undisturbed answer: the whole tape, read when nobody writes it any more."""
    ledger = Ledger()
    flow = Flow(world, ledger, folder, rng, follow=False)
    while not flow.done:
        flow.step()
    return ledger


__all__ = ["FencedOffError", "Flow", "replay"]
