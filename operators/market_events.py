"""Scheduled market events: what may close the gate, for whom, and since when it was known."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from operators.times import NEVER

EVERY_SYMBOL: Final = "*"


class Severity(StrEnum):
    """How much an event can move the market, least first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


GATING: Final = frozenset({Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL})


@dataclass(frozen=True, slots=True)
class MarketEvent:
    """One scheduled event.  `symbol` is a ticker or `*` for all; `at_ns`, `known_at_ns`: ns UTC.

    `told_ns`: when a tape told it, ns UTC; 0 for what was known before.  It counts from then on, though somebody may
    have known it longer; told again at another time it is the same.  `until_ns`: since when it is known to be
    otherwise, ns UTC; see `standing`.
    """

    event_id: str
    symbol: str
    kind: str
    severity: Severity
    at_ns: int
    known_at_ns: int
    label: str
    told_ns: int = field(default=0, compare=False)
    until_ns: int = NEVER

    @property
    def since_ns(self) -> int:
        """Since when it counts, ns UTC."""
        return max(self.known_at_ns, self.told_ns)


def standing(told: Iterable[MarketEvent]) -> tuple[MarketEvent, ...]:
    """Return each telling that counts at some time, in order: until a later one of the same event is known.

    The later one may be of another symbol.
    """
    found, known_from = list[MarketEvent](), dict[str, int]()
    for event in reversed(list(told)):
        until_ns = known_from.get(event.event_id, NEVER)
        if event.since_ns < until_ns:
            found.append(replace(event, until_ns=until_ns))
            known_from[event.event_id] = event.since_ns
    return tuple(reversed(found))


def told_anew(known: Sequence[MarketEvent], told: Iterable[MarketEvent]) -> list[tuple[int, MarketEvent]]:
    """Return what of `told` is new or other than what is `known`, each with how often its id was told before.

    `known` holds what was told before, in that order; what is told again as it is known says nothing.
    """
    last, counts = {event.event_id: event for event in known}, Counter(event.event_id for event in known)
    found = []
    for event in told:
        if last.get(event.event_id) != event:
            found.append((counts[event.event_id], event))
            last[event.event_id] = event
            counts[event.event_id] += 1
    return found
