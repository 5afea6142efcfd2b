"""What the protocol decides: facts and orders for whoever holds the socket.  Nothing here does anything."""

from dataclasses import dataclass, field
from enum import StrEnum


class Ending(StrEnum):
    """Why a connection is over, as far as the protocol tells."""

    BAD_KEY = "bad_key"
    NOT_ENTITLED = "not_entitled"
    TOO_MANY = "too_many_connections"
    GOING_AWAY = "going_away"
    LOST = "lost"

    @property
    def final(self) -> bool:
        """Whether connecting again with the same key and the same wish is pointless."""
        return self in (Ending.BAD_KEY, Ending.NOT_ENTITLED)


@dataclass(frozen=True, slots=True)
class Send:
    """Send this message.  Not shown: one of them holds the key."""

    message: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Keep:
    """A frame with data, or one that cannot be read: it belongs on the tape, as it came."""

    frame: bytes


@dataclass(frozen=True, slots=True)
class Authenticated:
    """The vendor took the key."""


@dataclass(frozen=True, slots=True)
class Streaming:
    """Every subscription is answered, refused or given up: what was acknowledged, in the order asked for."""

    held: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """The plan does not hold these subscriptions; asking again is pointless."""

    subscriptions: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nobody answered to these in time: they may not exist, and no data is to be counted on."""

    subscriptions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MarketClock:
    """A practice market tells its own time: `at_ns` (UTC) now, going on at `speed` times the wall clock's pace."""

    at_ns: int
    speed: float


@dataclass(frozen=True, slots=True)
class Remark:
    """A status that changes nothing, for the log."""

    status: str
    message: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Close the connection; `ending` says what to do next."""

    ending: Ending
    message: str


Decision = (
    Send | Keep | Authenticated | Streaming | Refused | Unanswered | MarketClock | Remark | Leave
)  # one of them per fact, in the order of the facts
