"""One partition's messages in the order of the tape, each once, through Bytewax's own connector.

Rule: a message counts by its number, not by its offset.  What a writer sent twice is passed over; what is missing, by
whatever a cluster's settings deleted, is damage, and said so.
"""

import re
import time
from typing import Any, Final, NamedTuple

from bytewax.connectors.kafka import KafkaSource
from confluent_kafka import KafkaError

from flows.errors import CommandError
from flows.kafka.client import ends_of, reading
from flows.kafka.topic import TopicTape
from flows.kafka.wire import Stamp, read_headers
from flows.tape.segments.errors import TapeDamagedError
from flows.tape.segments.segment import Offset

BATCH: Final = 1_000
_SAID: Final = re.compile('str="(.*)"}')
PATIENCE_SECONDS: Final = 30.0
"""How long brokers that are all gone may stay so."""


class Behind(NamedTuple):
    """The next message's offset and number, and the origin of the tape, None before its first message."""

    offset: int = 0
    number: int = 0
    origin_ns: int | None = None


class Taken(NamedTuple):
    """A message of the tape, and its offset."""

    stamp: Stamp
    value: bytes
    steps: tuple[int, ...]
    offset: int

    @property
    def behind(self) -> Behind:
        """What a reader remembers that goes on after it."""
        return Behind(self.offset + 1, self.stamp.number + 1, self.stamp.origin_ns)

    @property
    def end(self) -> Offset:
        """Where its record ends on the tape."""
        return Offset(self.stamp.segment, self.stamp.end)


class PartitionReader:
    """Reads from `behind` on.  `follow`: the topic grows; else it ends where it ended when it was looked at."""

    def __init__(self, tape: TopicTape, index: int, behind: Behind, *, follow: bool) -> None:
        self._tape, self._index, self._follow, self.behind = tape, index, follow, behind
        self._held: list[Taken] = []
        self._silent_since: float | None = None
        config: dict[str, Any] = reading(tape.topic) | {"statistics.interval.ms": 0, "error_cb": self._heard}
        topic = tape.topic
        source = KafkaSource([topic.brokers], [topic.name], tail=True, add_config=config, batch_size=BATCH)
        self._part = source.build_part("tape", f"{index}-{topic.name}", behind.offset)

    @property
    def over(self) -> bool:
        """Whether a topic that is not followed has been read to its end."""
        return not self._follow and self.behind.offset >= self._tape.ends[self._index]

    def read(self) -> list[Taken]:
        """Return what comes next, whole records only; nothing when there is nothing new at the moment.

        Raises TapeDamagedError; CommandError when no broker has answered for a while.
        """
        try:
            messages = self._part.next_batch()
        except RuntimeError as error:  # of the connector: what the client could not get over
            reason = _SAID.search(str(error))
            msg = f"{self._tape.topic}: {reason[1] if reason else error}"
            raise CommandError(msg) from None
        if messages:
            self._silent_since = None
        elif self._silent_since is not None and time.monotonic() - self._silent_since > PATIENCE_SECONDS:
            ends_of(self._tape.topic)
            self._silent_since = None
        for message in messages:
            self._take(message)
        last = max((place for place, each in enumerate(self._held) if each.stamp.last), default=-1) + 1
        whole, self._held = self._held[:last], self._held[last:]
        return whole

    def at_end(self) -> bool:
        """Ask the brokers whether everything that they have was read.  Raises CommandError."""
        return self.behind.offset >= ends_of(self._tape.topic)[self._index].last

    def close(self) -> None:
        """Leave the cluster."""
        self._part.close()

    def _heard(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN and self._silent_since is None:  # noqa: SLF001
            self._silent_since = time.monotonic()

    def _take(self, message: Any) -> None:
        offset, (_, number, origin_ns) = message.offset, self.behind
        if not self._follow and offset >= self._tape.ends[self._index]:
            return
        try:
            stamp, steps = read_headers(message.headers)
        except ValueError as problem:
            raise TapeDamagedError(self._told(offset, str(problem))) from None
        if stamp.partitions != self._tape.partitions:
            now = f"was written when there were {stamp.partitions} partitions, now {self._tape.partitions}"
            raise TapeDamagedError(self._told(offset, now))
        if origin_ns not in (None, stamp.origin_ns):
            raise TapeDamagedError(self._told(offset, "is of another tape"))
        if stamp.number > number:
            raise TapeDamagedError(self._told(offset, f"is number {stamp.number:,}, but {number:,} is missing"))
        self.behind = Behind(offset + 1, max(number, stamp.number + 1), stamp.origin_ns)
        if stamp.number == number:
            self._held.append(Taken(stamp, message.value or b"", steps, offset))

    def _told(self, offset: int, what: str) -> str:
        again = "publish the tape anew, to a topic that keeps everything"
        return f"{self._tape.topic}: message {offset:,} of partition {self._index} {what}; {again}"
