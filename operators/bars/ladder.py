"""All longer bars of a symbol at once, each folded from the next shorter: 1m, 5m, 15m, 60m, 1d, 1w."""

from collections.abc import Sequence
from typing import Any, Final

from operators.bars.columns import NO_BARS, Bars, Interval
from operators.bars.crossing import Crossings
from operators.bars.fold import Folder, Row, bars_of_rows, rows_of_bars
from operators.bars.splits import Split
from operators.sessions import SessionCalendar

RUNGS: Final = (Interval.M5, Interval.M15, Interval.M60, Interval.D1, Interval.W1)


class FoldLadder:
    """Folds a symbol's minutes, as first closed, into every longer interval.

    A week over an ex-date is told in the shares of its last day; no other bar reaches over one.
    """

    def __init__(self, calendar: SessionCalendar) -> None:
        self._crossings = Crossings()
        self.folders = {interval: Folder(interval, calendar) for interval in RUNGS}

    def extend(self, minutes: Bars, now_ns: int) -> dict[Interval, Bars]:
        """Take the symbol's next minutes; return, per longer interval, what became known by `now_ns`, its tape time."""
        if not len(minutes) and not self._due(now_ns):
            return dict.fromkeys(RUNGS, NO_BARS)
        found: dict[Interval, Bars] = {}
        rows = rows_of_bars(minutes)
        for interval, folder in self.folders.items():
            if interval is not Interval.W1:
                rows = folder.extend_rows(rows, now_ns)
                found[interval] = bars_of_rows(rows)
        found[Interval.W1] = self.extend_weeks(found[Interval.D1], now_ns)
        return found

    def _due(self, now_ns: int) -> bool:
        """Whether time alone makes a longer bar known by `now_ns`."""
        return any(each.held is not None and each.held[1] <= now_ns for each in self.folders.values())

    def extend_weeks(self, days: Bars, now_ns: int) -> Bars:
        """Take the symbol's next days; return the weeks that became known by `now_ns`."""
        return bars_of_rows(self._weeks(days, now_ns))

    def cross(self, splits: Sequence[Split]) -> None:
        """Know of the splits to come, oldest first."""
        self._crossings = Crossings(splits)

    def _weeks(self, days: Bars, now_ns: int) -> list[Row]:
        folder, weeks = self.folders[Interval.W1], list[Row]()
        for part in self._crossings.parts({Interval.D1: days}):
            for split in part.crossed:
                folder.retell(split)
            rows = rows_of_bars(part.bars.get(Interval.D1, NO_BARS))
            weeks += folder.extend_rows(rows, min(now_ns, part.until_ns))
        return weeks

    def load_days(self, days: Bars, now_ns: int) -> Bars:
        """Take the daily bars of sessions before the first minute, as history has them; return the weeks they make.

        The last week goes on with the days that are built.
        """
        return self.folders[Interval.W1].extend(days, now_ns)

    def to_plain(self) -> tuple[Any, ...]:
        """Write what is held of each interval, and the splits to come, as plain values."""
        return tuple(folder.to_plain() for folder in self.folders.values()), self._crossings.to_plain()

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...], calendar: SessionCalendar) -> "FoldLadder":
        """Undo `to_plain`."""
        ladder = cls(calendar)
        folded, crossings = plain
        ladder._crossings = Crossings.from_plain(crossings)
        for interval, held in zip(RUNGS, folded, strict=True):
            ladder.folders[interval] = Folder(interval, calendar, None if held is None else tuple(held))
        return ladder
