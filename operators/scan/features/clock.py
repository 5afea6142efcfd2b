"""Which session a bar belongs to.  Rule: bars are cut into runs of one session each, whatever the pieces."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date
from typing import Final, Self

import msgspec
import numpy as np

from operators.bars.columns import Bars, Ints
from operators.plans import SessionPhase
from operators.sessions import PHASE_CODES, SessionCalendar

REGULAR: Final = PHASE_CODES.index(SessionPhase.REGULAR)


class Run(msgspec.Struct, frozen=True, gc=False):
    """Bars of one session within a piece, [start, stop), with the session's edges in ns UTC."""

    session: int
    start: int
    stop: int
    open_ns: int
    close_ns: int


@dataclass(frozen=True, slots=True)
class SessionClock:
    """Regular opens and closes of the calendar's sessions, ns UTC ascending; a session is its position in them."""

    opens_ns: tuple[int, ...]
    closes_ns: tuple[int, ...]
    dates: tuple[date, ...]

    @classmethod
    def of(cls, calendar: SessionCalendar) -> Self:
        """Read a calendar's regular sessions."""
        return cls(calendar.opens_ns, calendar.closes_ns, tuple(day.date for day in calendar.days))

    def runs(self, start_ns: Ints) -> list[Run]:
        """Cut regular bars, given by their starts, ns UTC, where their session changes."""
        found: list[Run] = []
        start, size = 0, len(start_ns)
        while start < size:
            session = bisect_right(self.opens_ns, start_ns.item(start)) - 1
            open_ns, close_ns = self.opens_ns[session], self.closes_ns[session]
            whole = start_ns.item(-1) < close_ns
            stop = size if whole else int(np.searchsorted(start_ns, close_ns))
            found.append(Run(session, start, stop, open_ns, close_ns))
            start = stop
        return found

    def sessions_ended(self, bars: Bars) -> Ints:
        """Return the session that each daily bar is of: the last that opened before its end."""
        ends = bars.end_ns.tolist()
        return np.array([bisect_left(self.opens_ns, end_ns) - 1 for end_ns in ends], dtype=np.int64)


def regular(bars: Bars) -> Bars:
    """Return the bars of the regular session."""
    inside = bars.phase == REGULAR
    return bars if inside.all() else bars.take(inside)
