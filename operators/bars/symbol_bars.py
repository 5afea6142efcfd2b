"""All bars of one symbol, of every interval, from prints or clock marks.  Rule: a piece holds what ended by then."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec

from operators.bars.build import MinuteBuilder
from operators.bars.columns import Bars, Interval
from operators.bars.folding_together import extend_ladders
from operators.bars.ladder import FoldLadder
from operators.bars.minutes_together import News, minutes_together
from operators.bars.revising import NO_REVISIONS, Revisions
from operators.bars.splits import Split
from operators.bars.summing import SummedPrints
from operators.sessions import SessionCalendar

NOTHING: Final[Mapping[Interval, Bars]] = MappingProxyType({})


class BarPiece(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What a piece of tape gave: bars that ended by `now_ns` (ns UTC), per interval, and minutes that were revised."""

    now_ns: int
    bars: Mapping[Interval, Bars] = msgspec.field(default_factory=lambda: NOTHING)
    revised: Revisions = NO_REVISIONS


class SymbolBars:
    """Builds minutes and folds them.  Snapshot-ready.

    `whole_from_ns`: bars that start before are of a session that is known in part, ns UTC; see `scan.whole_sessions`.
    """

    def __init__(self, calendar: SessionCalendar, whole_from_ns: int = 0) -> None:
        self.calendar, self.whole_from_ns = calendar, whole_from_ns
        self.minutes, self.ladder = MinuteBuilder(), FoldLadder(calendar)

    def load_days(self, days: Bars, now_ns: int) -> Bars:
        """Take the daily bars before the first print; return the weeks they make."""
        return self.ladder.load_days(days, now_ns)

    def cross(self, splits: Sequence[Split]) -> None:
        """Know of the splits to come, oldest first."""
        self.ladder.cross(splits)

    def extend(self, summed: SummedPrints | None, now_ns: int) -> BarPiece:
        """Take the symbol's next prints, if any, and let its tape time reach `now_ns`."""
        return extend_together([self], [(summed, now_ns)])[0]

    def of_whole_sessions(self, bars: Mapping[Interval, Bars]) -> Mapping[Interval, Bars]:
        """Return those of a piece's bars that a scan may look at."""
        if not self.whole_from_ns:
            return bars
        return _some({interval: each.take(each.start_ns >= self.whole_from_ns) for interval, each in bars.items()})

    @property
    def now_ns(self) -> int:
        """The symbol's tape time, ns UTC."""
        return self.minutes.now_ns

    def to_plain(self) -> tuple[Any, ...]:
        """Write everything as plain values."""
        return self.minutes.to_plain(), self.ladder.to_plain(), self.whole_from_ns

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...], calendar: SessionCalendar) -> "SymbolBars":
        """Undo `to_plain`, also of what was written when all sessions counted as whole."""
        minutes, ladder, *whole_from_ns = plain
        own = cls(calendar, *whole_from_ns)
        own.minutes, own.ladder = MinuteBuilder.from_plain(minutes), FoldLadder.from_plain(ladder, calendar)
        return own


def extend_together(symbols: Sequence[SymbolBars], news: Sequence[News]) -> list[BarPiece]:
    """Return what `SymbolBars.extend` of each symbol would give, but sooner.  All follow one calendar."""
    if not symbols:
        return []
    built = minutes_together([own.minutes for own in symbols], news)
    times, closed = [own.now_ns for own in symbols], [each.closed for each in built]
    folded = extend_ladders([own.ladder for own in symbols], closed, times, symbols[0].calendar)
    return [
        BarPiece(now_ns, _some({Interval.M1: each.closed, **longer}), each.revised)
        for now_ns, each, longer in zip(times, built, folded, strict=True)
    ]


def _some(bars: Mapping[Interval, Bars]) -> Mapping[Interval, Bars]:
    return {interval: each for interval, each in bars.items() if len(each)}
