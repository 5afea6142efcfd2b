"""L1, L2 and L3 on a made day: batches, workers, pace, signals and SIGKILL leave every byte as it is."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Any

import pytest
import sqlalchemy as sa

from flows.cluster import Job, run_job
from flows.meter import Meter
from flows.options import ReplayOptions
from flows.replay import prepare, run
from operators.eligibility import usable_flags
from sinks.database import open_database
from sinks.schema import ensure_schema
from tests.flows.conftest import Replayed, read_back
from tests.flows.made import check_whole, plans_around, rows_of, vendor_row, walk, write_plans, write_tape

SCRIPT = Path(sys.executable).parent / "fancy-trader"
SYMBOLS = ("AAA", "BBB", "CCC", "DDD", "NA")
BAD_LINES = 6
EVENTS = """id,symbol,kind,severity,at,known_at,label
FED,*,fomc,high,2013-10-08T14:00:00-04:00,2013-10-01T12:00:00-04:00,minutes
EAR,BBB,earnings,critical,2013-10-08T10:45:00-04:00,2013-10-08T10:00:00-04:00,early
CPI,*,cpi,medium,2013-10-08T08:30:00-04:00,2013-10-01T12:00:00-04:00,prices
"""
PATIENCE = 30.0


@dataclass(frozen=True)
class Day:
    """A recorded day, its plans and its market events."""

    tape: Path
    plans: Path
    events: Path

    def options(self, database: str, **options: Any) -> ReplayOptions:
        """What a replay of it is asked."""
        return ReplayOptions((self.tape,), self.plans, database, self.events, **options)

    def command(self, database: str, *arguments: object) -> list[str]:
        """The same as a command line."""
        files = ["--plans", self.plans, "--events", self.events, "--db", database]
        return [str(each) for each in (SCRIPT, "replay", self.tape, *files, *arguments)]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """20 000 prints of five symbols with a few bad lines and prints of the past, and 250 plans."""
    folder = tmp_path_factory.mktemp("day")
    rows = [row for symbol in SYMBOLS for row in walk(symbol, 4_000, 7)]
    good = write_tape(folder, rows, "good.csv")
    plans = write_plans(folder, plans_around(good, 250, seed=7))
    for place in (17, 5_000, 19_000):
        rows.insert(place, "not a print")
        rows.insert(place + 5, vendor_row(rows[place + 4].split(",")[0], 0, 1_381_230_000_000_000_000, "1.00"))
    events = folder / "events.csv"
    events.write_text(EVENTS)
    return Day(write_tape(folder, rows), plans, events)


def replay(day: Day, database: str, **options: Any) -> Replayed:
    """Replay the day in this process, or in several that it starts."""
    meter = Meter()
    run(prepare(day.options(database, **options)), meter)
    return read_back(database, meter)


@pytest.fixture(scope="module")
def whole(day: Day, tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """The undisturbed replay."""
    result = replay(day, f"sqlite:///{tmp_path_factory.mktemp('whole')}/plans.db")
    kinds = {str(event.kind) for event in result.events}
    assert {"entered", "target_hit", "trail_raised", "stopped", "missed", "expired", "gated", "ungated"} <= kinds
    assert len(result.events) > 1_000
    assert result.meter.dead_letters == BAD_LINES
    return result


@pytest.fixture(params=[1, 7, 1_000, 1_000_000])
def batch_rows(request: pytest.FixtureRequest) -> int:
    """How many prints a frame holds."""
    return int(request.param)


def test_l1_batches_of_any_size_give_the_same_bytes(
    day: Day, whole: Replayed, sqlite_url: str, batch_rows: int
) -> None:
    """Events, states, dead letters and progress of frames of 1, 7, 1 000 and a million prints."""
    found = replay(day, sqlite_url, batch_rows=batch_rows)
    assert found.digest == whole.digest
    check_same(sqlite_url, whole)


def check_same(database: str, whole: Replayed) -> None:
    """Hold everything that does not tell of the order of batches against the undisturbed replay."""
    for query in ("SELECT * FROM dead_letters ORDER BY row", "SELECT * FROM progress ORDER BY symbol"):
        assert rows_of(database, query) == rows_of(whole.database, query)
    assert rows_of(database, "SELECT complete, divergences FROM streams") in ([(1, 0)], [(True, 0)])
    check_whole(database)


def test_l2_two_processes_give_the_same_bytes(day: Day, whole: Replayed, database_url: str) -> None:
    """On both engines; rows and dead letters are counted once."""
    found = replay(day, database_url, workers=2)
    assert found.digest == whole.digest
    assert (found.meter.rows, found.meter.dead_letters) == (whole.meter.rows, BAD_LINES)
    check_same(database_url, whole)


@pytest.mark.parametrize("threads", [2, 4])
def test_l2_threads_of_one_process_give_the_same_bytes(
    day: Day, whole: Replayed, sqlite_url: str, threads: int
) -> None:
    """Each worker reads its own symbols; some may have none."""
    prepared = prepare(day.options(sqlite_url, batch_rows=500))
    engine = open_database(sqlite_url)
    ensure_schema(engine)
    engine.dispose()
    meter = Meter()
    run_job(Job(prepared.options, prepared.replay, usable_flags(prepared.replay.plans), threads), meter, [], 0)
    assert read_back(sqlite_url, meter).digest == whole.digest
    assert (meter.rows, meter.dead_letters) == (whole.meter.rows, BAD_LINES)


def test_more_workers_than_symbols_give_the_same_bytes(day: Day, sqlite_url: str, tmp_path: Path) -> None:
    """Three processes for one symbol: two have nothing to do."""
    only = {"symbols": frozenset({"CCC"})}
    assert (
        replay(day, sqlite_url, workers=3, **only).digest == replay(day, f"sqlite:///{tmp_path}/one.db", **only).digest
    )


def test_a_paced_replay_gives_the_same_bytes(day: Day, sqlite_url: str, tmp_path: Path) -> None:
    """Ten minutes at 600 times the market's speed last a second, and change nothing."""
    window = {"from_ns": 1_381_250_400_000_000_000, "to_ns": 1_381_251_000_000_000_000}
    at_once = replay(day, f"sqlite:///{tmp_path}/max.db", **window)
    assert len(at_once.events) > 250
    started = monotonic()
    found = replay(day, sqlite_url, speed=600.0, **window)
    assert found.digest == at_once.digest
    assert monotonic() - started >= 0.95


class Run:
    """A replay in a process of its own, writing a SQLite file."""

    def __init__(self, day: Day, database: str, *arguments: object) -> None:
        self.database = database
        self.process = subprocess.Popen(
            day.command(database, *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def wait_for(self, reached: Callable[[], bool]) -> bool:
        """Wait until something holds; False when the process ended first."""
        until = monotonic() + PATIENCE
        while monotonic() < until:
            if reached():
                return True
            if self.process.poll() is not None:
                return False
            sleep(0.002)
        pytest.fail("the replay came nowhere")

    def events(self) -> int:
        """How many events the database holds; 0 before it can be asked."""
        try:
            return int(rows_of(self.database, "SELECT count(*) FROM plan_events")[0][0])
        except sa.exc.OperationalError:
            return 0

    def end(self) -> tuple[int, str, str]:
        """Wait for the end: exit code, output, errors."""
        out, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, errors


@pytest.fixture
def started(day: Day, sqlite_url: str) -> Iterator[Callable[..., Run]]:
    """Starts replays; none outlives the test."""
    runs: list[Run] = []

    def start(*arguments: object) -> Run:
        runs.append(Run(day, sqlite_url, *arguments))
        return runs[-1]

    yield start
    for each in runs:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate()


def test_l3_killed_again_and_again_a_replay_ends_with_the_same_bytes(
    whole: Replayed, started: Callable[..., Run], sqlite_url: str
) -> None:
    """SIGKILL as the file appears, among the first events, and at random places; every time all is whole."""
    rng, file = Random(), Path(sqlite_url.removeprefix("sqlite:///"))
    places = sorted(rng.randrange(1, len(whole.events)) for _ in range(4))
    for place in (0, 1, *places):
        run = started("--batch-size", 3)
        alive = run.wait_for(lambda: file.exists() if place == 0 else run.events() >= place)  # noqa: B023
        if place == 0:
            sleep(rng.random() * 0.05)
        run.process.kill()
        assert run.end()[0] == (-signal.SIGKILL if alive else 0), places
        if run.events():
            check_whole(sqlite_url)
    code, _, errors = started().end()
    assert (code, errors) == (0, "")
    check_same(sqlite_url, whole)
    assert read_back(sqlite_url, Meter()).digest == whole.digest, places


@pytest.mark.parametrize(
    ("signal_number", "arguments"),
    [
        (signal.SIGINT, ("--batch-size", 2)),
        (signal.SIGTERM, ("--batch-size", 2)),
        (signal.SIGINT, ("--speed", 600)),
        (signal.SIGTERM, ("--batch-size", 2, "--workers", 2)),
    ],
    ids=["SIGINT", "SIGTERM", "SIGINT while paced", "SIGTERM to two processes"],
)
def test_a_signal_ends_a_replay_cleanly_and_it_can_be_finished(
    whole: Replayed,
    started: Callable[..., Run],
    sqlite_url: str,
    signal_number: signal.Signals,
    arguments: tuple[object, ...],
) -> None:
    """Exit code 1, one line that says how far it came, a database that is whole; run again, the same bytes."""
    run = started(*arguments)
    assert run.wait_for(lambda: run.events() >= 300)
    run.process.send_signal(signal_number)
    code, _, errors = run.end()
    assert code == 1
    (line,) = errors.splitlines()
    assert line.startswith("fancy-trader: stopped after ")
    assert line.endswith(" ET; run the same command again to finish")
    check_whole(sqlite_url)
    assert run.events() < len(whole.events)
    assert rows_of(sqlite_url, "SELECT complete FROM streams") == [(0,)]
    assert started().end()[0] == 0
    check_same(sqlite_url, whole)
    assert read_back(sqlite_url, Meter()).digest == whole.digest


@pytest.mark.parametrize("arguments", [("--batch-size", 2), ("--speed", 600)], ids=["batches", "paced"])
def test_a_stopped_replay_says_how_far_it_really_came(
    started: Callable[..., Run], sqlite_url: str, arguments: tuple[object, ...]
) -> None:
    """Not how far the file was read ahead: the time it names is that of what is in the database."""
    run = started(*arguments, "--json")
    assert run.wait_for(lambda: run.events() >= 300)
    run.process.send_signal(signal.SIGINT)
    _, out, _ = run.end()
    ((reached_ns,),) = rows_of(sqlite_url, "SELECT max(tape_ns) FROM progress")
    assert json.loads(out)["totals"]["tape_ns"] <= reached_ns + 60_000_000_000


def test_processes_of_a_killed_replay_end_too(started: Callable[..., Run], tmp_path: Path) -> None:
    """Nobody goes on writing behind the back of who comes next."""
    run = started("--speed", 60, "--workers", 2)
    assert run.wait_for(lambda: run.events() >= 250)
    children = children_of(run.process.pid)
    assert len(children) >= 2
    run.process.kill()
    run.end()
    until = monotonic() + 5.0
    while any(map(lives, children)) and monotonic() < until:
        sleep(0.05)
    left = [child for child in children if lives(child)]
    for child in left:
        os.kill(child, signal.SIGKILL)
    assert left == []


def children_of(parent: int) -> list[int]:
    """The processes that a process started; skips where the system does not tell."""
    listing = Path(f"/proc/{parent}/task/{parent}/children")
    if not listing.exists():
        pytest.skip("this system does not list children")
    return [int(child) for child in listing.read_text().split()]


def lives(process: int) -> bool:
    """Whether a process runs (one that ended and was not waited for does not)."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
