"""All longer bars of a symbol at once, each folded from the next shorter: 1m, 5m, 15m, 60m, 1d, 1w."""

from typing import Any, Final

from operators.bars.columns import Bars, Interval
from operators.bars.fold import Folder, bars_of_rows, rows_of_bars
from operators.sessions import SessionCalendar

RUNGS: Final = (Interval.M5, Interval.M15, Interval.M60, Interval.D1, Interval.W1)


class FoldLadder:
    """Folds a symbol's minutes, as first closed, into every longer interval."""

    def __init__(self, calendar: SessionCalendar) -> None:
        self._folders = {interval: Folder(interval, calendar) for interval in RUNGS}

    def extend(self, minutes: Bars, now_ns: int) -> dict[Interval, Bars]:
        """Take the symbol's next minutes; return, per longer interval, what became known by `now_ns`, its tape time."""
        found: dict[Interval, Bars] = {}
        rows = rows_of_bars(minutes)
        for interval, folder in self._folders.items():
            rows = folder.extend_rows(rows, now_ns)
            found[interval] = bars_of_rows(rows)
        return found

    def load_days(self, days: Bars, now_ns: int) -> Bars:
        """Take the daily bars of sessions before the first minute, as history has them; return the weeks they make.

        The last week goes on with the days that are built.
        """
        return self._folders[Interval.W1].extend(days, now_ns)

    def to_plain(self) -> tuple[Any, ...]:
        """Write what is held of each interval as plain values."""
        return tuple(folder.to_plain() for folder in self._folders.values())

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...], calendar: SessionCalendar) -> "FoldLadder":
        """Undo `to_plain`."""
        ladder = cls(calendar)
        for interval, held in zip(RUNGS, plain, strict=True):
            ladder._folders[interval] = Folder(interval, calendar, None if held is None else tuple(held))
        return ladder
