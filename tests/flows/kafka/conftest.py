"""Mock brokers, and a tape to be published."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from flows.kafka.publishing import Publisher
from flows.kafka.topic import Topic
from flows.tape.segments.record import Kind, Record
from tests.flows.kafka.cluster import Cluster, mock_cluster
from tests.flows.made_tape import registering, write_records
from tests.flows.recovery.recorded import recorded

BAD = b'[{"ev":"T","sym":"AAA","p":-1,"s":1,"t":1381239000000},{"ev":"status"},{"ev":"T","sym":"BBB"},7]'


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with mock_cluster() as found:
        yield found


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    """Everything that happens on a tape, and what is wrong with records of each kind."""
    found, _ = recorded(tmp_path_factory.mktemp("recorded"))
    at_ns = found[600].receive_ns
    wrong = [
        Record(Kind.FRAME, at_ns, BAD, 1),
        Record(Kind.FRAME, at_ns, b'[{"ev":"T","sym":"AAA"', 1),
        Record(Kind.COMMAND, at_ns, b"{"),
        Record(Kind.REPAIR, at_ns, b"AAA\n{", 1),
        registering({"plan_id": "x"}, at_ns),
    ]
    return [*found[:601], *wrong, *found[601:]]


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory, records: list[Record]) -> Path:
    return write_records(tmp_path_factory.mktemp("tape"), records, segment_bytes=150_000)


def published(tape: Path, topic: Topic) -> Topic:
    """Publish a tape to its end."""
    Publisher(tape, topic).run(Event())
    return topic
