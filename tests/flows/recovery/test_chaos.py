"""A short form of `fancy-trader chaos`: runs that die where it hurts end with the bytes of one that was left alone."""

import json
import signal
from pathlib import Path
from random import Random

import pytest

from flows.chaos.tormenting import drawn, torment
from flows.chaos.traps import COMMITTED, COMMITTING, KEEPING, READING, RESUMING, SITES, Trap
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
    deaths, said = iter(DEATHS), list[str]()
    monkeypatch.setattr("flows.chaos.tormenting.drawn", lambda rng, workers: next(deaths))
    options = day.options(database_url, recovery=tmp_path / "kept", snapshot_s=0.01, batch_rows=50)

    def anew() -> None:
        pytest.fail(f"a trap did not spring: {said}")

    found = torment(options, len(DEATHS), Random(1), anew, said.append)
    assert (found.deaths.total(), found.starts, found.divergences) == (len(DEATHS), len(DEATHS) + 1, 0)
    check_same(database_url, whole)


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
    assert (case["deaths"], case["starts"], case["digest"]) == (0, 1, report["digest"])
    assert (report["divergences"], report["broken_plans"], report["events"] > 20) == (0, 0, True)
