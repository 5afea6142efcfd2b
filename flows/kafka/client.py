"""Asking a cluster about a topic, and what every client of ours is told.

The client's own defaults are not safe for a tape: where an offset is gone it would go on with the newest message, and
where no broker answers it would wait in silence.  Here the one is an error, and the other ends after a while.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from flows.errors import BadInputError, CommandError, DataMissingError
from flows.kafka.topic import Topic, TopicTape
from flows.kafka.wire import Stamp, read_headers
from flows.tape.segments.segment import START, Offset

SETTINGS: Final = "FANCY_TRADER_KAFKA"
"""Names a file of the client's own settings, NAME=VALUE by line: security, passwords, certificates."""
ANSWER_SECONDS: Final = 10.0
PARTITIONS: Final = 8
"""Of a topic that is made here, if nobody says how many."""
FOR_EVER: Final = {"cleanup.policy": "delete", "retention.ms": "-1"}
_SILENT: Final = {"log_level": 0}
"""What the client would write to stderr reaches people as one line of ours."""


class Ends(NamedTuple):
    """Offsets of one partition: of its first message, and behind its last one."""

    first: int
    last: int


def settings(topic: Topic) -> dict[str, Any]:
    """Return what any client of a topic's cluster is told.  Raises BadInputError."""
    return {**_SILENT, "bootstrap.servers": topic.brokers, **_of_file()}


def reading(topic: Topic) -> dict[str, Any]:
    """Return what a consumer is told: no group, and no offset but the one that it is given."""
    return settings(topic) | {
        "group.id": "fancy-trader",
        "enable.auto.commit": False,
        "auto.offset.reset": "error",
        "queued.max.messages.kbytes": 1 << 14,
        "queued.min.messages": 10_000,
        "fetch.wait.max.ms": 100,
        "fetch.error.backoff.ms": 100,
        "reconnect.backoff.max.ms": 1_000,
    }


def look_at(topic: Topic) -> TopicTape:
    """Look at a topic.  Raises DataMissingError when it or its beginning is gone, CommandError when nobody answers."""
    with _asking(topic) as consumer:
        ends = _ends(consumer, topic)
        for partition, (first, last) in enumerate(ends):
            if first and last > first:
                msg = f"{topic}: partition {partition} begins at message {first:,}, what stood before is deleted"
                msg = f"{msg}; give the topic retention.ms=-1 and publish the tape anew"
                raise DataMissingError(msg)
        stamps = _last_stamps(consumer, topic, ends)
    reach = min((START if each is None else Offset(each.segment, each.end) for each in stamps), default=START)
    return TopicTape(topic, tuple(each.last for each in ends), reach)


def last_stamps(topic: Topic) -> list[Stamp | None]:
    """Return what the last message of each partition says, None for one without any.  Raises as `look_at` does."""
    with _asking(topic) as consumer:
        return _last_stamps(consumer, topic, _ends(consumer, topic))


def ends_of(topic: Topic) -> list[Ends]:
    """Return where each partition begins and ends.  Raises as `look_at` does."""
    with _asking(topic) as consumer:
        return _ends(consumer, topic)


def ensure_topic(topic: Topic, partitions: int | None) -> None:
    """Make a topic that does not exist, so that it keeps what it is given.

    Raises BadInputError when it has another number of partitions than wanted.
    """
    try:
        found = len(ends_of(topic))
    except DataMissingError:
        _create(topic, partitions or PARTITIONS)
        return
    if partitions is not None and partitions != found:
        msg = f"--partitions: got {partitions}; {topic} has {found} and keeps them"
        raise BadInputError(msg)


def told(topic: Topic, error: KafkaError) -> CommandError:
    """Turn the client's error into one line."""
    code = error.code()
    if code in _SILENCE:
        return CommandError(f"{topic}: no broker answers ({error.str()}); is it running, and reachable from here?")
    if code in _UNKNOWN:
        return DataMissingError(f"{topic}: there is no such topic")
    return CommandError(f"{topic}: {error.str()}")


_SILENCE: Final = frozenset(
    (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._RESOLVE)  # noqa: SLF001
)
_UNKNOWN: Final = frozenset((KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC))  # noqa: SLF001


def _create(topic: Topic, partitions: int) -> None:
    admin = AdminClient(settings(topic))
    made = admin.create_topics([NewTopic(topic.name, partitions, config=FOR_EVER)], request_timeout=ANSWER_SECONDS)
    try:
        made[topic.name].result(ANSWER_SECONDS)
    except KafkaException as error:
        raise told(topic, error.args[0]) from None


@contextmanager
def _asking(topic: Topic) -> Iterator[Consumer]:
    try:
        consumer = Consumer(reading(topic))
    except KafkaException as error:
        msg = f"{SETTINGS}: {error.args[0].str()}"
        raise BadInputError(msg) from None
    try:
        yield consumer
    except KafkaException as error:
        raise told(topic, error.args[0]) from None
    finally:
        consumer.close()


def _ends(consumer: Consumer, topic: Topic) -> list[Ends]:
    found = consumer.list_topics(topic.name, timeout=ANSWER_SECONDS).topics[topic.name]
    if found.error is not None:
        raise told(topic, found.error)
    return [_ends_of(consumer, TopicPartition(topic.name, partition)) for partition in sorted(found.partitions)]


def _ends_of(consumer: Consumer, partition: TopicPartition) -> Ends:
    ends = consumer.get_watermark_offsets(partition, timeout=ANSWER_SECONDS)
    if ends is None:
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001
    return Ends(*ends)


def _last_stamps(consumer: Consumer, topic: Topic, ends: Sequence[Ends]) -> list[Stamp | None]:
    return [
        None if last <= first else _stamp_at(consumer, topic, partition, last - 1)
        for partition, (first, last) in enumerate(ends)
    ]


def _stamp_at(consumer: Consumer, topic: Topic, partition: int, offset: int) -> Stamp:
    consumer.assign([TopicPartition(topic.name, partition, offset)])
    message = consumer.poll(ANSWER_SECONDS)
    if message is None:
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001
    error = message.error()
    if error is not None:
        raise KafkaException(error)
    try:
        stamp, _ = read_headers(dict(message.headers() or ()).items())
    except ValueError as problem:
        msg = f"{topic}: message {offset:,} of partition {partition} {problem}; choose another topic"
        raise DataMissingError(msg) from None
    return stamp


def _of_file() -> dict[str, str]:
    name = os.environ.get(SETTINGS)
    if not name:
        return {}
    try:
        lines = [line.strip() for line in Path(name).read_text().splitlines()]
    except OSError as error:
        msg = f"{SETTINGS}: {name} cannot be read ({error.strerror})"
        raise BadInputError(msg) from None
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name.strip(): value.strip() for name, _, value in pairs}
