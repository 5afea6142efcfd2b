"""The part of a session's levels that no bar of the session changes.  Made once per symbol and session."""

from operator import attrgetter
from typing import Any, Final, NamedTuple, Self

from operators.levels.gap_edges import least_gap
from operators.levels.history import LevelHistory, regular_of
from operators.levels.level import Level, LevelKind
from operators.levels.prior_days import Period, prior_day, prior_marks, prior_week, session_before, typical_range
from operators.levels.prior_session import Anchor, anchors, profile_marks
from operators.levels.strengths import grade
from operators.levels.volume_sums import Sums
from operators.sessions import SessionCalendar, SessionDay

ORDER: Final = attrgetter("price", "kind", "since_ns")
"""Levels stand by price, then kind, then age."""


class Inherited(NamedTuple):
    """`levels` in order; `prior`: the prior day; `least_gap`: dollars; `anchors`: sums up to the prior close."""

    levels: tuple[Level, ...]
    prior: Period | None
    least_gap: float
    anchors: tuple[Anchor, ...]

    def to_plain(self) -> tuple[Any, ...]:
        """Write as plain tuples."""
        marks = tuple((level.price, str(level.kind), level.since_ns, level.available_at_ns) for level in self.levels)
        held = tuple((str(kind), since_ns, tuple(sums)) for kind, since_ns, sums in self.anchors)
        return marks, None if self.prior is None else tuple(self.prior), self.least_gap, held

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> Self:
        """Undo `to_plain`."""
        marks, prior, least, held = plain
        levels = grade((price, LevelKind(kind), *times) for price, kind, *times in marks)
        return cls(
            tuple(levels),
            None if prior is None else Period(*prior),
            least,
            tuple((LevelKind(kind), since_ns, Sums(*sums)) for kind, since_ns, sums in held),
        )


def inherit(day: SessionDay, calendar: SessionCalendar, history: LevelHistory, tick: float) -> Inherited:
    """Compute all that history gives a session; `history` must be cut to what ended before it."""
    prior = prior_day(history.daily, calendar, day)
    minutes = regular_of(history.minutes, None if prior is None else session_before(calendar, day))
    marks = [
        *prior_marks(prior, prior_week(history.daily, calendar, day)),
        *profile_marks(minutes, tick),
    ]
    levels = tuple(sorted(grade(marks), key=ORDER))
    return Inherited(levels, prior, least_gap(typical_range(history.daily), tick), anchors(minutes))
