"""The 60-minute average true range that swings are measured in.  Rule: as of a session's last 60-minute bar."""

from collections.abc import Sequence
from typing import Any, Final, Self

import numpy as np

from operators.bars.columns import Bars, Floats, Ints
from operators.indicators.atr import Atr
from operators.scan.features.clock import SessionClock, regular
from operators.scan.features.positive import above_zero

WILDER: Final = 14


class HourlyAtr:
    """Wilder's average over 60-minute bars, nights included: a swing holds through them.

    Remembers each session's last value of the piece, and the one before.
    """

    __slots__ = ("_atr", "_by_session", "_clock")

    def __init__(self, clock: SessionClock) -> None:
        self._clock = clock
        self._atr = Atr(WILDER)
        self._by_session: dict[int, float] = {}

    def extend(self, hours: Bars) -> None:
        """Take new 60-minute bars; other phases than the regular one are passed over."""
        hours = regular(hours)
        if not len(hours):
            return
        values = above_zero(self._atr.extend(hours.high, hours.low, hours.close))
        last = dict(list(self._by_session.items())[-1:])
        self._by_session = last | {run.session: float(values[run.stop - 1]) for run in self._clock.runs(hours.start_ns)}

    def at(self, sessions: Ints) -> Floats:
        """Return the average at the end of each session, dollars; NaN for a session without 60-minute bars."""
        return np.array([self._by_session.get(session, np.nan) for session in sessions.tolist()])

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state."""
        return self._atr.to_plain(), tuple(list(self._by_session.items())[-1:])

    @classmethod
    def from_plain(cls, clock: SessionClock, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        own = cls(clock)
        atr, rows = plain
        own._atr, own._by_session = Atr.from_plain(atr), dict(rows)
        return own
