"""All bars of one symbol, of every interval, from prints or clock marks.  Rule: a piece holds what ended by then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from operators.bars.build import MinuteBuilder
from operators.bars.columns import NO_BARS, Bars, Interval
from operators.bars.ladder import FoldLadder
from operators.bars.revising import NO_REVISIONS, Revisions
from operators.bars.splits import Split
from operators.bars.summing import SummedPrints
from operators.sessions import SessionCalendar

NOTHING: Final[Mapping[Interval, Bars]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class BarPiece:
    """What a piece of tape gave: bars that ended by `now_ns` (ns UTC), per interval, and minutes that were revised."""

    now_ns: int
    bars: Mapping[Interval, Bars] = field(default_factory=lambda: NOTHING)
    revised: Revisions = NO_REVISIONS


class SymbolBars:
    """Builds minutes and folds them.  Snapshot-ready."""

    def __init__(self, calendar: SessionCalendar) -> None:
        self._calendar = calendar
        self._minutes, self._ladder = MinuteBuilder(), FoldLadder(calendar)

    def load_days(self, days: Bars, now_ns: int) -> Bars:
        """Take the daily bars before the first print; return the weeks they make."""
        return self._ladder.load_days(days, now_ns)

    def cross(self, splits: Sequence[Split]) -> None:
        """Know of the splits to come, oldest first."""
        self._ladder.cross(splits)

    def extend(self, summed: SummedPrints | None, now_ns: int) -> BarPiece:
        """Take the symbol's next prints, if any, and let its tape time reach `now_ns`."""
        closed, revised = NO_BARS, NO_REVISIONS
        if summed is not None:
            built = self._minutes.extend(summed)
            closed, revised = built.closed, built.revised
        last = self._minutes.close_until(now_ns)
        if len(last):
            closed = Bars.concat([closed, last]) if len(closed) else last
        now_ns = self._minutes.now_ns
        folded = self._ladder.extend(closed, now_ns)
        bars = {Interval.M1: closed, **folded}
        return BarPiece(now_ns, {interval: each for interval, each in bars.items() if len(each)}, revised)

    def to_plain(self) -> tuple[Any, ...]:
        """Write everything as plain values."""
        return self._minutes.to_plain(), self._ladder.to_plain()

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...], calendar: SessionCalendar) -> "SymbolBars":
        """Undo `to_plain`."""
        own = cls(calendar)
        own._minutes, own._ladder = MinuteBuilder.from_plain(plain[0]), FoldLadder.from_plain(plain[1], calendar)
        return own
