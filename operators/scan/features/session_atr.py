"""Average true range within sessions (Wilder).  Rule: a session's first bar counts its own range, not the night's gap.

The gap of a night is many times a minute's range; counted, it would double every distance of the first half hour.
"""

from collections.abc import Sequence
from typing import Any, Final, Self

import numpy as np

from operators.bars.columns import Bars, Floats
from operators.indicators.seeded_mean import SeededMean
from operators.scan.features.positive import above_zero

PERIOD: Final = 14
"""Wilder, New Concepts in Technical Trading Systems, 1978."""


class SessionAtr:
    """Goes on from session to session; NaN before `PERIOD` bars, and where no bar has moved."""

    __slots__ = ("_close", "_mean", "_session")

    def __init__(self) -> None:
        self._mean = SeededMean.wilder(PERIOD)
        self._session, self._close = -1, 0.0

    def extend(self, bars: Bars, session: int) -> Floats:
        """Return the average at each of the session's next bars, dollars."""
        first = self._close if session == self._session else float(bars.open[0])
        before = np.concatenate(((first,), bars.close[:-1]))
        ranges = np.maximum(bars.high, before) - np.minimum(bars.low, before)
        self._session, self._close = session, float(bars.close[-1])
        return above_zero(np.array(self._mean.extend(ranges.tolist())))

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state."""
        return self._mean.to_plain(), self._session, self._close

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        own = cls()
        mean, own._session, own._close = plain
        own._mean = SeededMean.from_plain(mean)
        return own
