"""One worker without the engine: the real source, the real steps, and a scheduler that takes them in any order.

What the engine promises is kept, and no more: the order within a key holds, nothing holds between keys, and what was
not written when the process dies is gone.
"""

from collections import deque
from random import Random
from typing import Any

from bytewax.inputs import StatelessSourcePartition

from flows.dataflow import noted_at_once, tag_sessions
from flows.items import TapeItem
from flows.recovery.standing import Standing
from flows.sql_sink import merged
from flows.tape.share import worker_of
from operators.rows import Batch
from tests.simulation.kept import Change
from tests.simulation.ledger import Ledger, PassingError
from tests.simulation.steps import SINKS, Logic, Sent, Steps


class Worker:
    """Its tape, items on their way, the state of each key of its steps, and what is not written yet.

    `kept`: the states that it goes on from; None: nobody keeps any.  `peers`: all workers of the run, it among them.
    `begun`: whether it has read.
    """

    def __init__(
        self,
        partition: StatelessSourcePartition[TapeItem],
        ledger: Ledger,
        token: int,
        rng: Random,
        steps: Steps,
        kept: list[Change] | None,
        peers: list["Worker"],
    ) -> None:
        self._partition, self._ledger, self._token, self._rng, self._steps = partition, ledger, token, rng, steps
        self._peers = peers
        self.begun = self._ended = self._nothing_new = False
        self._queues: dict[tuple[str, str], deque[Any]] = {}
        self._logics: dict[tuple[str, str], Logic | None] = {
            (step, key): steps.logic(step, state) for step, key, state in kept or ()
        }
        self._changed: dict[tuple[str, str], None] = {}
        self._out: list[tuple[str, Batch]] = []
        self._unwritten: Batch | None = None

    @property
    def done(self) -> bool:
        """Whether the tape has ended and all of it is written."""
        return self._ended and self.calm and self.written

    @property
    def idle(self) -> bool:
        """Whether it waits for the tape to grow."""
        return self._nothing_new and self.calm and self.written

    @property
    def calm(self) -> bool:
        """Whether all that it has read has gone through its steps."""
        return not any(self._queues.values())

    @property
    def written(self) -> bool:
        """Whether all that came of it is written."""
        return not self._out and self._unwritten is None

    def step(self, *, reading: bool = True) -> None:
        """Read, or take one item through the steps, or write.  Raises FencedOffError."""
        waiting = [key for key, queue in self._queues.items() if queue]
        reading = reading and not self._ended
        choice = self._rng.random()
        if not self.written and (choice < 0.15 or (not reading and not waiting)):
            self._write()
        elif waiting and (choice < 0.95 or not reading):
            self._process(self._rng.choice(waiting))
        elif reading and (choice > 0.95 or not waiting):
            self._read()

    def changes(self) -> list[Change]:
        """Return the states of the keys that changed since it was asked last; None: it was given up."""
        changed, self._changed = self._changed, {}
        logics = {key: self._logics.get(key) for key in changed}
        return [(*key, None if logic is None else logic.snapshot()) for key, logic in logics.items()]

    def _read(self) -> None:
        self.begun = True
        try:
            items = self._partition.next_batch()
        except StopIteration:
            self._ended = True
            return
        self._nothing_new = not any(not isinstance(item, Standing) for item in items)
        for item in items:
            if noted := noted_at_once(item):
                self._out += noted
                continue
            self._send(self._steps.enter(tag_sessions(item, self._steps.rules.calendar)))

    def _send(self, sent: list[Sent]) -> None:
        """To the worker whose key it is; what comes to the sinks is written where it is made."""
        for step, key, item in sent:
            if step == SINKS:
                self._out.append((key, item))
            else:
                self._peers[worker_of(key, len(self._peers))]._queues.setdefault((step, key), deque()).append(item)

    def _process(self, place: tuple[str, str]) -> None:
        item = self._queues[place].popleft()
        if place not in self._logics:
            self._logics[place] = self._steps.logic(place[0], None)
        logic = self._logics[place]
        if logic is None:
            self._send(self._steps.follow(*place, [item]))
            return
        told, given_up = logic.on_item(item)
        self._send(self._steps.follow(*place, told))
        self._changed[place] = None
        if given_up:
            del self._logics[place]

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
