"""Where the feed's frames go: a tape, or whatever does as this says.  One thread calls it.

Order is meaning: what is handed over first came first.  All times are ns UTC on the feed's clock (`feed_clock`).
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Protocol

EVERY_SYMBOL: Final = "*"


class GapState(StrEnum):
    """What is known of a gap."""

    OPEN = "open"
    CLOSED = "close"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Gap:
    """Prints of `symbols` from `from_ns` to `to_ns` may be missing, until a mark of the same name says CLOSED.

    OPEN: the gap lasts, or is being repaired.  LOST: it will not be, and `reason` says why.  `to_ns` None: nobody knows
    yet.
    `overlap_ns`: how far around the window prints may be there twice, once from the feed and once from a repair.
    """

    name: str
    state: GapState
    from_ns: int
    to_ns: int | None = None
    symbols: tuple[str, ...] = (EVERY_SYMBOL,)
    reason: str = ""
    overlap_ns: int = 0

    def closed(self, to_ns: int) -> "Gap":
        """Return the mark that says: nothing is missing any more."""
        return replace(self, state=GapState.CLOSED, to_ns=to_ns)

    def given_up(self, to_ns: int, reason: str) -> "Gap":
        """Return the mark that says: this is missing for good."""
        return replace(self, state=GapState.LOST, to_ns=to_ns, reason=reason)


class FrameSink(Protocol):
    """Takes what the feed brings.  Raises when it cannot; the feed then stops."""

    def append(self, frame: bytes, received_ns: int) -> None:
        """Take one message as it was received."""

    def repair(self, symbol: str, page: bytes, received_ns: int) -> None:
        """Take one page of a symbol's trades from REST, as it was received; a gap is open then."""

    def mark_gap(self, gap: Gap, received_ns: int) -> None:
        """Take what is known of a gap."""

    def clock(self, at_ns: int) -> None:
        """Take note that time has reached `at_ns`: all that the feed had to say before is there."""

    def commit(self) -> None:
        """Make what was taken since the last commit durable, as far as that is wanted, and visible.

        Called at least every `writing.TAKE_SECONDS`, whether anything was taken or not, except during a repair.
        """
