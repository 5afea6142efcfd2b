"""Reading the engine's snapshots ourselves, as it will read them: which epoch it goes on from, and states of a step.

One thing is written: what a run that died kept of epochs which the next one lives anew is deleted before that begins.
The engine leaves it there, to be replaced by what the new epoch of that number keeps; but a key that does not change in
it would keep the old one, and a later run be given a state of a life that never came to pass.

The engine restores every step by itself; only the source has to know beforehand where to begin.  `standing.PlacesLogic`
holds what is read here against what the engine restores.
"""

import pickle
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from flows.recovery.standing import RecoveryError

FLOW: Final = "plans"
"""The dataflow's name; its steps are called `plans.STEP`."""

_WORKERS: Final = "SELECT ex_num, worker_count, resume_epoch FROM exs ORDER BY ex_num DESC LIMIT 1"
_FRONTS: Final = "SELECT max(worker_frontier, ?) FROM fronts WHERE ex_num = ?"
_STATES: Final = """
    SELECT state_key, ser_change FROM snaps JOIN (
        SELECT step_id, state_key, max(snap_epoch) AS snap_epoch FROM snaps
        WHERE snap_epoch < ? AND step_id = ? GROUP BY step_id, state_key
    ) USING (step_id, state_key, snap_epoch)
    WHERE ser_change IS NOT NULL ORDER BY state_key
"""
_FORGET: Final = "DELETE FROM snaps WHERE snap_epoch >= ?"


class Snapshots:
    """The snapshots in one file, as of the epoch that the engine will go on from; None before the first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.epoch = self._epoch()

    def states(self, step: str) -> Iterator[tuple[str, Any]]:
        """Yield each key of a step with its state."""
        if self.epoch is None:
            return
        with self._opened() as connection:
            for key, state in connection.execute(_STATES, (self.epoch, f"{FLOW}.{step}.stateful_batch")):
                yield key, pickle.loads(state)

    def forget_unreached(self) -> int:
        """Delete what was kept from the epoch on that the engine goes on with, all where it begins; return how many.

        Nobody else may use the file.
        """
        with self._opened() as connection, connection:
            return connection.execute(_FORGET, (self.epoch or 0,)).rowcount

    def _epoch(self) -> int | None:
        """As the engine does: the latest run's workers went so far at least, one that said nothing not at all."""
        with self._opened() as connection:
            run = connection.execute(_WORKERS).fetchone()
            if run is None:
                return None
            number, workers, resumed = run
            fronts = [front for (front,) in connection.execute(_FRONTS, (resumed, number))]
            return min(fronts) if len(fronts) == workers else int(resumed)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=5)) as connection:
                yield connection
        except sqlite3.Error as error:
            msg = f"{self.path}: cannot be used ({error}); restore it, or delete its folder to start anew"
            raise RecoveryError(msg) from error
