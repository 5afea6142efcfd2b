"""A print off the wire as a plain row, in the order of `ticks.TICK_SCHEMA`.  A row is usable or it is a `Reject`."""

from functools import lru_cache
from math import inf
from typing import Annotated, Final, NamedTuple

import msgspec
import polars as pl
from msgspec.structs import astuple

from operators import ticks
from operators.times import EARLIEST_NS, LATEST_NS
from operators.usable import TimeBounds, why_unusable

MS_NS: Final = 1_000_000


Int32 = Annotated[int, msgspec.Meta(ge=-(1 << 31), le=(1 << 31) - 1)]
Int64 = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
"""Whole numbers that a column of `ticks.TICK_SCHEMA` holds, for what decodes prints."""


class WireRow(msgspec.Struct, frozen=True, gc=False):
    """One print.  Times in ns UTC, None or 0 where unknown; `price` dollars; `size` shares; no id: None.

    `tape`: 1 NYSE, 2 AMEX and ARCA, 3 Nasdaq; it decides nothing.  Hundreds of thousands are remembered while a tape is
    followed, so that the collector must have nothing to do with them.
    """

    symbol: str
    sip_ns: int
    participant_ns: int | None
    price: float
    size: float
    exchange: int | None
    conditions: str | None
    sequence: int | None
    trade_id: str | None
    trf_id: int | None
    trf_ns: int | None
    correction: int
    tape: int | None = None


class Reject(NamedTuple):
    """What could not be used: its place among the events of its message from 0, the culprit, why, and the text."""

    place: int
    field: str
    reason: str
    raw: str


_BOUNDS: Final = TimeBounds()
LOW_MS: Final = 10**11
LOW_US: Final = 10**14
_LOW_NS: Final = 10**17
"""From here on a time is in ms, in us, in ns."""
TOO_LATE_NS: Final = 1 << 63
"""From here on a time does not fit 64 bits."""


def as_ns(stamp: int) -> int:
    """Return a time in ns whatever its unit: 12 to 14 digits are ms, 15 to 17 are us, more are ns.  No other is valid.

    >>> as_ns(1679590840534), as_ns(1679590840534000), as_ns(1679590840534000001)
    (1679590840534000000, 1679590840534000000, 1679590840534000001)
    """
    if LOW_MS <= stamp < LOW_US:
        return stamp * MS_NS
    return stamp * 1_000 if LOW_US <= stamp < _LOW_NS else stamp


def misfit(participant_ns: int | None, trf_ns: int | None) -> tuple[str, str] | None:
    """Return which of a print's times besides its SIP time no column holds and why, None when both fit."""
    if abs(participant_ns or 0) < TOO_LATE_NS > abs(trf_ns or 0):
        return None
    bad = abs(participant_ns or 0) >= TOO_LATE_NS
    field, at_ns = (ticks.PARTICIPANT_NS, participant_ns) if bad else (ticks.TRF_NS, trf_ns)
    return field, f"got {at_ns}; ns since 1970 must fit 64 bits"


def finding(symbol: str | None, sip_ns: int | None, price: float | None, size: float | None) -> tuple[str, str] | None:
    """Return the field that keeps a print from being a tick and why, None when nothing does."""
    if (
        symbol
        and sip_ns is not None
        and price is not None
        and size is not None
        and EARLIEST_NS <= sip_ns < LATEST_NS
        and 0 < price < inf
        and 0 <= size < inf
    ):
        return None
    return why_unusable(symbol, sip_ns, price, size, _BOUNDS)


def columns(rows: list[WireRow], numbers: list[int], numbered: str) -> pl.DataFrame:
    """Return rows as a frame: `ticks.DECISIVE`, and their numbers (uint32) in a column named `numbered`."""
    if not rows:
        return _no_columns(numbered)
    by_field = list(zip(*map(astuple, rows), strict=True))
    decisive = (pl.Series(name, by_field[place], dtype=ticks.TICK_SCHEMA[name]) for name, place in _DECISIVE)
    return pl.DataFrame([pl.Series(numbered, numbers, dtype=pl.UInt32), *decisive])


@lru_cache
def _no_columns(numbered: str) -> pl.DataFrame:
    """Made once: whoever follows a tape that has nothing new asks a hundred times a second."""
    return pl.DataFrame(schema={numbered: pl.UInt32} | {name: ticks.TICK_SCHEMA[name] for name in ticks.DECISIVE})


_DECISIVE: Final = tuple((name, WireRow.__struct_fields__.index(name)) for name in ticks.DECISIVE)
