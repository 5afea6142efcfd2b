"""L4 by way of a topic: one run writes the feed's tape and publishes it, another one, as if elsewhere, watches it."""

import json
from pathlib import Path

import pytest

from flows.kafka.topic import Topic
from tests.flows.kafka.cluster import Cluster
from tests.flows.live.running_live import HITTING, PLAN, kinds_of, live, until
from tests.flows.made import Command, digest_of, speaker
from tests.flows.market.practice import KEY, START_NS, made_day, serving


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    return speaker(capsys)


def test_l4_a_session_on_a_topic_gives_what_its_replays_give(
    command: Command, cluster: Cluster, tmp_path: Path
) -> None:
    """A plan of the writer's file, and one that is asked for meanwhile, in the database that both use.

    The replay of the topic, and that of the writer's own folder, give the bytes of the session.
    """
    topic = cluster.topic("session", 3)
    plans, more = tmp_path / "plans.json", tmp_path / "more.json"
    plans.write_text(json.dumps([HITTING]))
    more.write_text(json.dumps([PLAN | {"plan_id": "asked-long", "symbol": "BRK.B"}]))
    url, watched = f"sqlite:///{tmp_path}/live.db", ("--symbols", "AAA,BRK.B", "--no-scan")
    shared = ("--tape", topic, "--spool", tmp_path / "spool", "--db", url, *watched)
    with serving(made_day(20_000), "drop@200:300", speed=200.0, start_ns=START_NS) as market:
        writing = live(market, tmp_path / "writer.log", KEY, *shared, "--no-flow", "--plans", plans)
        watching = live(market, tmp_path / "watcher.log", "", *shared, "--no-feed")
        with writing as writer, watching as watcher:
            until(lambda: "target_hit" in kinds_of(url, "file-long"))
            assert command("plans", "add", more, "--db", url).code == 0
            until(lambda: "registered" in kinds_of(url, "asked-long"))
            assert writer.stop() == 0
            assert watcher.stop() == 0
    assert (tmp_path / "spool-recovery").is_dir()
    digest = digest_of(url)
    for source in (topic, tmp_path / "spool"):
        again = f"sqlite:///{tmp_path}/{'topic' if isinstance(source, Topic) else 'folder'}.db"
        assert command("replay", source, *watched, "--db", again).code == 0
        assert digest_of(again) == digest


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("--plans", "plans.json"), "--plans: belongs to the process that writes the tape; leave it or --no-feed out"),
        (("--no-flow",), "--no-flow: belongs to the process that writes the tape; leave it or --no-feed out"),
    ],
)
def test_who_only_watches_writes_nothing(command: Command, given: tuple[str, ...], told: str) -> None:
    said = command("live", "--no-feed", "--symbols", "AAA", *given)
    assert (said.code, said.only_line) == (2, told)


def test_a_spool_beside_a_folder_is_refused(command: Command) -> None:
    """It would be ignored otherwise."""
    said = command("live", "--symbols", "AAA", "--spool", "elsewhere")
    told = "--spool: is the folder of a topic's own tape; --tape names a folder already"
    assert (said.code, said.only_line) == (2, told)


def test_a_live_run_hears_at_once_of_brokers_that_are_not_there(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before any process is started."""
    monkeypatch.setattr("flows.kafka.client.ANSWER_SECONDS", 1.0)
    said = command(
        "live", "--no-feed", "--tape", "kafka://127.0.0.1:1/t", "--no-scan", "--db", f"sqlite:///{tmp_path}/x"
    )
    assert said.code == 1
    assert "no broker answers" in said.err
