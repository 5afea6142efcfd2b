"""A tape's folder, published to a topic: in order, each record once, going on where the topic ends.

The folder stays the tape: what the brokers cannot take now waits there.  A publisher that dies has written some of a
record's messages and not others; the next one asks each partition for its last message and writes what comes after it.
What a dead one's messages still did on their way is passed over by their numbers.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Producer

from flows.errors import BadInputError, CommandError
from flows.kafka.client import ensure_topic, last_stamps, settings, told
from flows.kafka.cutting import Part, cut
from flows.kafka.folder import Placed, batches, origin_of
from flows.kafka.topic import Topic
from flows.kafka.wire import BEHIND, REACHED, Headers, Stamp, headers
from flows.tape.segments.record import Kind
from flows.tape.segments.segment import START, Offset
from flows.tape.share import worker_of

PATIENCE_SECONDS: Final = 120.0
"""How long a message may wait for the brokers."""
REACHED_SECONDS: Final = 0.25
POLL_SECONDS: Final = 0.01
_SAFE: Final = {
    "enable.idempotence": True,
    "acks": "all",
    "compression.type": "zstd",
    "linger.ms": 2,
    "queue.buffering.max.kbytes": 1 << 16,
}


class Publisher:
    """Publishes the tape in `folder`.  `partitions`: of a topic that has to be made; of another it must be right.

    Raises BadInputError when the topic holds another tape, CommandError when no broker answers.
    """

    def __init__(self, folder: Path, topic: Topic, partitions: int | None = None) -> None:
        self._folder, self._topic, self._failed = folder, topic, ""
        self._origin_ns = origin_of(folder)
        ensure_topic(topic, partitions)
        self._lasts = last_stamps(topic)
        self._refuse_another_tape()
        lasts = [each for each in self._lasts if each is not None]
        first = min(lasts, key=lambda each: each.where) if len(lasts) == len(self._lasts) else None
        self._start = START if first is None else Offset(first.segment, first.place)
        self._newest_ns, self._heard_ns = (0, 0) if first is None else (first.newest_ns, first.heard_ns)
        self._numbers = [0 if each is None else each.number + 1 for each in self._lasts]
        self._last: Placed | None = None
        self._owed = False
        self.records = self.messages = 0
        config = settings(topic) | _SAFE | {"message.timeout.ms": int(PATIENCE_SECONDS * 1_000)}
        self._producer = Producer(config | {"on_delivery": self._delivered, "error_cb": self._heard})

    def run(self, stop: Event, *, follow: bool = False) -> None:
        """Publish to the tape's end, or with it as it grows, until told to stop.  Raises CommandError."""
        reached_at = time.monotonic()
        for batch in batches(self._folder, self._start, follow=follow):
            stopping = stop.is_set()
            for placed in batch:
                self._publish(placed)
            if not batch and time.monotonic() - reached_at >= REACHED_SECONDS:
                self._tell_reached()
                reached_at = time.monotonic()
            if stopping and (not batch or not follow):
                break
            if not batch:
                self._producer.poll(POLL_SECONDS)
            self._raise_failure()
        self._tell_reached()
        while self._producer.flush(1.0):
            self._raise_failure()
        self._raise_failure()

    def _publish(self, placed: Placed) -> None:
        record = placed.record
        parts, newest_ns = cut(record)
        if newest_ns:
            self._newest_ns = max(self._newest_ns, newest_ns)
            self._heard_ns = max(self._heard_ns, record.receive_ns)
        for partition, own in _by_partition(parts, len(self._numbers)):
            for number, part in enumerate(own):
                self._send(
                    partition, self._stamp(partition, placed, int(record.kind), (number, len(own), part.held)), part
                )
        self._last, self._owed = placed, record.kind in _OF_SYMBOLS
        self.records += 1
        self._producer.poll(0)

    def _tell_reached(self) -> None:
        """Tell the partitions that got nothing of the last records how far the tape goes."""
        if self._owed and self._last is not None:
            for partition in range(len(self._numbers)):
                self._send(partition, self._stamp(partition, self._last, REACHED, (BEHIND, 0, 0)), Part(None, b""))
            self._owed = False

    def _stamp(self, partition: int, placed: Placed, kind: int, part: tuple[int, int, int]) -> Stamp:
        record, segment, place, end = placed
        return Stamp(
            kind,
            record.feed,
            len(self._numbers),
            *part,
            segment,
            place,
            end,
            self._numbers[partition],
            record.receive_ns,
            self._newest_ns,
            self._heard_ns,
            self._origin_ns,
        )

    def _send(self, partition: int, stamp: Stamp, part: Part) -> None:
        """Send a message, unless the partition has it."""
        last = self._lasts[partition]
        if last is not None and stamp.where <= last.where:
            return
        head = headers(stamp, part.steps)
        self._numbers[partition] += 1
        self.messages += 1
        key = None if part.symbol is None else part.symbol.encode()
        while not self._took(partition, key, part.value, head, stamp.receive_ns // 1_000_000):
            self._producer.poll(POLL_SECONDS)
            self._raise_failure()

    def _took(self, partition: int, key: bytes | None, value: bytes, head: Headers, at_ms: int) -> bool:
        name: str = self._topic.name
        try:
            self._producer.produce(name, value, key, partition, timestamp=at_ms, headers=head)
        except BufferError:
            return False
        except KafkaException as error:
            raise told(self._topic, error.args[0]) from None
        return True

    def _delivered(self, error: KafkaError | None, message: Any) -> None:
        if error is not None and not self._failed:
            self._failed = str(told(self._topic, error))

    def _heard(self, error: KafkaError) -> None:
        if error.fatal() and not self._failed:
            self._failed = str(told(self._topic, error))

    def _raise_failure(self) -> None:
        if self._failed:
            raise CommandError(self._failed)

    def _refuse_another_tape(self) -> None:
        count = len(self._lasts)
        for each in self._lasts:
            if each is not None and each.origin_ns != self._origin_ns:
                msg = f"{self._topic}: holds another tape than {self._folder}; choose another topic"
                raise BadInputError(msg)
            if each is not None and each.partitions != count:
                msg = f"{self._topic}: had {each.partitions} partitions when publishing began, now {count}"
                msg = f"{msg}; symbols would change places; choose another topic"
                raise BadInputError(msg)


_OF_SYMBOLS: Final = frozenset((Kind.FRAME, Kind.REPAIR))


def _by_partition(parts: Sequence[Part], count: int) -> Iterator[tuple[int, list[Part]]]:
    """Yield what each partition gets of a record."""
    found: dict[int, list[Part]] = {}
    for part in parts:
        for partition in range(count) if part.symbol is None else (worker_of(part.symbol, count),):
            found.setdefault(partition, []).append(part)
    yield from found.items()
