"""The engine's recovery store as a model: its file, which it would read, and what it writes there, in which order.

When an epoch ends, each worker keeps the states of the keys that the epoch changed, and when all that the epoch gave is
written, each says that it has come so far.  Each of these is a transaction; a kill leaves the first few of them.
"""

import pickle
import shutil
import sqlite3
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Any, Protocol
from unittest.mock import patch

from bytewax.recovery import init_db_dir

from flows.recovery import directory
from flows.recovery.directory import PART, Begun, opened
from flows.recovery.store import FLOW, Snapshots

FIRST_EPOCH = 1

Change = tuple[str, str, Any]
"""A step, a key of it, and its state as it is now; None: it has none any more."""

_RUN = "INSERT INTO exs (ex_num, worker_count, resume_epoch) SELECT coalesce(max(ex_num), -1) + 1, ?, ? FROM exs"
_KEEP = "INSERT OR REPLACE INTO snaps (step_id, state_key, snap_epoch, ser_change) VALUES (?, ?, ?, ?)"
_FRONT = """
    INSERT OR REPLACE INTO fronts (ex_num, worker_index, worker_frontier)
    SELECT max(ex_num), ?, ? FROM exs
"""
_CLEAN = """
    DELETE FROM snaps WHERE snap_epoch < (
        SELECT max(snap_epoch) FROM snaps AS other
        WHERE other.step_id = snaps.step_id AND other.state_key = snaps.state_key AND other.snap_epoch < ?
    )
"""


class Keeper(Protocol):
    """What a worker is asked when an epoch ends.  `begun`: whether it has read; before, no epoch ends."""

    begun: bool

    @property
    def calm(self) -> bool:
        """Whether all that it has read has gone through its steps."""

    @property
    def written(self) -> bool:
        """Whether all that came of it is written."""

    def changes(self) -> list[Change]:
        """Return the states of the keys that changed since it was asked last."""


@lru_cache(maxsize=1)
def _empty() -> bytes:
    """A store that writes no log of its own beside it: nothing here dies in the middle of a transaction."""
    folder = Path(mkdtemp())
    init_db_dir(folder, 1)
    with closing(sqlite3.connect(folder / PART)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    found = (folder / PART).read_bytes()
    shutil.rmtree(folder)
    return found


def store(folder: Path, token: int, generation: int = 0) -> Path:
    """Return the file of a folder for the run that writes with a token into a database of a generation.

    An empty one, if another run wrote since, or the database is another.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with patch.object(directory, "init_db_dir", lambda each, count: (each / PART).write_bytes(_empty())):
        opened(folder, Begun({}, str(generation), token))
    return folder / PART


class Epochs:
    """The epochs of one run of some workers; nothing of one is read before the one before it has ended everywhere."""

    def __init__(self, snapshots: Snapshots, workers: Sequence[Keeper], rng: Random) -> None:
        self._store, self._workers, self._rng = sqlite3.connect(snapshots.path), workers, rng
        self._store.execute("PRAGMA synchronous = OFF")
        self._epoch = snapshots.epoch or FIRST_EPOCH
        self._ending: list[Keeper] | None = None
        self._haste = rng.choice((0.1, 0.4, 0.9))
        self._on_way = deque[tuple[str, list[tuple[Any, ...]]]]([(_RUN, [(len(workers), self._epoch)])])

    @property
    def open(self) -> bool:
        """Whether what is read now belongs to the epoch that goes on."""
        return self._ending is None

    def step(self) -> None:
        """Write what is on its way, end the epoch, or come nearer to its end; or nothing."""
        choice = self._rng.random()
        if self._on_way and choice < self._haste:
            self._write()
        elif self._ending is not None:
            self._end(self._ending)
        elif choice < self._haste and all(each.begun for each in self._workers):
            self._ending = self._rng.sample(self._workers, len(self._workers))

    def close(self) -> None:
        """Write no more, whatever is on its way."""
        self._store.close()

    def _end(self, left: list[Keeper]) -> None:
        calm = next((each for each in left if each.calm), None)
        if calm is not None:
            left.remove(calm)
            kept = [
                (f"{FLOW}.{step}.stateful_batch", key, self._epoch, _pickled(each))
                for step, key, each in calm.changes()
            ]
            self._on_way.append((_KEEP, kept))
        elif not left and all(each.written for each in self._workers):
            self._epoch, self._ending = self._epoch + 1, None
            order = self._rng.sample(range(len(self._workers)), len(self._workers))
            self._on_way += [(_FRONT, [(index, self._epoch)]) for index in order]
            if self._rng.random() < 0.7:
                self._on_way.append((_CLEAN, [(self._epoch,)]))

    def _write(self) -> None:
        statement, rows = self._on_way.popleft()
        with self._store:
            self._store.executemany(statement, rows)


def _pickled(state: Any) -> bytes | None:
    return None if state is None else pickle.dumps(state)


def states(snapshots: Snapshots, steps: Iterable[str]) -> list[Change]:
    """Return what the engine gives its steps before anything else."""
    return [(step, key, state) for step in steps for key, state in snapshots.states(step)]
