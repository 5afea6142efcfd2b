"""A cluster of mock brokers in this process, which the client library brings along: other processes reach it too.

Python's client can only start one with topics of four partitions, so the library's own functions are called.  It keeps
messages in memory, at most 5 MB of each partition; it knows no requests to make topics, so they are made here.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import c_char_p, c_int, c_int32, c_size_t, c_void_p
from pathlib import Path

import confluent_kafka
from confluent_kafka import KafkaError

from flows.kafka.topic import Topic

PRODUCER = 0


def _library() -> ctypes.CDLL:
    folder = Path(confluent_kafka.__file__).parent.with_name("confluent_kafka.libs")
    library = ctypes.CDLL(str(next(folder.glob("librdkafka*"))))
    for name, returns, takes in (
        ("rd_kafka_conf_new", c_void_p, ()),
        ("rd_kafka_conf_set", c_int, (c_void_p, c_char_p, c_char_p, c_char_p, c_size_t)),
        ("rd_kafka_new", c_void_p, (c_int, c_void_p, c_char_p, c_size_t)),
        ("rd_kafka_destroy", None, (c_void_p,)),
        ("rd_kafka_mock_cluster_new", c_void_p, (c_void_p, c_int)),
        ("rd_kafka_mock_cluster_destroy", None, (c_void_p,)),
        ("rd_kafka_mock_cluster_bootstraps", c_char_p, (c_void_p,)),
        ("rd_kafka_mock_topic_create", c_int, (c_void_p, c_char_p, c_int, c_int)),
        ("rd_kafka_mock_topic_set_error", None, (c_void_p, c_char_p, c_int)),
        ("rd_kafka_mock_broker_set_down", c_int, (c_void_p, c_int32)),
        ("rd_kafka_mock_broker_set_up", c_int, (c_void_p, c_int32)),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = returns, takes
    return library


class Cluster:
    """One broker, number 1."""

    def __init__(self) -> None:
        self._library, text = _library(), ctypes.create_string_buffer(512)
        settings = self._library.rd_kafka_conf_new()
        self._library.rd_kafka_conf_set(settings, b"log_level", b"0", text, len(text))
        self._client = self._library.rd_kafka_new(PRODUCER, settings, text, len(text))
        self._cluster = self._library.rd_kafka_mock_cluster_new(self._client, 1)
        self.brokers: str = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def topic(self, name: str, partitions: int) -> Topic:
        """Make a topic."""
        code = self._library.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, 1)
        assert code == 0, KafkaError(code)
        return Topic(self.brokers, name)

    def forget(self, topic: Topic) -> None:
        """Answer from now on that there is no such topic."""
        unknown = KafkaError.UNKNOWN_TOPIC_OR_PART
        self._library.rd_kafka_mock_topic_set_error(self._cluster, topic.name.encode(), unknown)

    def set_down(self, *, down: bool) -> None:
        """Let the broker go, or come back at its address."""
        set_state = self._library.rd_kafka_mock_broker_set_down if down else self._library.rd_kafka_mock_broker_set_up
        assert set_state(self._cluster, 1) == 0

    def close(self) -> None:
        """End it."""
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._client)


@contextmanager
def mock_cluster() -> Iterator[Cluster]:
    """A cluster for as long as the block lasts."""
    cluster = Cluster()
    try:
        yield cluster
    finally:
        cluster.close()
