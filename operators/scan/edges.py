"""When a signal is fresh.  Rule: a detector's firing is a signal if it has not fired at any of the bars just before.

A setup that stays true is one signal, and one that flickers on and off is one too: it must have been false for
`QUIET` bars in a row.  Bars of intraday intervals count within their session; each session begins quiet.
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
    """What one detector did at its last bars: shape (2, quiet), long and short.  One that is calm may be forgotten."""

    __slots__ = ("_daily", "_last", "_quiet", "_session")

    def __init__(self, interval: Interval) -> None:
        self._quiet, self._daily = QUIET[interval], interval is Interval.D1
        self._last: Mask = np.zeros((2, self._quiet), dtype=np.bool_)
        self._session: int | None = None

    @property
    def calm(self) -> bool:
        """Whether it fired at none of the last bars."""
        return not self._last.any()

    def extend(self, fired: Mask, sessions: Ints) -> Mask:
        """Return where `fired`, shape (2, bars), is fresh.  `sessions`: each bar's session, ascending."""
        fresh = np.zeros_like(fired)
        for start, stop in self._spans(sessions):
            if not self._daily and sessions[start] != self._session:
                self._last, self._session = np.zeros_like(self._last), int(sessions[start])
            joined = np.concatenate((self._last, fired[:, start:stop]), axis=1)
            fresh[:, start:stop] = fired[:, start:stop] & ~highest(joined[:, :-1], self._quiet, np.logical_or)
            self._last = joined[:, stop - start :]
        return fresh

    def _spans(self, sessions: Ints) -> list[tuple[int, int]]:
        """[start, stop) of the bars that follow one another."""
        if self._daily:
            return [(0, len(sessions))]
        return [(start, stop) for _, start, stop in runs(sessions)]

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state."""
        return self._session, tuple(self._last.ravel().tolist())

    @classmethod
    def from_plain(cls, interval: Interval, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        own = cls(interval)
        own._session, last = plain
        own._last = np.array(last, dtype=np.bool_).reshape(2, -1)
        return own
