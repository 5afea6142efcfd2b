"""Makes tests/flows/recovery/kept-N: a replay that was stopped midway, its database and what was kept of it.

Run as `python -m tests.flows.recovery.make_kept FOLDER`.  What is stored is not made anew when layouts change: it is
there to show that later versions go on from it.
"""

import gzip
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from flows.options import ReplayOptions
from tests.flows.made import market_tape, plans_around, write_plans
from tests.flows.recovery.stops import go_on

SYMBOLS = ("AAA", "BBB")


def options_of(folder: Path) -> ReplayOptions:
    """The replay that was stopped: two symbols, plans of its own and the scanner's steps, frames of 40 prints."""
    return ReplayOptions(
        (folder / "2013-10-08.csv",),
        folder / "plans.json",
        f"sqlite:///{folder}/plans.db",
        batch_rows=40,
        scan=True,
        recovery=folder / "recovery",
        snapshot_s=0.01,
    )


def main(folder: Path) -> None:
    """Make it."""
    folder.mkdir()
    tape = market_tape(folder, SYMBOLS, 300, seed=9)
    write_plans(folder, plans_around(tape, 24, seed=4))
    go_on(options_of(folder), 9)
    for path in (folder / "plans.db", folder / "recovery" / "part-0.sqlite3"):
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("VACUUM")
    for name in ("lock", "workers"):
        (folder / "recovery" / name).unlink()
    database = folder / "plans.db"
    (folder / "plans.db.gz").write_bytes(gzip.compress(database.read_bytes(), mtime=0))
    database.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
