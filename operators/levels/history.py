"""What is known of a symbol before a session.  Rule: a bar that ends after its first instant is no history."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from operators.bars.columns import Bars
from operators.plans import SessionPhase
from operators.sessions import PHASE_CODES, SessionDay

REGULAR: Final = PHASE_CODES.index(SessionPhase.REGULAR)


@dataclass(frozen=True, slots=True)
class LevelHistory:
    """Bars of earlier days, splits already applied; any of them may be empty, and its levels are then absent.

    `daily`: 1d, two weeks of sessions for the prior week, a year for swings; `minutes`: 1m of the prior session at
    least; `five`, `sixty`: 5m and 60m of the last sessions.
    """

    daily: Bars
    minutes: Bars
    five: Bars
    sixty: Bars

    @classmethod
    def empty(cls) -> Self:
        """Return no history: a new listing, or a run without stored bars."""
        return cls(*(Bars.empty() for _ in range(4)))

    def before(self, at_ns: int) -> "LevelHistory":
        """Keep the bars that ended at or before an instant; of 5m and 60m the regular ones."""
        return LevelHistory(
            ended(self.daily, at_ns),
            ended(self.minutes, at_ns),
            regular(ended(self.five, at_ns)),
            regular(ended(self.sixty, at_ns)),
        )


def ended(bars: Bars, at_ns: int) -> Bars:
    """Return the bars that ended at or before an instant."""
    return bars.take(slice(int(np.searchsorted(bars.end_ns, at_ns, side="right"))))


def regular(bars: Bars) -> Bars:
    """Return the bars that start in a regular session."""
    return bars.take(bars.phase == REGULAR)


def regular_of(bars: Bars, day: SessionDay | None) -> Bars:
    """Return the bars of a day's regular session; none without a day."""
    if day is None:
        return Bars.empty()
    first, last = np.searchsorted(bars.start_ns, (day.open_ns, day.close_ns)).tolist()
    return regular(bars.take(slice(first, last)))


def traded(bars: Bars) -> Bars:
    """Return the bars with volume."""
    with_volume = bars.volume > 0
    return bars if with_volume.all() else bars.take(with_volume)
