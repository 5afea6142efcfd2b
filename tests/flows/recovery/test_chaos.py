"""A short form of `fancy-trader chaos`: runs that die where it hurts end with the bytes of one that was left alone."""

import json
import signal
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from flows.chaos.tormenting import drawn, of_the_trap, torment
from flows.chaos.traps import COMMITTED, COMMITTING, KEEPING, READING, RESUMING, SITES, Trap
from flows.errors import CommandError
from flows.options import ReplayOptions
from flows.worker import LOST
from tests.flows.conftest import Replayed
from tests.flows.made import speaker
from tests.flows.made_day import Day, check_same, day, whole

__all__ = ["day", "whole"]  # fixtures

DEATHS = [
    Trap(READING, 9, signal.SIGKILL, "main"),
    Trap(RESUMING, 2, signal.SIGKILL, "main"),
    Trap(COMMITTING, 7, signal.SIGKILL, "main"),
    Trap(KEEPING, 4, signal.SIGKILL, "main"),
    Trap(COMMITTED, 5, signal.SIGTERM, "main"),
]


def test_l3_a_run_that_dies_everywhere_ends_with_the_same_bytes(
    day: Day, whole: Replayed, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it reads, restores, commits and keeps state; on both engines; each life goes on from the one before."""
    options = day.options(database_url, recovery=tmp_path / "kept", snapshot_s=0.01, batch_rows=250)
    check_torment(options, DEATHS, monkeypatch)
    check_same(database_url, whole)


def test_l3_a_cluster_that_loses_a_process_ends_with_the_same_bytes(
    day: Day, whole: Replayed, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trap finds its way into the process that it is meant for; the run ends, and the next goes on from there."""
    options = day.options(sqlite_url, recovery=tmp_path / "kept", snapshot_s=0.01, batch_rows=1_000, workers=2)
    check_torment(options, [Trap(COMMITTING, 3, signal.SIGKILL, "worker-1")], monkeypatch)
    check_same(sqlite_url, whole)


def check_torment(options: ReplayOptions, deaths: list[Trap], monkeypatch: pytest.MonkeyPatch) -> None:
    """Die all these deaths, one after the other, and then come to the end."""
    traps, said = iter(deaths), list[str]()
    monkeypatch.setattr("flows.chaos.tormenting.drawn", lambda rng, workers: next(traps))
    found = torment(options, len(deaths), Random(1), lambda: None, said.append)
    assert said == [*(f"{life}: {trap}" for life, trap in enumerate(deaths, 1)), f"{len(said)}: came to its end"]
    assert (found.deaths.total(), found.starts, found.ends) == (len(deaths), len(deaths) + 1, 1)


def test_what_a_trap_did_not_do_is_no_death() -> None:
    """Only a run that failed because its trap killed a worker counts; whatever else it says ends the proof."""
    killed = Trap(READING, 1, signal.SIGKILL, "worker-1")
    lost, other = CommandError(f"{LOST}: worker-1 ended without a word (exit code -9)"), CommandError("disk full")
    assert [of_the_trap(error, killed) for error in (lost, other)] == [True, False]
    for trap in (replace(killed, number=signal.SIGTERM), replace(killed, process="main")):
        assert not of_the_trap(lost, trap)


def test_traps_are_drawn_everywhere() -> None:
    rng = Random(1)
    traps = [drawn(rng, 2) for _ in range(500)]
    assert {trap.site for trap in traps} == set(SITES)
    assert {trap.process for trap in traps} == {"main", "worker-0", "worker-1"}
    assert {trap.number for trap in traps} == {signal.SIGKILL, signal.SIGTERM}


def test_the_command_says_its_seed_and_reports_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody dies here; what is drawn depends on the seed alone."""
    asked = ("--ticks", 2_000, "--symbols", 3, "--plans", 20, "--kills", 0, "--workers", 1, "--seed", 7)
    said = speaker(capsys)("chaos", *asked)
    report = json.loads(said.out)
    assert said.err.startswith("seed 7: 2,000 ticks, undisturbed first\n")
    (case,) = report["cases"]
    assert (case["deaths"], case["starts"], case["equal_ends"], case["digest"]) == (0, 1, 1, report["digest"])
    assert (report["divergences"], report["broken_plans"], report["events"] > 20) == (0, 0, True)
