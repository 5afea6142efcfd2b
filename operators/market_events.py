"""Scheduled market events: what may close the gate, for whom, and since when it was known."""

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
