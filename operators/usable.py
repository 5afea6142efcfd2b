"""What makes a row a tick.  One rule, told twice: per row with its reason, and over columns without."""

from dataclasses import dataclass
from math import isfinite
from typing import Final

import polars as pl

from operators import ticks
from operators.times import EARLIEST_NS, LATEST_NS, iso

DIGITS_OF_NS: Final = 19


@dataclass(frozen=True, slots=True)
class TimeBounds:
    """[low_ns, high_ns): where a file's SIP times must lie.  `name` is what people call it."""

    low_ns: int = EARLIEST_NS
    high_ns: int = LATEST_NS
    name: str = "1993 to 2027"


def why_unusable(
    symbol: str | None, sip_ns: int | None, price: float | None, size: float | None, bounds: TimeBounds
) -> tuple[str, str] | None:
    """Return the field that keeps a row from being a tick and why, None when nothing does."""
    if not symbol:
        return ticks.SYMBOL, "is missing"
    if sip_ns is None:
        return ticks.SIP_NS, "is missing"
    if not bounds.low_ns <= sip_ns < bounds.high_ns:
        return ticks.SIP_NS, _outside(sip_ns, bounds)
    if price is None:
        return ticks.PRICE, "is missing"
    if not (isfinite(price) and price > 0):
        return ticks.PRICE, f"got {price:g}; must be dollars above 0"
    if size is None:
        return ticks.SIZE, "is missing"
    if not (isfinite(size) and size >= 0):
        return ticks.SIZE, f"got {size:g}; must be shares, 0 or more"
    return None


def unusable(bounds: TimeBounds) -> pl.Expr:
    """Return whether each row of a frame cannot be a tick (boolean, never null)."""
    sip, price, size = pl.col(ticks.SIP_NS), pl.col(ticks.PRICE), pl.col(ticks.SIZE)
    usable = (
        (pl.col(ticks.SYMBOL) != "")
        & (sip >= bounds.low_ns)
        & (sip < bounds.high_ns)
        & (price > 0)
        & price.is_finite()
        & (size >= 0)
        & size.is_finite()
    )
    return ~usable.fill_null(value=False)


def _outside(sip_ns: int, bounds: TimeBounds) -> str:
    digits = len(str(abs(sip_ns)))
    hint = "" if digits == DIGITS_OF_NS else f"; {digits} digits are not ns since 1970"
    shown = iso(sip_ns) if digits == DIGITS_OF_NS else str(sip_ns)
    return f"got {shown}; outside {bounds.name}{hint}"
