"""Answers as of an instant.  Rule: each says since when it could be had, `available_at_ns` <= `as_of_ns`, ns UTC."""

from typing import Any

import msgspec

from operators.bars.columns import Bar, Interval
from operators.chains.option_quote import OptionQuote
from operators.sessions import PHASE_CODES
from operators.times import iso


class LastPrice(msgspec.Struct, frozen=True, gc=False):
    """The price of the last print that counted; dollars and shares."""

    symbol: str
    as_of_ns: int
    available_at_ns: int
    price: float
    size: float

    def to_json(self) -> dict[str, Any]:
        """Write it with RFC 3339 instants."""
        return {**_head(self), "symbol": self.symbol, "price": self.price, "size": self.size}


class KnownBar(msgspec.Struct, frozen=True):
    """A bar as it stood; it was first known at its end, and so at `available_at_ns`, when it was last revised."""

    bar: Bar
    available_at_ns: int


class BarsAsOf(msgspec.Struct, frozen=True):
    """Bars that had ended, ascending; at least one."""

    symbol: str
    interval: Interval
    as_of_ns: int
    bars: tuple[KnownBar, ...]

    @property
    def available_at_ns(self) -> int:
        """When the youngest of them became known."""
        return max(each.available_at_ns for each in self.bars)

    def to_json(self) -> dict[str, Any]:
        """Write them with RFC 3339 instants."""
        bars = [_bar(each) for each in self.bars]
        return {**_head(self), "symbol": self.symbol, "interval": str(self.interval), "bars": bars}


class ChainAsOf(msgspec.Struct, frozen=True):
    """The last quote of each contract, by expiry, strike, then ticker; at least one."""

    underlying: str
    as_of_ns: int
    quotes: tuple[OptionQuote, ...]

    @property
    def available_at_ns(self) -> int:
        """When the youngest of them became known."""
        return max(each.at_ns for each in self.quotes)

    def to_json(self) -> dict[str, Any]:
        """Write it with RFC 3339 instants."""
        quotes = [_quote(each) for each in self.quotes]
        return {**_head(self), "underlying": self.underlying, "quotes": quotes}


def _head(answer: LastPrice | BarsAsOf | ChainAsOf) -> dict[str, Any]:
    return {"as_of": iso(answer.as_of_ns), "available_at": iso(answer.available_at_ns)}


def _bar(known: KnownBar) -> dict[str, Any]:
    fields = msgspec.structs.asdict(known.bar)
    start, end, phase = (fields.pop(name) for name in ("start_ns", "end_ns", "phase"))
    times = {"start": iso(start), "end": iso(end), "available_at": iso(known.available_at_ns)}
    return {**times, **fields, "phase": str(PHASE_CODES[phase])}


def _quote(quote: OptionQuote) -> dict[str, Any]:
    fields = msgspec.structs.asdict(quote)
    return {"available_at": iso(fields.pop("at_ns")), **fields}
