"""L2 and L4 for a tape on a topic: in any number of partitions, read by any number of workers, the same bytes."""

from pathlib import Path
from random import Random
from threading import Event
from typing import Any

import pytest

from flows.kafka.publishing import Publisher
from flows.kafka.reading import verify_topic
from flows.meter import Meter
from flows.options import ReplayOptions
from flows.replay import prepare, run
from flows.tape.segments.errors import TapeDamagedError
from flows.tape.segments.payloads import PlanCommand, command
from tests.flows.kafka.answers import answer
from tests.flows.kafka.cluster import Cluster
from tests.flows.kafka.conftest import published
from tests.flows.made import rows_of
from tests.flows.made_tape import write_records
from tests.flows.recovery.stops import go_on
from tests.flows.tape_segments.made_records import everything


@pytest.mark.parametrize(
    ("partitions", "options"),
    [(1, {}), (4, {"workers": 2, "batch_rows": 70}), (2, {"workers": 3})],
)
def test_a_topic_gives_what_its_tape_gives(
    cluster: Cluster, tape: Path, tmp_path: Path, expected: tuple[Any, ...], partitions: int, options: dict[str, int]
) -> None:
    """Events, states, counts and dead letters, where each partition is read where its symbols are, and where not."""
    topic = published(tape, cluster.topic(f"cut-{partitions}-{options.get('workers')}", partitions))
    asked = ReplayOptions((Path(str(topic)),), None, f"sqlite:///{tmp_path}/topic.db", **options)  # type: ignore[arg-type]
    meter = go_on(asked, None)
    assert (meter.rows, meter.dead_letters, *answer(asked.database)) == expected


def test_two_processes_give_it_too(cluster: Cluster, tape: Path, tmp_path: Path, expected: tuple[Any, ...]) -> None:
    """With three partitions between them, so that prints travel from one to the other."""
    topic, url = published(tape, cluster.topic("processes", 3)), f"sqlite:///{tmp_path}/topic.db"
    meter = Meter()
    run(prepare(ReplayOptions((Path(str(topic)),), None, url, workers=2)), meter)
    assert (meter.rows, meter.dead_letters, *answer(url)) == expected


def test_a_publisher_that_died_anywhere_goes_on_where_the_topic_ends(
    cluster: Cluster, tape: Path, tmp_path: Path, expected: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have written some of a record's messages and not others; once more at the end changes nothing."""
    topic, rng, sent = cluster.topic("died", 3), Random(4), Publisher._send
    left = 0

    def dying(publisher: Publisher, *given: Any) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            publisher._producer.flush()
            raise KeyboardInterrupt
        sent(publisher, *given)

    with monkeypatch.context() as patch:
        patch.setattr(Publisher, "_send", dying)
        for _ in range(8):
            left = rng.randrange(1, 700)
            with pytest.raises(KeyboardInterrupt):
                Publisher(tape, topic).run(Event())
    published(tape, topic)
    again = Publisher(tape, topic)
    again.run(Event())
    assert again.messages == 0
    url = f"sqlite:///{tmp_path}/topic.db"
    meter = go_on(ReplayOptions((Path(str(topic)),), None, url), None)
    assert (meter.rows, meter.dead_letters, *answer(url)) == expected
    assert meter.retries == 0


def test_what_a_dead_publisher_still_had_on_its_way_counts_once(
    cluster: Cluster, tape: Path, tmp_path: Path, expected: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its messages come among those of the next one, which wrote the same."""
    topic, took = cluster.topic("late", 2), Publisher._took

    def twice(publisher: Publisher, *given: Any) -> bool:
        return took(publisher, *given) and (given[2] == b"" or took(publisher, *given))

    monkeypatch.setattr(Publisher, "_took", twice)
    published(tape, topic)
    url = f"sqlite:///{tmp_path}/topic.db"
    meter = go_on(ReplayOptions((Path(str(topic)),), None, url), None)
    assert (meter.rows, meter.dead_letters, *answer(url)) == expected


def test_a_message_that_is_missing_is_damage(
    cluster: Cluster, tape: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A topic that deletes by key, or by time, is no tape: nothing is guessed."""
    topic, took = cluster.topic("holes", 2), Publisher._took
    count = 0

    def forgetful(publisher: Publisher, *given: Any) -> bool:
        nonlocal count
        count += 1
        return count == 500 or took(publisher, *given)

    monkeypatch.setattr(Publisher, "_took", forgetful)
    published(tape, topic)
    options = ReplayOptions((Path(str(topic)),), None, f"sqlite:///{tmp_path}/topic.db")
    missing = r"message \d+ of partition \d is number \d+, but \d+ is missing; publish"
    with pytest.raises(TapeDamagedError, match=missing):
        go_on(options, None)
    with pytest.raises(TapeDamagedError, match=missing):
        verify_topic(topic)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_symbol_that_a_command_adds_is_read_from_its_partition(
    cluster: Cluster, tape: Path, tmp_path: Path, workers: int
) -> None:
    """Though a replay that names other symbols would need no other partition; workers read two or one of them."""
    folder = tmp_path / "tape"
    records = everything(tape)
    added = command(PlanCommand("watch:NA", "watch", symbol="NA"), records[700].receive_ns)
    write_records(folder, [*records[:700], added, *records[700:]])
    topic = published(folder, cluster.topic(f"added-{workers}", 2))
    urls = [f"sqlite:///{tmp_path}/{name}.db" for name in ("folder", "topic")]
    for path, url in zip((folder, Path(str(topic))), urls, strict=True):
        go_on(ReplayOptions((path,), None, url, symbols=frozenset({"AAA"}), workers=workers), None)
    assert answer(urls[0]) == answer(urls[1])
    assert rows_of(urls[1], "SELECT count(*) > 5 FROM plan_states WHERE symbol = 'NA'") == [(1,)]
    assert rows_of(urls[1], "SELECT DISTINCT symbol FROM progress ORDER BY symbol") == [("AAA",), ("NA",)]
