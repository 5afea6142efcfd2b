"""What a live run leaves behind: one JSON object per line of the log, and nowhere the key."""

import json
import sqlite3
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from flows.cli import run as run_command
from tests.flows.live.running_live import HITTING, PATIENCE_SECONDS, kinds_of, live, until
from tests.flows.made import digest_of, rows_of
from tests.flows.market.practice import START_NS, made_day, serving

CANARY = "canary-live-77f0a1"


def holding_the_key(folder: Path) -> list[Path]:
    """The files below a folder that hold the key, however deep."""
    return [path for path in folder.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]


def titles() -> Iterator[bytes]:
    """The arguments and names of every process of this machine."""
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "comm"):
            try:
                yield (process / name).read_bytes()
            except OSError:  # it is gone
                continue


def lost_gaps(url: str, plan_id: str) -> list[str]:
    """In which state the gap is that marks a plan."""
    found = rows_of(url, f"SELECT data_gap FROM plan_states WHERE plan_id = '{plan_id}'")
    return [json.loads(gap)["state"] for (gap,) in found if gap is not None]


def test_everything_logged_is_json_and_the_key_stands_nowhere(tmp_path: Path) -> None:
    """A lost line, a REST side that refuses, plans marked for it, the scanner, the API, a locked database, a stop."""
    plans, database = tmp_path / "plans.json", f"sqlite:///{tmp_path}/live.db"
    plans.write_text(json.dumps([HITTING]))
    arguments = ("--tape", tmp_path / "tape", "--db", database, "--plans", plans, "--symbols", "AAA,BRK.B")
    with (
        serving(made_day(20_000), "drop@200:60", "rest-403", speed=200.0, start_ns=START_NS) as market,
        live(market, tmp_path / "log", CANARY, *arguments, "--serve", "--port", "0") as run,
    ):
        until(lambda: bool(run.said("serving")) and bool(run.said("gap_stays_open")))
        with closing(sqlite3.connect(tmp_path / "live.db")) as other:
            other.execute("BEGIN EXCLUSIVE")
            until(lambda: bool(run.said("writes_wait")))
        until(lambda: bool(run.said("writes_go_on")))
        until(lambda: "target_hit" in kinds_of(database, "file-long"))
        until(lambda: lost_gaps(database, "file-long") == ["lost"])
        with urllib.request.urlopen(f"{run.said('serving')[0]['url']}/openapi.json") as answer:
            assert CANARY.encode() not in answer.read()
        seen = list(titles())
        assert run.stop() == 0
    assert [each for each in seen if CANARY.encode() in each] == []
    assert any(b"--feed-url" in each for each in seen)
    assert holding_the_key(tmp_path) == []
    again = f"sqlite:///{tmp_path}/again.db"
    assert run_command(["replay", str(tmp_path / "tape"), "--symbols", "AAA,BRK.B", "--scan", "--db", again]) == 0
    assert digest_of(again) == digest_of(database)
    lines = run.lines()
    assert {each["process"] for each in lines} == {"live", "feed", "flow", "serve"}
    assert all(list(each)[:4] == ["at", "level", "process", "event"] for each in lines)
    assert [each["level"] for each in run.said("gap_stays_open")] == ["error"]
    assert [each["level"] for each in run.said("writes_wait")] == ["warning"]
    assert lines[-1]["event"] == "stopped"


def test_a_refused_key_is_said_in_json_and_not_shown(tmp_path: Path) -> None:
    arguments = ("--tape", tmp_path / "tape", "--db", f"sqlite:///{tmp_path}/live.db", "--symbols", "AAA")
    with (
        serving(made_day(5), "bad-key") as market,
        live(market, tmp_path / "log", CANARY, *arguments) as run,
    ):
        assert run.process.wait(PATIENCE_SECONDS) == 1
    assert [each["ending"] for each in run.said("feed_refused")] == ["bad_key"]
    assert [(each["level"], each["exit_code"]) for each in run.said("live_failed")] == [("error", 1)]
    assert holding_the_key(tmp_path) == []
