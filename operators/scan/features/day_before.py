"""What intraday features know of days before.  Rule: "prior" is the calendar's session before, never an older one."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from operators.bars.columns import Floats, Ints


class DayBefore(NamedTuple):
    """The prior session's close, high, low and the daily average true range as of its close, dollars; NaN unknown."""

    close: float
    high: float
    low: float
    atr: float


UNKNOWN: Final = DayBefore(*[float("nan")] * 4)


class DaysBefore:
    """Daily rows that a piece may ask for: the piece's own, and the last one before."""

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows: dict[int, DayBefore] = {}

    def extend(self, sessions: Ints, close: Floats, high: Floats, low: Floats, atr: Floats) -> None:
        """Take the daily rows of a piece.  `sessions`: their positions in the clock, ascending."""
        if not len(sessions):
            return
        columns = (column.tolist() for column in (close, high, low, atr))
        rows = [DayBefore(*row) for row in zip(*columns, strict=True)]
        last = list(self._rows.items())[-1:]
        self._rows = dict(last) | dict(zip(sessions.tolist(), rows, strict=True))

    def before(self, session: int) -> DayBefore:
        """Return the day before a session."""
        return self._rows.get(session - 1, UNKNOWN)

    def to_plain(self) -> tuple[Any, ...]:
        """Write the last row: earlier ones are never asked for again."""
        return tuple((session, *row) for session, row in list(self._rows.items())[-1:])

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> "DaysBefore":
        """Undo `to_plain`."""
        own = cls()
        own._rows = {session: DayBefore(*row) for session, *row in plain}
        return own
