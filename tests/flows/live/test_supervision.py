"""Every process of a live run is killed once, and the run as a whole too: nothing of the answer changes."""

import json
import os
import signal
import urllib.request
from pathlib import Path

import pytest

from tests.api.processes import free_port
from tests.flows.live.running_live import PLAN, Live, kinds_of, live, until
from tests.flows.made import Command, digest_of, rows_of, speaker
from tests.flows.market.practice import KEY, START_NS, made_day, serving
from tests.flows.processes import lives, workers_of

CHILDREN = ("feed", "flow", "serve")
LOST_ONE = "a worker process failed: worker-1 ended without a word (exit code -9)"


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in this process."""
    return speaker(capsys)


def pids(run: Live) -> dict[str, int]:
    """The children that were started last."""
    return {each["child"]: each["pid"] for each in run.said("child_started")}


def work_done(database: str) -> int:
    """How many prints the flow has written of."""
    return int(rows_of(database, "SELECT sum(records) FROM progress")[0][0])


def test_whatever_is_killed_comes_back_and_the_answer_is_that_of_the_tape(command: Command, tmp_path: Path) -> None:
    """Feed, flow and server by SIGKILL, one after the other; then their parent.

    Then it goes on as two processes; when one of those is killed, both begin again.  The feed knows again of the symbol
    that was added before.
    """
    plans, more, tape = tmp_path / "plans.json", tmp_path / "more.json", tmp_path / "tape"
    plans.write_text(json.dumps([PLAN]))
    more.write_text(json.dumps([PLAN | {"plan_id": "asked-long", "symbol": "BRK.B"}]))
    first, again = f"sqlite:///{tmp_path}/live.db", f"sqlite:///{tmp_path}/again.db"
    port = free_port()
    watched = ("--symbols", "AAA", "--no-scan")
    arguments = ("--tape", tape, "--db", first, "--plans", plans, *watched, "--serve", "--port", port)
    with serving(made_day(20_000), speed=50.0, start_ns=START_NS) as market:
        with live(market, tmp_path / "log", KEY, *arguments) as run:
            until(lambda: "entered" in kinds_of(first, "file-long") and bool(run.said("serving")))
            assert command("universe", "add", "BRK.B", "--db", first).code == 0
            until(lambda: bool(run.said("streaming", subscriptions=2)))
            for child in CHILDREN:
                os.kill(pids(run)[child], signal.SIGKILL)
                until(lambda child=child: bool(run.said("child_started", child=child, restarts=1)))  # type: ignore[misc]
            assert command("plans", "add", more, "--db", first).code == 0
            until(lambda: "entered" in kinds_of(first, "asked-long") and len(run.said("serving")) == 2)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/plans/asked-long") as answer:
                assert json.load(answer)["plan"]["phase"] == "open"
            assert [each["exit_code"] for each in run.said("child_gone")] == [-signal.SIGKILL] * 3
            children = list(pids(run).values())
            run.process.kill()
            until(lambda: not any(map(lives, children)))
        with live(market, tmp_path / "log-2", KEY, *arguments, "--workers", 2) as run:
            before = work_done(first)
            until(lambda: bool(run.said("streaming")) and work_done(first) > before)
            workers = workers_of(pids(run)["flow"])
            os.kill(workers[-1], signal.SIGKILL)
            until(lambda: bool(run.said("child_started", child="flow", restarts=1)))
            (told,) = run.said("child_failed")
            assert (len(workers), told["why"]) == (2, LOST_ONE)
            assert not any(map(lives, workers))
            assert command("plans", "cancel", "asked-long", "--db", first).code == 0
            until(lambda: "cancelled" in kinds_of(first, "asked-long"))
            assert run.stop() == 0
            assert not run.said("child_killed")
    assert command("replay", tape, *watched, "--db", again).code == 0
    assert digest_of(again) == digest_of(first)
    assert not any(KEY.encode() in each.read_bytes() for each in tmp_path.rglob("*") if each.is_file())


def test_a_recording_needs_no_database_and_replays_like_any_other(command: Command, tmp_path: Path) -> None:
    plans, tape = tmp_path / "plans.json", tmp_path / "tape"
    plans.write_text(json.dumps([PLAN | {"valid_from": START_NS, "targets": [101.0, 500.0]}]))
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    with serving(made_day(600), speed=200.0, start_ns=START_NS) as market:
        with live(market, tmp_path / "log", KEY, "--tape", tape, "--record-only", cwd=folder) as run:
            until(market.over.is_set)
            until(lambda: tape.is_dir() and b'"i":"299"' in b"".join(each.read_bytes() for each in tape.glob("*.tape")))
            assert run.stop() == 0
        assert {each["child"] for each in run.said("child_started")} == {"feed"}
    assert list(folder.iterdir()) == []
    replayed = f"sqlite:///{tmp_path}/replayed.db"
    assert command("replay", tape, "--plans", plans, "--no-scan", "--db", replayed).code == 0
    assert kinds_of(replayed, "file-long")[:3] == ["registered", "entered", "target_hit"]


@pytest.mark.parametrize("option", [["--db", "sqlite:///x.db"], ["--plans", "plans.json"], ["--serve"]])
def test_what_needs_a_database_is_refused_beside_a_recording(option: list[str], command: Command) -> None:
    said = command("live", "--record-only", *option)
    assert (said.code, said.only_line.partition(":")[0]) == (2, option[0])
