"""Prints of a symbol that are known to be lost, for whoever looks back over them.

Rule: a loss counts for questions from its telling on, and as long as the levels of a prior week may look over it.
"""

from datetime import date
from typing import Any, Self

from operators.data_gaps import NO_GAPS, DataGap, DataGaps
from operators.levels.prior_days import week_before
from operators.sessions import new_york


class LostPrints:
    """What was told of gaps.  Snapshot-ready."""

    def __init__(self) -> None:
        self._gaps = NO_GAPS

    def tell(self, gap: DataGap) -> None:
        """Take note; questions of earlier instants may still come."""
        self._gaps = self._gaps.told(gap)

    def before(self, at_ns: int, day: date) -> DataGap | None:
        """Return what a question of an instant (ns UTC) in a session must say, if anything; instants never go back."""
        self._gaps = self._gaps.by(at_ns)
        lost = self._gaps.lost
        return None if lost is None or new_york(lost.end_ns).date() < week_before(day) else lost

    def to_plain(self) -> tuple[Any, ...]:
        """Write everything as plain values."""
        return self._gaps.to_plain()

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> Self:
        """Undo `to_plain`."""
        own = cls()
        own._gaps = DataGaps.from_plain(plain)
        return own
