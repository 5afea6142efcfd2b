"""What can be wrong with a topic is one line and the right exit code, before anything is written where that can be."""

import socket
from pathlib import Path
from threading import Event, Thread

import pytest

from flows.errors import BadInputError, CommandError, DataMissingError
from flows.kafka import client, partition
from flows.kafka.publishing import Publisher
from flows.kafka.topic import Topic, topic_of
from flows.meter import Meter
from flows.options import ReplayOptions
from flows.replay import prepare, run
from flows.tape.segments.record import Record
from tests.flows.kafka.cluster import Cluster, mock_cluster
from tests.flows.kafka.conftest import published
from tests.flows.made import Command, speaker
from tests.flows.made_tape import write_records


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    return speaker(capsys)


@pytest.fixture
def nobody() -> Topic:
    """A topic at a port where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return Topic(f"127.0.0.1:{held.getsockname()[1]}", "tape")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ANSWER_SECONDS", 2.0)


MUST = "names no topic; must be kafka://host:port[,host:port]/topic"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kafka://", f"kafka://: {MUST}"),
        ("kafka://host:9092", f"kafka://host:9092: {MUST}"),
        ("kafka://host:port/tape", f"kafka://host:port/tape: {MUST}"),
        (
            "kafka://me:secret@host:9092/tape",
            f"kafka://...@host:9092/tape: {MUST}; a password belongs in the file that FANCY_TRADER_KAFKA names",
        ),
    ],
)
def test_a_url_that_names_no_topic_is_refused(command: Command, tmp_path: Path, text: str, told: str) -> None:
    """A password in it is not said again."""
    said = command("replay", text, "--db", f"sqlite:///{tmp_path}/x.db")
    assert (said.code, said.only_line) == (2, told)


@pytest.mark.parametrize("text", ["kafka://one/t", "kafka://one:9092,two:9093/a.b-c_d", "kafka://[::1]:9092/tape"])
def test_a_url_comes_back_as_it_was_written(text: str) -> None:
    topic = topic_of(Path(text))
    assert str(topic) == text
    assert topic_of(Path(str(topic))) == topic


def test_a_publisher_wants_a_topic_and_a_tape(command: Command, tmp_path: Path, nobody: Topic) -> None:
    said = command("tape", "publish", tmp_path, "elsewhere")
    assert (said.code, said.only_line.partition(":")[0]) == (2, "elsewhere")
    said = command("tape", "publish", tmp_path, nobody)
    assert (said.code, said.only_line) == (3, f"{tmp_path}: no tape here")


def test_without_the_client_it_says_how_to_install_it(
    command: Command, tmp_path: Path, nobody: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.kafka.topic.find_spec", lambda name: None)
    said = command("replay", nobody, "--db", f"sqlite:///{tmp_path}/x.db")
    assert (said.code, said.only_line) == (
        2,
        f"{nobody}: needs the Kafka client; pip install 'fancy-trader[kafka]'",
    )


@pytest.mark.usefixtures("impatient")
def test_a_broker_that_is_not_there_is_said_so(command: Command, tape: Path, tmp_path: Path, nobody: Topic) -> None:
    for asked in (("replay", nobody, "--db", f"sqlite:///{tmp_path}/x.db"), ("tape", "publish", tape, nobody)):
        said = command(*asked)
        assert said.code == 1
        assert said.only_line.startswith(f"{nobody}: no broker answers (")
        assert said.only_line.endswith("); is it running, and reachable from here?")
    assert not (tmp_path / "x.db").exists()


def test_a_topic_that_is_not_there_is_missing_data(command: Command, cluster: Cluster, tmp_path: Path) -> None:
    topic = cluster.topic("gone", 1)
    cluster.forget(topic)
    said = command("replay", topic, "--db", f"sqlite:///{tmp_path}/x.db")
    assert (said.code, said.only_line) == (3, f"{topic}: there is no such topic")


def test_an_empty_topic_holds_no_print(command: Command, cluster: Cluster, tmp_path: Path) -> None:
    topic = cluster.topic("empty", 2)
    said = command("replay", topic, "--db", f"sqlite:///{tmp_path}/x.db")
    assert (said.code, said.only_line) == (3, f"{topic}: holds no print")


def test_a_topic_is_replayed_alone(command: Command, cluster: Cluster, tape: Path, tmp_path: Path) -> None:
    topic = cluster.topic("alone", 1)
    said = command("replay", topic, tape, "--db", f"sqlite:///{tmp_path}/x.db")
    assert (said.code, said.only_line) == (2, f"{topic}: a topic is replayed alone; leave out the other 1")


def test_a_topic_of_something_else_is_no_tape(cluster: Cluster, tape: Path) -> None:
    from confluent_kafka import Producer

    topic = cluster.topic("other", 1)
    producer = Producer(client.settings(topic))
    producer.produce(topic.name, b"hello")
    producer.flush()
    told = f"{topic}: message 0 of partition 0 is no record of a tape; choose another topic"
    with pytest.raises(DataMissingError) as refused:
        client.look_at(topic)
    assert str(refused.value) == told
    with pytest.raises(DataMissingError, match="is no record of a tape"):
        Publisher(tape, topic)


def test_a_whole_topic_is_told_so(command: Command, cluster: Cluster, tape: Path) -> None:
    topic = published(tape, cluster.topic("whole", 2))
    said = command("tape", "verify", topic)
    assert (said.code, said.out) == (0, f"{sum(client.look_at(topic).ends):,} messages in 2 partitions are whole\n")


def test_one_topic_holds_one_tape(cluster: Cluster, tape: Path, records: list[Record], tmp_path: Path) -> None:
    topic = published(tape, cluster.topic("one", 2))
    other = write_records(tmp_path / "other", records[5:50])
    with pytest.raises(BadInputError, match=r"holds another tape than .*other; choose another topic"):
        Publisher(other, topic)
    with pytest.raises(BadInputError, match=r"--partitions: got 3; kafka://.* has 2 and keeps them"):
        Publisher(tape, topic, 3)


def test_settings_of_the_client_come_from_a_file(
    cluster: Cluster, tape: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Passwords belong there; what the client does not know is said."""
    topic, file = published(tape, cluster.topic("settings", 1)), tmp_path / "kafka.properties"
    monkeypatch.setenv(client.SETTINGS, str(file))
    with pytest.raises(BadInputError, match=f"{client.SETTINGS}: {file} cannot be read"):
        client.look_at(topic)
    file.write_text("# how to reach it\nclient.id = watcher\n\nsasl.pasword=x\n")
    with pytest.raises(BadInputError, match=f'{client.SETTINGS}: No such configuration property: "sasl.pasword"'):
        client.look_at(topic)
    file.write_text("client.id = watcher\n")
    assert client.settings(topic)["client.id"] == "watcher"
    assert client.look_at(topic).partitions == 1


def test_brokers_that_go_end_the_run_after_a_while_and_the_same_command_goes_on(
    tape: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were there when the topic was looked at, and are gone when it is read."""
    with mock_cluster() as cluster:
        topic = published(tape, cluster.topic("going", 2))
        options = ReplayOptions((Path(str(topic)),), None, f"sqlite:///{tmp_path}/x.db")
        prepared = prepare(options)
        cluster.set_down(down=True)
        with monkeypatch.context() as patch:
            patch.setattr(partition, "PATIENCE_SECONDS", 0.5)
            with pytest.raises(CommandError, match="no broker answers") as failed:
                run(prepared, Meter())
        assert failed.value.exit_code == 1
        cluster.set_down(down=False)
        run(prepare(options), meter := Meter())
        assert meter.rows > 1_000


def test_a_publisher_waits_for_brokers_that_come_back(tape: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is lost, nothing is there twice."""
    with mock_cluster() as cluster:
        topic = cluster.topic("back", 2)
        publisher = Publisher(tape, topic)
        cluster.set_down(down=True)
        thread = Thread(target=publisher.run, args=(Event(),))
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
        cluster.set_down(down=False)
        thread.join(60)
        assert not thread.is_alive()
        assert sum(client.look_at(topic).ends) == publisher.messages
