"""Prints of a symbol that are known to be lost, for whoever looks back over them.

Rule: a loss counts for questions from its telling on, and as long as the levels of a prior week may look over it.
"""

from datetime import date
from typing import Any, Self

from msgspec.structs import astuple

from operators.data_gaps import NO_GAPS, DataGap, DataGaps
from operators.levels.prior_days import week_before
from operators.sessions import new_york


class LostPrints:
    """What was told of gaps.  Snapshot-ready."""

    def __init__(self) -> None:
        self._standing, self._ahead = NO_GAPS, tuple[DataGap, ...]()

    def tell(self, gap: DataGap) -> None:
        """Take note; questions of earlier instants may still come."""
        self._ahead = (*self._ahead, gap)

    def before(self, at_ns: int, day: date) -> DataGap | None:
        """Return what a question of an instant (ns UTC) in a session must say, if anything; instants never go back."""
        while self._ahead and self._ahead[0].at_ns <= at_ns:
            self._standing = self._standing.after(self._ahead[0])
            self._ahead = self._ahead[1:]
        lost = self._standing.lost
        return None if lost is None or new_york(lost.end_ns).date() < week_before(day) else lost

    def to_plain(self) -> tuple[Any, ...]:
        """Write everything as plain values."""
        return self._standing.to_plain(), tuple(map(astuple, self._ahead))

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> Self:
        """Undo `to_plain`."""
        standing, ahead = plain
        own = cls()
        own._standing, own._ahead = DataGaps.from_plain(standing), tuple(DataGap(*each) for each in ahead)
        return own
