"""What the feed is asked to do, read once and frozen.  Seconds are wall seconds."""

from dataclasses import dataclass
from typing import Final

from flows.errors import BadInputError
from flows.feed.address import FeedAddress
from flows.feed.bounded_queue import LONGEST_BYTES
from flows.feed.gaps import SETTLE_SECONDS
from flows.feed.idle import EXTENDED_SECONDS, REGULAR_SECONDS

HEAR_SECONDS: Final = 0.1
MARK_SECONDS: Final = 0.5
PONG_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Behind:
    """What an earlier process left: the tape's last time, and the names of gaps that it was about to repair."""

    from_ns: int
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """`subscriptions`: `T.AAPL`, `T.*`; `watched`: symbols whose gaps are repaired under `T.*`.

    `behind`: where an earlier process stopped; `repair` off: gaps are marked and stay open.
    `mark_seconds`: between two clock marks.
    """

    address: FeedAddress
    subscriptions: tuple[str, ...]
    watched: tuple[str, ...] = ()
    behind: Behind | None = None
    repair: bool = True
    queue_bytes: int = LONGEST_BYTES
    regular_silence: float = REGULAR_SECONDS
    extended_silence: float = EXTENDED_SECONDS
    settle_seconds: float = SETTLE_SECONDS
    hear_seconds: float = HEAR_SECONDS
    mark_seconds: float = MARK_SECONDS
    pong_seconds: float = PONG_SECONDS

    def __post_init__(self) -> None:
        """Refuse subscriptions that no server would understand."""
        for each in self.subscriptions:
            channel, dot, ticker = each.partition(".")
            if not (channel and dot and ticker) or "," in each or not each.isprintable() or " " in each:
                msg = f"subscription: got {each!r}; must be CHANNEL.TICKER, for example T.AAPL or T.*"
                raise BadInputError(msg)
        if not self.subscriptions:
            msg = "nothing to subscribe to"
            raise BadInputError(msg)
