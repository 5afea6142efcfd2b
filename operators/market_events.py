"""Scheduled market events: what may close the gate, for whom, and since when it was known."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

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
    """One scheduled event.  `symbol` is a ticker or `*` for all; `at_ns`, `known_at_ns`: ns UTC."""

    event_id: str
    symbol: str
    kind: str
    severity: Severity
    at_ns: int
    known_at_ns: int
    label: str


def newest(told: Iterable[MarketEvent]) -> tuple[MarketEvent, ...]:
    """Return each event as it was told last; it may be of another symbol than before."""
    return tuple({event.event_id: event for event in told}.values())


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
