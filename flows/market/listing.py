"""What a REST answer of the practice market lists, and the window that was asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from operators.sessions import new_york_day_ns
from operators.times import EARLIEST_NS


@dataclass(frozen=True, slots=True)
class Listing:
    """`count` rows; `texts` writes those of [first, last) as JSON."""

    count: int
    texts: Callable[[int, int], list[str]]


@dataclass(frozen=True, slots=True)
class Window:
    """SIP times in [low, high], ns UTC."""

    low_ns: int
    high_ns: int
    ascending: bool


def window_of(asked: Mapping[str, str], now_ns: int) -> Window:
    """Read the vendor's timestamp filters; nothing after `now_ns` is ever meant.  Raises ValueError."""
    low_ns, high_ns = EARLIEST_NS, now_ns
    if "timestamp" in asked:
        first, last = _instants(asked["timestamp"])
        low_ns, high_ns = max(low_ns, first), min(high_ns, last)
    for name, after in (("gte", 0), ("gt", 1)):
        if f"timestamp.{name}" in asked:
            low_ns = max(low_ns, _instants(asked[f"timestamp.{name}"])[0] + after)
    for name, before in (("lte", 0), ("lt", 1)):
        if f"timestamp.{name}" in asked:
            high_ns = min(high_ns, _instants(asked[f"timestamp.{name}"])[0] - before)
    return Window(low_ns, high_ns, asked.get("order", "desc") == "asc")


def _instants(text: str) -> tuple[int, int]:
    """Return the first and last ns that a date, or a number of ns, means."""
    if text.isdecimal():
        return int(text), int(text)
    low, high = new_york_day_ns(date.fromisoformat(text))
    return low, high - 1
