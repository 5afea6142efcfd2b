"""The dataflow without its engine: workers, what they go on from, and what is kept of them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from flows.dues import Dues
from flows.meter import Meter
from flows.recovery.resume import Resume
from flows.recovery.resuming import resumes
from flows.recovery.standing import PLACES_STEP
from flows.recovery.store import Snapshots
from flows.replayed import Replay
from flows.tape.ends import NOT_YET
from flows.tape.files import log_file
from flows.tape.reader import TapeReader
from flows.tape.share import worker_of
from flows.tape_source import TapeSource
from tests.simulation.kept import Epochs, states, store
from tests.simulation.ledger import FencedOffError, Ledger
from tests.simulation.steps import KEPT, Steps, rules_of
from tests.simulation.worker import Worker
from tests.simulation.world import World


class Flow:
    """One run of the dataflow, of one worker or more; it follows the tape, unless nobody writes that any more.

    `kept`: the folder where it keeps its states, and goes on from those that an earlier run kept; None: it begins.
    """

    def __init__(
        self, world: World, ledger: Ledger, folder: Path, rng: Random, kept: Path | None = None, *, follow: bool = True
    ) -> None:
        self.meter, self.kept, self._rng = Meter(), kept, rng
        reader = TapeReader((log_file(folder),), world.known, for_bars=world.scan, grows=True)
        rows, workers = (rng.choice((None, 1, 3, 20)), rng.choice((1, 1, 1, 2, 3))) if follow else (None, 1)
        replayed = Replay((), (), reader, batch_rows=rows, follow=follow, kept=kept is not None)
        token = ledger.take()
        snapshots = None if kept is None else Snapshots(store(kept, token, ledger.generation))
        found = None if snapshots is None else _resumes(snapshots, workers)
        self.resumed = found is not None
        known = None if snapshots is None else states(snapshots, KEPT)
        ends, self._workers = [NOT_YET] * workers, list[Worker]()
        for index in range(workers):
            before = found[0].ahead if found else None
            dues = Dues(bars=world.scan, holds=not world.scan, before=before) if follow else None
            told = replace(replayed, ahead=tuple if dues is None else dues.ahead)
            tape = TapeSource(told, self.meter, ends, found).build("tape", index, workers)
            mine = None if known is None else [each for each in known if worker_of(each[1], workers) == index]
            steps = Steps(rules_of(dues, scan=world.scan, keeps=kept is not None, workers=workers))
            self._workers.append(Worker(tape, ledger, token, rng, steps, mine, self._workers))
        self._epochs = None if snapshots is None else Epochs(snapshots, self._workers, rng)

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
        if self._epochs is not None:
            self._epochs.step()
        self._rng.choice(self._workers).step(reading=self._epochs is None or self._epochs.open)

    def close(self) -> None:
        """Be dead, whatever is left to do."""
        if self._epochs is not None:
            self._epochs.close()


def _resumes(snapshots: Snapshots, workers: int) -> Sequence[Resume] | None:
    snapshots.forget_unreached()
    return resumes(dict(snapshots.states(PLACES_STEP)), workers)


def replay(world: World, folder: Path, rng: Random) -> Ledger:
    """The undisturbed answer: the whole tape, read when nobody writes it any more."""
    ledger = Ledger()
    flow = Flow(world, ledger, folder, rng, follow=False)
    while not flow.done:
        flow.step()
    return ledger


__all__ = ["FencedOffError", "Flow", "replay"]
