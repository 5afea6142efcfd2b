"""A made day for the laws: 12 500 prints with bad lines among them, 250 plans, market events; and its replays."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from flows.meter import Meter
from flows.options import ReplayOptions
from flows.replay import prepare, run
from tests.flows.conftest import Replayed, read_back
from tests.flows.made import check_whole, plans_around, rows_of, vendor_row, walk, write_plans, write_tape

SCRIPT = Path(sys.executable).parent / "fancy-trader"
SYMBOLS = ("AAA", "BBB", "CCC", "DDD", "NA")
INTO_POST = 24_500
BAD_LINES = 6
EVENTS = """id,symbol,kind,severity,at,known_at,label
FED,*,fomc,high,2013-10-08T14:00:00-04:00,2013-10-01T12:00:00-04:00,minutes
EAR,BBB,earnings,critical,2013-10-08T10:45:00-04:00,2013-10-08T10:00:00-04:00,early
CPI,*,cpi,medium,2013-10-08T08:30:00-04:00,2013-10-01T12:00:00-04:00,prices
"""
PATIENCE = 120.0


@dataclass(frozen=True)
class Day:
    """A recorded day, its plans and its market events."""

    tape: Path
    plans: Path
    events: Path

    def options(self, database: str, **options: Any) -> ReplayOptions:
        """What a replay of it is asked."""
        return ReplayOptions((self.tape,), self.plans, database, self.events, **options)

    def replay(self, database: str, **options: Any) -> Replayed:
        """Replay it in this process, or in several that it starts."""
        meter = Meter()
        run(prepare(self.options(database, **options)), meter)
        return read_back(database, meter)

    def command(self, database: str, *arguments: object) -> list[str]:
        """The same as a command line."""
        files = ["--plans", self.plans, "--events", self.events, "--db", database]
        return [str(each) for each in (SCRIPT, "replay", self.tape, "--no-scan", *files, *arguments)]


def make_day(folder: Path) -> Day:
    """Write the day's files."""
    rows = [row for symbol in SYMBOLS for row in walk(symbol, 2_500, 7, seconds=INTO_POST)]
    good = write_tape(folder, rows, "good.csv")
    plans = write_plans(folder, plans_around(good, 250, seed=7))
    for place in (17, 5_000, 12_000):
        rows.insert(place, "not a print")
        rows.insert(place + 5, vendor_row(rows[place + 4].split(",")[0], 0, 1_381_230_000_000_000_000, "1.00"))
    events = folder / "events.csv"
    events.write_text(EVENTS)
    return Day(write_tape(folder, rows), plans, events)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """The day."""
    return make_day(tmp_path_factory.mktemp("day"))


@pytest.fixture(scope="module")
def whole(day: Day, tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """Its undisturbed replay, in which much happens."""
    result = day.replay(f"sqlite:///{tmp_path_factory.mktemp('whole')}/plans.db")
    kinds = {str(event.kind) for event in result.events}
    assert {"entered", "target_hit", "trail_raised", "stopped", "missed", "expired", "gated", "ungated"} <= kinds
    assert len(result.events) > 1_000
    assert result.meter.dead_letters == BAD_LINES
    return result


def check_same(database: str, whole: Replayed) -> None:
    """Hold everything that does not tell of the order of batches against the undisturbed replay."""
    for query in ("SELECT * FROM dead_letters ORDER BY row", "SELECT * FROM progress ORDER BY symbol"):
        assert rows_of(database, query) == rows_of(whole.database, query)
    assert rows_of(database, "SELECT complete, divergences FROM streams") in ([(1, 0)], [(True, 0)])
    check_whole(database)
    assert read_back(database, Meter()).digest == whole.digest


class Run:
    """A replay of the day in a process of its own, writing a SQLite file."""

    def __init__(self, day: Day, database: str, *arguments: object) -> None:
        self.database, self.file = database, Path(database.removeprefix("sqlite:///"))
        command = day.command(database, *arguments)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def wait_for(self, reached: Callable[[], bool]) -> bool:
        """Wait until something holds; False when the process ended first."""
        until = monotonic() + PATIENCE
        while monotonic() < until:
            if reached():
                return True
            if self.process.poll() is not None:
                return False
            sleep(0.005)
        pytest.fail("the replay came nowhere")

    def events(self) -> int:
        """How many events the database holds; 0 before it can be asked."""
        if not self.file.exists():
            return 0  # asking would create it
        with closing(sqlite3.connect(self.file)) as connection, suppress(sqlite3.OperationalError):
            return int(connection.execute("SELECT count(*) FROM plan_events").fetchone()[0])
        return 0

    def end(self) -> tuple[int, str, str]:
        """Wait for the end: exit code, output, errors."""
        out, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, errors
