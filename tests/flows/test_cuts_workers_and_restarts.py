"""L1, L2 and L3 on a made day: batches, workers, pace, signals and SIGKILL leave every byte as it is."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from threading import Thread
from time import monotonic, sleep

import pytest

from flows.job import Job, run_job
from flows.meter import Meter
from flows.replay import prepare, run
from operators.eligibility import usable_flags
from operators.times import SECOND_NS
from sinks.database import open_database
from sinks.schema import ensure_schema
from tests.flows.conftest import Replayed, read_back
from tests.flows.made import OPEN_NS, check_whole, rows_of, speaker
from tests.flows.made_day import BAD_LINES, PATIENCE, Day, Run, check_same, day, whole
from tests.flows.processes import children_of, lives, workers_of

__all__ = ["day", "whole"]  # fixtures

MORNING_ENDS_NS = OPEN_NS + 3_600 * SECOND_NS


@pytest.fixture(scope="module")
def morning(day: Day, tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """What happens in the first hour."""
    found = day.replay(f"sqlite:///{tmp_path_factory.mktemp('morning')}/plans.db", to_ns=MORNING_ENDS_NS)
    assert len(found.events) > 200
    return found


@pytest.mark.parametrize("batch_rows", [1, 7])
def test_l1_the_smallest_batches_give_the_same_bytes(
    day: Day, morning: Replayed, sqlite_url: str, batch_rows: int
) -> None:
    """Events, states, dead letters and progress of frames of 1 and 7 prints."""
    day.replay(sqlite_url, to_ns=MORNING_ENDS_NS, batch_rows=batch_rows)
    check_same(sqlite_url, morning)


@pytest.mark.parametrize("batch_rows", [1_000, 1_000_000])
def test_l1_batches_of_any_size_give_the_same_bytes(
    day: Day, whole: Replayed, sqlite_url: str, batch_rows: int
) -> None:
    """Events, states, dead letters and progress of frames of 1 000 and a million prints."""
    day.replay(sqlite_url, batch_rows=batch_rows)
    check_same(sqlite_url, whole)


def test_l2_two_processes_give_the_same_bytes(day: Day, whole: Replayed, database_url: str) -> None:
    """On both engines; rows and dead letters are counted once."""
    found = day.replay(database_url, workers=2)
    assert (found.meter.rows, found.meter.dead_letters) == (whole.meter.rows, BAD_LINES)
    check_same(database_url, whole)


def test_who_watches_two_processes_sees_what_they_read_while_they_read(day: Day, sqlite_url: str) -> None:
    """Not only at the end; and a wish to stop, made then, is theirs as well."""
    meter, prepared = Meter(), prepare(day.options(sqlite_url, workers=2, speed=60.0))
    running = Thread(target=run, args=(prepared, meter))
    running.start()
    until = monotonic() + PATIENCE
    while not (meter.rows and meter.tape_ns) and monotonic() < until:
        sleep(0.01)
    seen, ended = (meter.rows, meter.tape_ns), meter.stopped_early
    meter.stop.set()
    running.join()
    assert (seen > (0, 0), ended, meter.stopped_early) == (True, False, True)


@pytest.mark.parametrize("threads", [2, 7])
def test_l2_threads_of_one_process_give_the_same_bytes(
    day: Day, whole: Replayed, sqlite_url: str, threads: int
) -> None:
    """Each worker reads its own symbols; of seven workers, two at least have none."""
    prepared = prepare(day.options(sqlite_url, batch_rows=500))
    engine = open_database(sqlite_url)
    ensure_schema(engine)
    engine.dispose()
    meter = Meter()
    run_job(Job(prepared.options, prepared.replay, usable_flags(prepared.replay.plans), threads), meter, [], 0)
    assert read_back(sqlite_url, meter).digest == whole.digest
    assert (meter.rows, meter.dead_letters) == (whole.meter.rows, BAD_LINES)


def test_a_paced_replay_gives_the_same_bytes(day: Day, sqlite_url: str, tmp_path: Path) -> None:
    """Ten minutes at 600 times the market's speed last a second, and change nothing."""
    window = {"from_ns": 1_381_250_400_000_000_000, "to_ns": 1_381_251_000_000_000_000}
    at_once = day.replay(f"sqlite:///{tmp_path}/max.db", **window)
    assert len(at_once.events) > 250
    started = monotonic()
    assert day.replay(sqlite_url, speed=600.0, **window).digest == at_once.digest
    assert monotonic() - started >= 0.95


@pytest.fixture
def started(day: Day, sqlite_url: str) -> Iterator[Callable[..., Run]]:
    """Starts replays in processes of their own; none outlives the test."""
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
    day: Day, whole: Replayed, started: Callable[..., Run], sqlite_url: str
) -> None:
    """SIGKILL as the file appears, and at a random place among the events; every time all is whole."""
    rng = Random()
    places = [0, rng.randrange(1, len(whole.events))]
    for place in places:
        run = started("--batch-size", 25)
        alive = run.wait_for(run.file.exists if place == 0 else lambda: run.events() >= place)  # noqa: B023
        sleep(rng.random() * 0.02)
        run.process.kill()
        assert run.end()[0] in ((-signal.SIGKILL, 0) if alive else (0,)), places
        if run.events():
            check_whole(sqlite_url)
    day.replay(sqlite_url)
    check_same(sqlite_url, whole)


@pytest.mark.parametrize(
    ("number", "arguments"),
    [(signal.SIGINT, ()), (signal.SIGTERM, ("--workers", 2))],
    ids=["SIGINT", "SIGTERM to two processes"],
)
def test_a_signal_ends_a_replay_cleanly_and_it_can_be_finished(
    day: Day,
    whole: Replayed,
    started: Callable[..., Run],
    sqlite_url: str,
    number: signal.Signals,
    arguments: tuple[object, ...],
) -> None:
    """Exit code 1, one line that says how far it came, a database that is whole; run again, the same bytes."""
    run = started("--batch-size", 10, *arguments)
    assert run.wait_for(lambda: run.events() >= 300)
    run.process.send_signal(number)
    code, _, errors = run.end()
    (line,) = errors.splitlines()
    assert (code, line[:36]) == (1, "fancy-trader: stopped at 2013-10-08 ")
    assert line.endswith(" prints read; run the same command again to finish")
    check_whole(sqlite_url)
    assert run.events() < len(whole.events)
    assert rows_of(sqlite_url, "SELECT complete FROM streams") == [(0,)]
    day.replay(sqlite_url)
    check_same(sqlite_url, whole)


def test_a_stopped_replay_says_how_far_it_really_came(started: Callable[..., Run], sqlite_url: str) -> None:
    """Not how far the file was read ahead: the time it names is that of what is in the database."""
    run = started("--speed", 600, "--json")
    assert run.wait_for(lambda: run.events() >= 300)
    run.process.send_signal(signal.SIGINT)
    code, out, errors = run.end()
    assert (code, len(errors.splitlines())) == (1, 1)
    check_whole(sqlite_url)
    ((reached_ns,),) = rows_of(sqlite_url, "SELECT max(tape_ns) FROM progress")
    assert json.loads(out)["totals"]["tape_ns"] <= reached_ns + 60_000_000_000


def test_a_signal_while_processes_start_is_a_stop_like_any_other(started: Callable[..., Run]) -> None:
    """One line, no tracebacks of workers that were still importing."""
    run = started("--workers", 2, "--speed", 60)
    assert run.wait_for(run.file.exists)
    sleep(0.5)
    run.process.send_signal(signal.SIGINT)
    code, _, errors = run.end()
    assert (code, len(errors.splitlines())) == (1, 1), errors
    assert errors.startswith("fancy-trader: stopped at ")


def test_a_second_run_into_the_same_database_is_refused(
    day: Day, started: Callable[..., Run], sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line that names the first, which goes on as if nothing had been."""
    first = started("--speed", 60, "--workers", 2)
    assert first.wait_for(lambda: first.events() >= 1)
    said = speaker(capsys)(*day.command(sqlite_url)[1:])
    line = said.only_line
    assert (said.code, f"process {first.process.pid} on " in line) == (1, True), line
    assert line.endswith(" is writing to it; stop that one, or choose another database")
    assert first.process.poll() is None


def test_processes_of_a_killed_replay_end_too(started: Callable[..., Run]) -> None:
    """Nobody goes on writing behind the back of who comes next."""
    run = started("--speed", 60, "--workers", 2)
    assert run.wait_for(lambda: run.events() >= 250)
    workers = workers_of(run.process.pid)
    children = [*children_of(run.process.pid), *workers]
    run.process.kill()
    run.process.wait()
    until = monotonic() + PATIENCE
    while any(map(lives, children)) and monotonic() < until:
        sleep(0.05)
    left = [child for child in children if lives(child)]
    for child in left:
        os.kill(child, signal.SIGKILL)
    assert (len(workers), left) == (2, [])
