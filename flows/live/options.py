"""What `fancy-trader live` is asked to do, read once and frozen."""

from dataclasses import dataclass
from pathlib import Path

from flows.kafka.topic import Topic
from flows.options import ReplayOptions
from flows.tape.segments.writer import Sync


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """`flow`: how the dataflow runs; its only path is the tape's folder, its plans and events go onto the tape.

    `feed_url`: WebSocket of the feed; `rest_url` None: beside it; `repair` off: gaps stay.  `symbols`: what is
    subscribed and scanned, empty: every symbol, of which those of plans are watched.  `record_only`: the tape is
    written and nothing else; no database is touched.  `topic`: the tape is published there, and read from there.
    `feeds` off: another process, perhaps on another machine, writes the tape; `flows` off: another one reads it.
    """

    flow: ReplayOptions
    tape: Path
    feed_url: str
    rest_url: str | None = None
    repair: bool = True
    sync: Sync = Sync.BATCH
    symbols: tuple[str, ...] = ()
    record_only: bool = False
    topic: Topic | None = None
    feeds: bool = True
    flows: bool = True

    @property
    def publishes(self) -> bool:
        """Whether this run writes to a topic."""
        return self.topic is not None and self.feeds
