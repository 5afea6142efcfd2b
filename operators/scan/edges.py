"""When a signal is fresh.  Rule: a detector's firing is a signal if it has not fired at any of the bars just before.

A setup that stays true is one signal, and one that flickers on and off is one too: it must have been false for
`quiet` bars in a row.  Bars of intraday intervals count within their session; each session begins quiet.
"""

from collections.abc import Sequence
from typing import Any, Final, Self

import numpy as np

from operators.bars.columns import Interval, Ints, Mask
from operators.indicators.values import runs
from operators.scan.features.rolling import highest

QUIET: Final = {Interval.M1: 15, Interval.M5: 6, Interval.D1: 1}
"""Bars: a quarter of an hour for a scalp, half an hour for an intraday idea, a session for daily ones."""


class Edges:
    """What one detector did at its last bars: shape (2, `quiet`), long and short."""

    __slots__ = ("_busy", "_last", "_quiet", "_session")

    def __init__(self, interval: Interval) -> None:
        self._quiet = QUIET[interval]
        self._last: Mask = np.zeros((2, self._quiet), dtype=np.bool_)
        self._busy = False
        self._session: int | None = None

    def extend(self, fired: Mask | None, sessions: Ints | None, size: int) -> Mask | None:
        """Return where `fired`, shape (2, bars), is fresh.  None: nowhere, in and out.

        `sessions`: each bar's session, ascending; None: bars follow one another whatever their session.
        """
        if fired is None:
            self._calm(size, sessions)
            return None
        fresh = np.zeros_like(fired)
        for start, stop in _spans(sessions, size):
            if sessions is not None and sessions[start] != self._session:
                self._last, self._session = np.zeros((2, self._quiet), dtype=np.bool_), int(sessions[start])
            joined = np.concatenate((self._last, fired[:, start:stop]), axis=1)
            fresh[:, start:stop] = fired[:, start:stop] & ~highest(joined[:, :-1], self._quiet, np.logical_or)
            self._last = joined[:, stop - start :]
        self._busy = True
        return fresh

    def _calm(self, size: int, sessions: Ints | None) -> None:
        if sessions is not None and sessions[-1] != self._session:
            self._session = int(sessions[-1])
            if self._busy:
                self._last, self._busy = np.zeros_like(self._last), False
        elif self._busy:
            self._last = np.concatenate((self._last, np.zeros((2, size), dtype=np.bool_)), axis=1)[:, size:]
            self._busy = bool(self._last.any())

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state."""
        return self._session, tuple(self._last.ravel().tolist())

    @classmethod
    def from_plain(cls, interval: Interval, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        own = cls(interval)
        own._session, last = plain
        own._last = np.array(last, dtype=np.bool_).reshape(2, -1)
        own._busy = True in last
        return own


def _spans(sessions: Ints | None, size: int) -> list[tuple[int, int]]:
    """Return [start, stop) of each session's bars; all bars as one without sessions."""
    if sessions is None:
        return [(0, size)]
    return [(start, stop) for _, start, stop in runs(sessions)]
