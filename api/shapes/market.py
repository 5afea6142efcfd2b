"""Market events as the API shows them."""

from typing import Self

from pydantic import BaseModel, Field

from api.shapes.session import Answer
from operators.market_events import MarketEvent, Severity
from operators.times import iso


class MarketEventOut(BaseModel):
    """A scheduled event, `symbol` * for the whole market; `known_at` is since when it was known."""

    id: str = Field(examples=["fomc-2013-10"])
    symbol: str = Field(examples=["*"])
    kind: str = Field(examples=["fomc"])
    severity: Severity
    at: str
    at_ns: int
    known_at: str
    known_at_ns: int
    label: str

    @classmethod
    def of(cls, event: MarketEvent) -> Self:
        """Write a market event."""
        return cls(
            id=event.event_id,
            symbol=event.symbol,
            kind=event.kind,
            severity=event.severity,
            at=iso(event.at_ns),
            at_ns=event.at_ns,
            known_at=iso(event.known_at_ns),
            known_at_ns=event.known_at_ns,
            label=event.label,
        )


class MarketEventList(Answer):
    """A page of market events, in order of time, then id; `next_cursor` null on the last."""

    events: list[MarketEventOut]
    next_cursor: str | None
