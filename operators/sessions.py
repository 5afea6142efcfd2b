"""Trading sessions, New York time, half-open: pre [04:00, open), regular [open, close), post [close, post end).

The calendar is data, handed in; no holiday is written here.  Outside the days it covers, it refuses to answer.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Final, Self
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from operators.plans import SessionPhase
from operators.times import SECOND_NS, iso

TIME_ZONE: Final = "America/New_York"
PHASE_CODES: Final = (SessionPhase.CLOSED, SessionPhase.PRE, SessionPhase.REGULAR, SessionPhase.POST)
"""A phase's position is its code in columns."""

_ZONE: Final = ZoneInfo(TIME_ZONE)
_EDGES_PER_DAY: Final = 4


class SessionRangeError(ValueError):
    """The instant or day is not covered by the calendar that was handed in."""


@dataclass(frozen=True, slots=True)
class SessionDay:
    """One trading day: its New York date and its four edges in ns UTC, ascending."""

    date: date
    pre_ns: int
    open_ns: int
    close_ns: int
    post_end_ns: int

    def __post_init__(self) -> None:
        """Refuse a day whose edges do not ascend."""
        if not self.pre_ns <= self.open_ns < self.close_ns <= self.post_end_ns:
            msg = f"session {self.date}: pre, open, close and post end must ascend"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class SessionBlock:
    """The market's clock at an instant, as every response shows it.  Times in ns UTC; `banner` is for people.

    `as_of_ns` is the instant itself while open, else the last regular close at or before it.
    """

    status: str
    phase: SessionPhase
    session_date: date
    as_of_ns: int
    next_open_ns: int
    next_close_ns: int
    tz: str
    banner: str

    def to_json(self) -> dict[str, str]:
        """Write the block with RFC 3339 instants."""
        return {
            "status": self.status,
            "phase": str(self.phase),
            "session_date": self.session_date.isoformat(),
            "as_of": iso(self.as_of_ns),
            "next_open": iso(self.next_open_ns),
            "next_close": iso(self.next_close_ns),
            "tz": self.tz,
            "banner": self.banner,
        }


@dataclass(frozen=True)
class SessionCalendar:
    """Trading days in order.  Answers for instants from the first day's close to the last day's open."""

    days: tuple[SessionDay, ...]
    edges_ns: npt.NDArray[np.int64]
    opens_ns: tuple[int, ...]
    closes_ns: tuple[int, ...]

    @classmethod
    def of(cls, days: Sequence[SessionDay]) -> Self:
        """Build a calendar from trading days in ascending order."""
        edges = [edge for day in days for edge in (day.pre_ns, day.open_ns, day.close_ns, day.post_end_ns)]
        if not days or edges != sorted(edges):
            msg = "a session calendar needs trading days in ascending order that do not overlap"
            raise ValueError(msg)
        opens, closes = tuple(day.open_ns for day in days), tuple(day.close_ns for day in days)
        return cls(tuple(days), np.array(edges, dtype=np.int64), opens, closes)

    def phase(self, at_ns: int) -> SessionPhase:
        """Return the phase at an instant; the close itself is already post."""
        return PHASE_CODES[self.edges_before(at_ns) % _EDGES_PER_DAY]

    def edges_before(self, at_ns: int) -> int:
        """Return how many edges have come by an instant; between two edges nothing changes but the instant."""
        self._check(at_ns, at_ns)
        return bisect_right(self._edges, at_ns)

    def phase_codes(self, sip_ns: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """Return the phase code of each instant; cheapest where they ascend."""
        if not len(sip_ns):
            return np.empty(0, dtype=np.uint8)
        first, last = int(sip_ns.min()), int(sip_ns.max())
        self._check(first, last)
        low, high = (int(np.searchsorted(self.edges_ns, at, side="right")) for at in (first, last))
        if low == high:
            return np.full(len(sip_ns), low % _EDGES_PER_DAY, dtype=np.uint8)
        codes = np.full(len(sip_ns), low, dtype=np.int64)
        if high - low <= _EDGES_PER_DAY:
            for edge in self.edges_ns[low:high]:
                codes += sip_ns >= edge
        else:
            codes = np.searchsorted(self.edges_ns, sip_ns, side="right")
        return (codes % _EDGES_PER_DAY).astype(np.uint8)

    def close_after(self, at_ns: int) -> int:
        """Return the first regular close later than an instant, ns UTC."""
        return self._after(self.closes_ns, at_ns)

    def open_after(self, at_ns: int) -> int:
        """Return the first regular open later than an instant, ns UTC."""
        return self._after(self.opens_ns, at_ns)

    def day_on_or_after(self, day: date) -> SessionDay:
        """Return the first trading day at or after a New York date."""
        index = bisect_right(self.days, day - timedelta(days=1), key=lambda each: each.date)
        if index == len(self.days):
            msg = f"{day} lies after the calendar's last session {self.days[-1].date}"
            raise SessionRangeError(msg)
        return self.days[index]

    def block(self, at_ns: int) -> SessionBlock:
        """Return the session block of an instant."""
        phase = self.phase(at_ns)
        last = bisect_right(self.closes_ns, at_ns) - 1
        if last < 0:
            msg = f"{iso(at_ns)} lies before the calendar's first close {iso(self.closes_ns[0])}"
            raise SessionRangeError(msg)
        day = self.days[last if phase in (SessionPhase.CLOSED, SessionPhase.POST) else last + 1]
        is_open = phase is SessionPhase.REGULAR
        next_open, next_close = self.open_after(at_ns), self.close_after(at_ns)
        return SessionBlock(
            status="open" if is_open else "closed",
            phase=phase,
            session_date=day.date,
            as_of_ns=at_ns if is_open else self.closes_ns[last],
            next_open_ns=next_open,
            next_close_ns=next_close,
            tz=TIME_ZONE,
            banner=_banner(phase, self.closes_ns[last], next_open, next_close),
        )

    def _check(self, first_ns: int, last_ns: int) -> None:
        """Refuse instants that the calendar says nothing of: a trading day it does not hold is not a closed one."""
        low, high = self._covered
        if not low <= first_ns <= last_ns < high:
            days = f"{self.days[0].date} to {self.days[-1].date}"
            msg = f"{iso(first_ns if first_ns < low else last_ns)} lies outside the calendar, {days}"
            raise SessionRangeError(msg)

    @cached_property
    def _edges(self) -> tuple[int, ...]:
        """Plain numbers: for one instant, an array takes ten times as long."""
        return tuple(self.edges_ns.tolist())

    @cached_property
    def _covered(self) -> tuple[int, int]:
        return new_york_day_ns(self.days[0].date)[0], new_york_day_ns(self.days[-1].date)[1]

    def _after(self, instants: tuple[int, ...], at_ns: int) -> int:
        index = bisect_right(instants, at_ns)
        if index == len(instants):
            msg = f"{iso(at_ns)} lies after the calendar's last session {self.days[-1].date}"
            raise SessionRangeError(msg)
        return instants[index]


def new_york(at_ns: int) -> datetime:
    """Return an instant as New York wall time, whole seconds."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return (epoch + timedelta(seconds=at_ns // SECOND_NS)).astimezone(_ZONE)


def new_york_day_ns(day: date) -> tuple[int, int]:
    """Return [midnight, next midnight) of a New York date in ns UTC; 23 or 25 hours when clocks change."""
    return new_york_midnight_ns(day), new_york_midnight_ns(day + timedelta(days=1))


def new_york_midnight_ns(day: date) -> int:
    """Return the beginning of a New York date in ns UTC."""
    return int(datetime(day.year, day.month, day.day, tzinfo=_ZONE).timestamp()) * SECOND_NS


@lru_cache(maxsize=64)
def _banner(phase: SessionPhase, last_close: int, next_open: int, next_close: int) -> str:
    clock, day_clock = "%H:%M ET", "%a %Y-%m-%d %H:%M ET"
    match phase:
        case SessionPhase.REGULAR:
            return f"Regular session until {new_york(next_close):{clock}}"
        case SessionPhase.PRE:
            return f"Pre-market, opens {new_york(next_open):{clock}}"
        case SessionPhase.POST:
            return f"After hours, closed {new_york(last_close):{clock}}"
        case SessionPhase.CLOSED:
            return f"Market closed, opens {new_york(next_open):{day_clock}}"
