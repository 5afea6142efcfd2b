"""What a run that died kept of epochs that it did not reach is no state of the next run's."""

import shutil
import signal
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from flows.chaos.tormenting import live
from flows.chaos.traps import READING, Trap
from flows.recovery.directory import PART
from flows.recovery.running import HITS_STEP
from flows.recovery.store import FLOW, Snapshots
from tests.flows.conftest import Replayed
from tests.flows.made_day import Day, check_same, day, whole
from tests.flows.recovery.stops import go_on

__all__ = ["day", "whole"]  # fixtures

STEP = f"{FLOW}.{HITS_STEP}.stateful_batch"
LATEST = "SELECT state_key, ser_change, max(snap_epoch) FROM snaps WHERE step_id = ? GROUP BY state_key"
ANEW = "SELECT DISTINCT state_key FROM snaps WHERE step_id = ? AND snap_epoch >= ?"
SYMBOLS = {"AAA", "BBB", "CCC", "DDD", "NA"}
KEEP = "INSERT OR REPLACE INTO snaps (step_id, state_key, snap_epoch, ser_change) VALUES (?, ?, ?, ?)"


def test_l3_states_of_an_epoch_that_was_lived_anew_are_those_of_the_new_life(
    day: Day, whole: Replayed, tmp_path: Path
) -> None:
    """One worker had written and kept what the other, when it died, had not reached.

    The next life's epoch of that number changes few symbols, and the life after it goes on from a later epoch.
    """
    folder = tmp_path / "kept"
    options = day.options(f"sqlite:///{tmp_path}/kept.db", recovery=folder, snapshot_s=0.03, batch_rows=100)
    go_on(options, 60)
    epoch = reached(folder)
    shutil.copytree(folder, tmp_path / "reached")
    go_on(options, 40)
    with closing(sqlite3.connect(folder / PART)) as connection:
        further = connection.execute(LATEST, (STEP,)).fetchall()
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "reached", folder)
    with closing(sqlite3.connect(folder / PART)) as connection, connection:
        connection.executemany(KEEP, [(STEP, key, epoch, state) for key, state, _ in further])
    shutil.copytree(folder, tmp_path / "copy")
    assert Snapshots(tmp_path / "copy" / PART).forget_unreached() >= len(further) == len(SYMBOLS)
    killed = live(replace(options, batch_rows=1, snapshot_s=0.001), Trap(READING, 200, signal.SIGKILL, "main"))
    assert (killed, reached(folder) > epoch) == (-signal.SIGKILL, True)
    with closing(sqlite3.connect(folder / PART)) as connection:
        anew = {key for (key,) in connection.execute(ANEW, (STEP, epoch))}
    assert anew < SYMBOLS, "what was kept of others would have stayed"
    go_on(options, None)
    check_same(options.database, whole)


def reached(folder: Path) -> int:
    """The epoch that the next run goes on from."""
    epoch = Snapshots(folder / PART).epoch
    assert epoch is not None
    return epoch
