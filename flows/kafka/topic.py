"""How a topic is named, and what is known of it before it is read.  Nothing here needs the Kafka client."""

import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from flows.errors import BadInputError
from flows.tape.segments.segment import Offset

SCHEME: Final = "kafka:"
_BROKER: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?")
_NAME: Final = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}")


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic.  `brokers`: host:port, joined by commas."""

    brokers: str
    name: str

    def __str__(self) -> str:
        """Write it as people do: kafka://host:9092/name."""
        return f"{SCHEME}//{self.brokers}/{self.name}"


@dataclass(frozen=True, slots=True)
class TopicTape:
    """A topic as it stood when it was looked at: offsets behind the last record, by partition.

    `reach`: as far on its tape all partitions go; what stands behind it in some of them awaits the others.
    """

    topic: Topic
    ends: tuple[int, ...]
    reach: Offset

    @property
    def partitions(self) -> int:
        """How many there are; a tape has as many from its first record to its last."""
        return len(self.ends)


def topic_of(path: Path) -> Topic | None:
    """Return the topic that a path names, None when it names a file: as a path, a topic's URL has lost a slash.

    Raises BadInputError for a URL that names no topic.

    >>> str(topic_of(Path("kafka://one:9092,two:9092/tape")))
    'kafka://one:9092,two:9092/tape'
    """
    scheme, *rest = path.parts or ("",)
    if scheme != SCHEME:
        return None
    if len(rest) == 2 and all(map(_BROKER.fullmatch, rest[0].split(","))) and _NAME.fullmatch(rest[1]):
        return Topic(*rest)
    told = "; a password belongs in the file that FANCY_TRADER_KAFKA names" if "@" in str(path) else ""
    shown = re.sub("[^/]*@", "...@", "/".join(rest))
    msg = f"{SCHEME}//{shown}: names no topic; must be kafka://host:port[,host:port]/topic{told}"
    raise BadInputError(msg)


def need_client(topic: Topic) -> None:
    """Make sure that the Kafka client is installed.  Raises BadInputError that says how."""
    if find_spec("confluent_kafka") is None:
        msg = f"{topic}: needs the Kafka client; pip install 'fancy-trader[kafka]'"
        raise BadInputError(msg)
