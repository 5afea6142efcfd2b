"""Relative volume by minute of day.  Rule: today's shares so far over the mean shares so far, at the same minute.

The mean is over the last sessions that were complete before today, at most `sessions` of them; one that had closed by
that minute (a half day) does not count there.  Not available without such a session, nor where their mean is 0.
"""

from collections.abc import Sequence
from typing import Any, Final, Self

import numpy as np

from operators.indicators.values import NOT_AVAILABLE, Floats, Ints, at_least, runs

REGULAR_MINUTES: Final = 390


class RelativeVolume:
    """Volume so far today as a multiple of the usual; a minute without a bar adds nothing.

    Available at a minute once `minimum` sessions of history reach that far; a session without any bar is none.
    """

    __slots__ = ("_day", "_history", "_minimum", "_session", "_sessions", "_total", "_usual")

    def __init__(self, sessions: int = 20, minimum: int = 1) -> None:
        self._sessions, self._minimum = at_least("sessions", sessions, 1), at_least("minimum", minimum, 1)
        self._history: tuple[tuple[float, ...], ...] = ()
        self._session: int | None = None
        self._day = np.empty(0)
        self._total = 0.0
        self._usual = np.empty(0)

    def extend(self, session: Ints, minute: Ints, volume: Floats, minutes: int | Ints = REGULAR_MINUTES) -> Floats:
        """Return the relative volume at each new bar.

        `session`: any number that names the bar's session.  `minute`: whole minutes from the regular open to the bar's
        start, ascending in a session, each once.  `volume`: shares.  `minutes`: how long the session is (210 on a half
        day).  Raises ValueError for a minute outside its session.
        """
        columns = [np.empty(0)]
        for number, start, end in runs(session):
            length = int(minutes if isinstance(minutes, int) else minutes[start])
            columns.append(self.in_session(number, minute[start:end], volume[start:end], length))
        return columns[1] if len(columns) == 2 else np.concatenate(columns)

    def in_session(self, session: int, minute: Ints, volume: Floats, minutes: int) -> Floats:
        """`extend` for bars of one session, at least one."""
        if session != self._session:
            self._roll(session, minutes)
        return self._extend_day(minute, volume)

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state as plain nested tuples; the history's rows are shared, not copied."""
        today = self._session, tuple(self._day.tolist()), self._total
        return self._sessions, self._minimum, self._history, today

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`; lists do as well as tuples."""
        relative = cls(*plain[:2])
        relative._history = tuple(tuple(row) for row in plain[2])
        relative._session, day, relative._total = plain[3]
        relative._day = np.array(day, dtype=np.float64)
        relative._usual = _usual(relative._history, len(day), relative._minimum)
        return relative

    def _roll(self, number: int, minutes: int) -> None:
        """Begin a session: the one before it becomes history."""
        if self._session is not None:
            row = tuple(np.cumsum(self._day).tolist())
            self._history = (*self._history, row)[-self._sessions :]
        self._usual = _usual(self._history, minutes, self._minimum)
        self._session, self._day, self._total = number, np.zeros(minutes), 0.0

    def _extend_day(self, minute: Ints, volume: Floats) -> Floats:
        if minute[0] < 0 or minute[-1] >= len(self._day):
            msg = f"minutes {minute[0]} to {minute[-1]} of a session; must be 0 to {len(self._day) - 1}"
            raise ValueError(msg)
        self._day[minute] = volume
        so_far = np.cumsum(np.concatenate(((self._total,), volume)))[1:]
        self._total = float(so_far[-1])
        multiple: Floats = so_far / self._usual[minute]
        return multiple


def _usual(history: tuple[tuple[float, ...], ...], minutes: int, minimum: int) -> Floats:
    """Return the mean shares so far at each minute, NaN where it says nothing."""
    total, counted = np.zeros(minutes), np.zeros(minutes)
    for row in history:
        reach = min(len(row), minutes)
        total[:reach] += row[:reach]
        counted[:reach] += 1.0
    mean: Floats = total / np.maximum(counted, 1.0)
    mean[(counted < minimum) | (total <= 0.0)] = NOT_AVAILABLE
    return mean
