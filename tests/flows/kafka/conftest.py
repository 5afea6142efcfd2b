"""Mock brokers, and a tape to be published."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from flows.kafka.publishing import Publisher
from flows.kafka.topic import Topic
from flows.options import ReplayOptions
from flows.tape.segments.record import Kind, Record
from tests.flows.kafka.answers import answer
from tests.flows.kafka.cluster import Cluster, mock_cluster
from tests.flows.made import rows_of
from tests.flows.made_tape import registering, write_records
from tests.flows.recovery.recorded import recorded
from tests.flows.recovery.stops import go_on

BAD = b'[{"ev":"T","sym":"AAA","p":-1,"s":1,"t":1381239000000},{"ev":"status"},{"ev":"T","sym":"BBB"},7]'


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with mock_cluster() as found:
        yield found


@pytest.fixture(scope="session")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    """Everything that happens on a tape, and what is wrong with records of each kind."""
    found, _ = recorded(tmp_path_factory.mktemp("recorded"))
    at_ns = found[600].receive_ns
    ahead = f'[{{"ev":"T","sym":"AAA","p":1,"s":1,"t":{at_ns // 1_000_000 + 86_400_000}}}]'
    wrong = [
        Record(Kind.FRAME, at_ns, BAD, 1),
        Record(Kind.FRAME, at_ns, ahead.encode(), 1),
        Record(Kind.FRAME, at_ns, b'[{"ev":"T","sym":"AAA"', 1),
        Record(Kind.COMMAND, at_ns, b"{"),
        Record(Kind.REPAIR, at_ns, b"AAA\n{", 1),
        registering({"plan_id": "x"}, at_ns),
    ]
    return [*found[:601], *wrong, *found[601:]]


@pytest.fixture(scope="session")
def tape(tmp_path_factory: pytest.TempPathFactory, records: list[Record]) -> Path:
    return write_records(tmp_path_factory.mktemp("tape"), records, segment_bytes=150_000)


@pytest.fixture(scope="session")
def expected(tape: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    """What the tape itself gives: prints, dead letters, and the answer."""
    url = f"sqlite:///{tmp_path_factory.mktemp('file')}/file.db"
    meter = go_on(ReplayOptions((tape,), None, url), None)
    assert rows_of(url, "SELECT count(*) > 100 FROM plan_events") == [(1,)]
    fields = {field for (field,) in rows_of(url, "SELECT DISTINCT field FROM dead_letters")}
    assert {"command", "frame", "page", "price", "sip_ns", "symbol", "trade_id"} <= fields
    return meter.rows, meter.dead_letters, *answer(url)


def published(tape: Path, topic: Topic) -> Topic:
    """Publish a tape to its end."""
    Publisher(tape, topic).run(Event())
    return topic
