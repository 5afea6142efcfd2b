"""L3 for a tape on a topic: a run goes on where the last one ended, by the partitions' own places and offsets."""

import signal
import subprocess
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from flows.kafka import client
from flows.kafka.publishing import Publisher
from flows.kafka.reading import read_partition
from flows.options import ReplayOptions
from flows.tape.log_reader import read_log
from flows.tape.scan import ROW, ScanFilter
from flows.tape.segments.record import Record
from tests.flows.kafka.answers import answer
from tests.flows.kafka.cluster import Cluster
from tests.flows.kafka.conftest import published
from tests.flows.live.running_live import SCRIPT, until
from tests.flows.made import count_in, speaker
from tests.flows.made_tape import write_records
from tests.flows.recovery.stops import go_on


def test_every_print_has_the_place_that_it_has_on_the_tape(cluster: Cluster, tape: Path) -> None:
    """By places a run knows what is part of its symbols' states: no piece may span two segments."""
    seen = client.look_at(published(tape, cluster.topic("places", 1)))
    places = [
        [
            (piece.offset.segment, row)
            for piece in pieces
            if piece.offset
            for row in piece.ticks.get_column(ROW).to_list()
        ]
        for pieces in (read_log(tape, ScanFilter()), read_partition(seen, 0, ScanFilter()))
    ]
    assert len({segment for segment, _ in places[0]}) > 2
    assert places[0] == places[1]


@pytest.mark.parametrize("anchor_seconds", [0.0, 1e9])
def test_it_goes_on_with_any_number_of_workers(
    cluster: Cluster,
    tape: Path,
    tmp_path: Path,
    expected: tuple[Any, ...],
    monkeypatch: pytest.MonkeyPatch,
    anchor_seconds: float,
) -> None:
    """With what the readers remembered a moment ago, and without: then partitions are read from their beginnings."""
    monkeypatch.setattr("flows.recovery.places.ANCHOR_SECONDS", anchor_seconds)
    monkeypatch.setattr("flows.kafka.partition.BATCH", 40)
    topic = published(tape, cluster.topic(f"kept-{anchor_seconds:.0f}", 3))
    kept = ReplayOptions(
        (Path(str(topic)),),
        None,
        f"sqlite:///{tmp_path}/kept.db",
        recovery=tmp_path / "kept",
        snapshot_s=0.02,
        batch_rows=25,
    )
    rng, rows = Random(7), list[int]()
    for count in (1, 2, 3, 1):
        meter = go_on(replace(kept, workers=count), rng.randrange(20, 50))
        rows.append(meter.rows)
        assert meter.stopped_early
    rows.append(go_on(kept, None).rows)
    assert answer(kept.database) == expected[2:]
    assert (sum(rows) < 1.1 * expected[0]) is not bool(anchor_seconds)


def test_a_run_that_is_killed_goes_on_when_it_is_started_again(
    cluster: Cluster, tape: Path, tmp_path: Path, expected: tuple[Any, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """By SIGKILL, while it reads, commits and keeps state; but for why a print was left out."""
    topic, url = published(tape, cluster.topic("killed", 3)), f"sqlite:///{tmp_path}/kept.db"
    again = ("replay", topic, "--db", url, "--no-scan", "--recovery", tmp_path / "kept", "--snapshot-seconds", "0.05")
    codes = list[int]()
    for count in (20, 70):
        process = subprocess.Popen([str(each) for each in (SCRIPT, *again, "--batch-size", "5", "--quiet")])
        until(lambda count=count: count_in(url, "plan_events") >= count)  # type: ignore[misc]
        process.kill()
        codes.append(process.wait())
    assert codes[0] == -signal.SIGKILL
    assert codes[1] in (-signal.SIGKILL, 0)  # it may have come to its end before
    assert speaker(capsys)(*again).code == 0
    found, whole = answer(url), expected[2:]
    assert (found[0], found[2]) == (whole[0], whole[2])
    assert [each[:-1] for each in found[1]] == [each[:-1] for each in whole[1]]


def test_l4_a_topic_that_grows_gives_what_its_tape_gives(
    cluster: Cluster, records: list[Record], tmp_path: Path, expected: tuple[Any, ...]
) -> None:
    """Published and followed in turns; each time the run ends when it has read all, and goes on from there."""
    topic, folder = cluster.topic("grows", 3), tmp_path / "tape"
    url = f"sqlite:///{tmp_path}/kept.db"
    kept = ReplayOptions((Path(str(topic)),), None, url, recovery=tmp_path / "kept", snapshot_s=0.02)
    written = 0
    for upto in (100, 900, len(records)):
        write_records(folder, records[written:upto], segment_bytes=150_000)
        written = upto
        published(folder, topic)
        go_on(kept, 1, follow=True)
    assert answer(url)[0] == expected[2]


def test_a_replay_ends_where_all_partitions_reach(
    cluster: Cluster, tape: Path, tmp_path: Path, expected: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publisher died, and some partitions hold more than others: what they do not share yet is left for later.

    Otherwise a plan could end by the clock of one partition while the prints before that are missing in its own.
    """
    topic, sent = cluster.topic("ragged", 3), Publisher._send
    left = 4_000

    def dying(publisher: Publisher, partition: int, *given: object) -> None:
        nonlocal left
        left -= 1
        if left > 0 or partition != 1:
            sent(publisher, partition, *given)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Publisher, "_send", dying)
        published(tape, topic)
    url = f"sqlite:///{tmp_path}/kept.db"
    kept = ReplayOptions((Path(str(topic)),), None, url)
    first = go_on(kept, None)
    published(tape, topic)
    second = go_on(kept, None)
    assert 0 < first.rows < second.rows == expected[0]
    assert second.divergences == 0
    assert answer(url)[0] == expected[2]
