"""L4: what a live session gave, the replay of its tape gives again; the feed is the practice market on loopback."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from flows.tape.segments.follower import TapeFollower
from flows.tape.segments.record import Kind
from sinks.database import open_database, reading
from sinks.digest import digest
from tests.flows.made import Command, speaker
from tests.flows.market.practice import KEY, START_NS, made_day, serving

SCRIPT = Path(sys.executable).parent / "fancy-trader"
PATIENCE_SECONDS = 60.0
PLAN = {
    "plan_id": "file-long",
    "symbol": "AAA",
    "style": "intraday",
    "direction": "long",
    "entry": "market",
    "stop": 50.0,
    "targets": [101.0, 500.0],
}


def until(wanted: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not wanted():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def digest_of(url: str) -> str:
    """The digest of a database."""
    engine = open_database(url)
    try:
        return digest(engine)
    finally:
        engine.dispose()


def kinds_of(url: str, plan_id: str) -> list[str]:
    """What happened to a plan so far; nothing while there are no tables."""
    engine = open_database(url)
    try:
        if not sa.inspect(engine).has_table("plan_events"):
            return []
        with reading(engine) as connection:
            query = "SELECT kind FROM plan_events WHERE plan_id = ? ORDER BY seq"
            return [row.kind for row in connection.exec_driver_sql(query, (plan_id,))]
    finally:
        engine.dispose()


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in this process."""
    return speaker(capsys)


def marks(folder: Path) -> list[Kind]:
    """The commands and the marks of gaps on a tape so far, in order."""
    if not folder.is_dir():
        return []
    with TapeFollower(folder) as follower:
        return [record.kind for record, _ in follower.read(1 << 28) if record.kind in (Kind.COMMAND, Kind.GAP)]


@pytest.mark.parametrize(("stop", "scan"), [(signal.SIGINT, "--no-scan"), (signal.SIGTERM, "--scan")])
def test_l4_the_replay_of_a_live_tape_gives_the_same_bytes(
    command: Command, tmp_path: Path, stop: signal.Signals, scan: str
) -> None:
    """A plan from a file, one that is added while the line is down, and its cancelling have their places.

    It is served meanwhile, which changes nothing.
    """
    plans, more = tmp_path / "plans.json", tmp_path / "more.json"
    plans.write_text(json.dumps([PLAN]))
    more.write_text(json.dumps([PLAN | {"plan_id": "asked-long", "symbol": "BRK.B", "targets": [400.0, 500.0]}]))
    live, again = f"sqlite:///{tmp_path}/live.db", f"sqlite:///{tmp_path}/again.db"
    watched = ("--symbols", "AAA,BRK.B", scan)
    with serving(made_day(4_000), "drop@200:300", speed=200.0, start_ns=START_NS) as market:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        served = ("--serve", "--port", str(port))
        arguments = ("--tape", tmp_path / "tape", "--db", live, "--plans", plans, *watched, *served)
        process = subprocess.Popen(
            [SCRIPT, "live", *arguments, "--feed-url", market.url, "--rest-url", market.rest],
            env={**os.environ, "MASSIVE_API_KEY": KEY},
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            until(lambda: Kind.GAP in marks(tmp_path / "tape"))
            assert command("plans", "add", more, "--db", live).code == 0
            until(lambda: "target_hit" in kinds_of(live, "file-long"))
            until(lambda: "entered" in kinds_of(live, "asked-long"))
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/plans/asked-long") as answer:
                assert json.load(answer)["plan"]["phase"] == "open"
            assert command("plans", "cancel", "asked-long", "--db", live).code == 0
            until(lambda: "cancelled" in kinds_of(live, "asked-long"))
            process.send_signal(stop)
            said = process.communicate(timeout=PATIENCE_SECONDS)[1]
        finally:
            process.kill()
            process.wait()
    assert process.returncode == 0, said
    assert KEY not in said
    assert not any(KEY.encode() in each.read_bytes() for each in (tmp_path / "tape").rglob("*") if each.is_file())
    assert command("replay", tmp_path / "tape", *watched, "--db", again).code == 0
    assert digest_of(again) == digest_of(live)
