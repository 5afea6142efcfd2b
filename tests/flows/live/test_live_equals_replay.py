"""L4: what a live session gave, the replay of its tape gives again; the feed is the practice market on loopback."""

import json
import signal
import urllib.request
from pathlib import Path

import pytest

from flows.tape.segments.follower import TapeFollower
from flows.tape.segments.record import Kind
from tests.flows.live.running_live import HITTING, PLAN, kinds_of, live, until
from tests.flows.made import Command, digest_of, speaker
from tests.flows.market.practice import KEY, START_NS, made_day, serving


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


@pytest.mark.parametrize(
    ("stop", "scan", "symbols"),
    [(signal.SIGINT, "--no-scan", "AAA,BRK.B"), (signal.SIGTERM, "--scan --workers 2", "AAA")],
)
def test_l4_the_replay_of_a_live_tape_gives_the_same_bytes(
    command: Command, tmp_path: Path, stop: signal.Signals, scan: str, symbols: str
) -> None:
    """A plan from a file, one that is added while the line is down, and its cancelling have their places.

    So has its symbol, where the run was begun without.  It is served meanwhile, which changes nothing; neither do two
    processes.
    """
    plans, more = tmp_path / "plans.json", tmp_path / "more.json"
    plans.write_text(json.dumps([HITTING]))
    more.write_text(json.dumps([PLAN | {"plan_id": "asked-long", "symbol": "BRK.B"}]))
    live_url, again = f"sqlite:///{tmp_path}/live.db", f"sqlite:///{tmp_path}/again.db"
    watched = ("--symbols", symbols, *scan.split())
    with serving(made_day(20_000), "drop@200:300", speed=200.0, start_ns=START_NS) as market:
        served = ("--serve", "--port", "0")
        arguments = ("--tape", tmp_path / "tape", "--db", live_url, "--plans", plans, *watched, *served)
        with live(market, tmp_path / "log", KEY, *arguments) as run:
            until(lambda: Kind.GAP in marks(tmp_path / "tape"))
            assert command("universe", "add", "BRK.B", "--db", live_url).code == 0
            assert command("plans", "add", more, "--db", live_url).code == 0
            until(lambda: "target_hit" in kinds_of(live_url, "file-long"))
            until(lambda: "entered" in kinds_of(live_url, "asked-long") and bool(run.said("serving")))
            with urllib.request.urlopen(f"{run.said('serving')[0]['url']}/api/v1/plans/asked-long") as answer:
                assert json.load(answer)["plan"]["phase"] == "open"
            assert command("plans", "cancel", "asked-long", "--db", live_url).code == 0
            until(lambda: "cancelled" in kinds_of(live_url, "asked-long"))
            assert run.stop(stop) == 0
    assert not any(KEY.encode() in each.read_bytes() for each in tmp_path.rglob("*") if each.is_file())
    assert command("replay", tmp_path / "tape", *watched, "--db", again).code == 0
    assert digest_of(again) == digest_of(live_url)
