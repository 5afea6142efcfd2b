"""How the feed fares, for whoever watches it.  Written by the feed's threads, read by anybody."""

from dataclasses import asdict, dataclass, field
from typing import Any

from flows.feed.decisions import Ending


@dataclass(slots=True)
class FeedStatus:
    """Counts since the start.  `state`: connecting, streaming, waiting, over; `lag_ns`: age of the newest print.

    `streamed`: whether data could come at any time;
    `refused`, `unanswered`: subscriptions without data; `gaps_open`: marked and not yet repaired, or never;
    `ended`: why the feed is over, if it is.
    """

    state: str = "connecting"
    streamed: bool = False
    logins: int = 0
    connections: int = 0
    frames: int = 0
    bytes: int = 0
    dropped_frames: int = 0
    queued: int = 0
    gaps: int = 0
    gaps_repaired: int = 0
    gaps_left: int = 0
    requests: int = 0
    newest_ns: int = 0
    lag_ns: int = 0
    held: tuple[str, ...] = ()
    refused: dict[str, str] = field(default_factory=dict)
    unanswered: tuple[str, ...] = ()
    endings: dict[str, int] = field(default_factory=dict)
    ended: Ending | None = None

    @property
    def gaps_open(self) -> int:
        """Return how many gaps are open."""
        return self.gaps - self.gaps_repaired

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return asdict(self) | {"gaps_open": self.gaps_open, "held": list(self.held)}
