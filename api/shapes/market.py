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
    at: str = Field(examples=["2013-10-07T15:50:00Z"])
    at_ns: int = Field(examples=[1_381_161_000_000_000_000])
    known_at: str = Field(examples=["2013-10-01T12:00:00Z"])
    known_at_ns: int = Field(examples=[1_380_628_800_000_000_000])
    label: str = Field(examples=["FOMC decision"])

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
    next_cursor: str | None = Field(examples=["WyJwbGFucyIsICJBSUcuMSJd"])
