"""Average true range within sessions (Wilder).  Rule: a session's first bar counts its own range, not the night's gap.

The gap of a night is many times a minute's range; counted, it would double every distance of the first half hour.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final, Self

import numpy as np

from operators.bars.columns import Bars, Floats
from operators.indicators.seeded_mean import SeededMean
from operators.scan.features.positive import above_zero
from operators.scan.features.ragged import Ragged

PERIOD: Final = 14
"""Wilder, New Concepts in Technical Trading Systems, 1978."""


class SessionAtr:
    """Goes on from session to session; NaN before `PERIOD` bars, and where no bar has moved."""

    __slots__ = ("close", "mean", "session")

    def __init__(self) -> None:
        self.mean = SeededMean.wilder(PERIOD)
        self.session, self.close = -1, 0.0

    @staticmethod
    def extend(owners: "Sequence[SessionAtr]", ragged: Ragged, bars: Bars, sessions: Sequence[int]) -> Floats:
        """Return the average at each of the owners' next bars, dollars.  `sessions`: the session of each owner's."""
        before = np.concatenate((bars.close[:1], bars.close[:-1]))
        firsts, lasts = ragged.starts[:-1], bars.close[ragged.starts[1:] - 1].tolist()
        opens = bars.open[firsts].tolist()
        before[firsts] = [
            own.close if session == own.session else open_
            for own, session, open_ in zip(owners, sessions, opens, strict=True)
        ]
        ranges = (np.maximum(bars.high, before) - np.minimum(bars.low, before)).tolist()
        found: list[float] = []
        for number, (start, stop) in enumerate(pairwise(ragged.starts.tolist())):
            own = owners[number]
            own.session, own.close = sessions[number], lasts[number]
            found += own.mean.extend(ranges[start:stop])
        return above_zero(np.array(found))

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state."""
        return self.mean.to_plain(), self.session, self.close

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        own = cls()
        mean, own.session, own.close = plain
        own.mean = SeededMean.from_plain(mean)
        return own
