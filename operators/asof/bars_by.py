"""Bars as they stood at an instant, from prints.  Rule: only those that had ended, as late prints had left them."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from operators.asof.values import KnownBar
from operators.bars.columns import Bars, Interval
from operators.bars.symbol_bars import SymbolBars
from operators.frames import TickFrame, by_symbol
from operators.sessions import SessionCalendar, new_york_day_ns

DAYS_BACK: Final = {Interval.D1: 5, Interval.W1: 10}
"""How many sessions before the last one are asked for when nobody says since when."""


def bars_by(
    frames: Iterable[TickFrame], calendar: SessionCalendar, interval: Interval, since_ns: int, as_of_ns: int
) -> tuple[KnownBar, ...]:
    """Build the bars of one symbol that start at or after `since_ns` and ended by `as_of_ns`, ns UTC.

    `frames`: tagged, in tape order, of all prints in between, sizes with them.
    """
    builder, known = SymbolBars(calendar), dict[int, KnownBar]()
    for frame in frames:
        for _, prints in by_symbol(frame):
            piece = builder.extend(prints.summed, prints.end_ns)
            _note(known, piece.bars.get(interval), None)
            if interval is Interval.M1:
                _note(known, piece.revised.bars, piece.revised.at_ns.tolist())
    _note(known, builder.extend(None, as_of_ns).bars.get(interval), None)
    return tuple(known[start] for start in sorted(known) if start >= since_ns)


def usual_since_ns(calendar: SessionCalendar, interval: Interval, as_of_ns: int) -> int:
    """Return from when on bars are given when nobody says: the session that has begun last, days before for days."""
    begun = int(calendar.edges_ns[::4].searchsorted(as_of_ns, side="right")) - 1
    return calendar.days[max(0, begun - DAYS_BACK.get(interval, 0))].pre_ns


def last_opened(calendar: SessionCalendar, as_of_ns: int) -> tuple[date, int]:
    """Return the date of the session that opened last, and its New York midnight in ns UTC."""
    opened = max(0, int(calendar.edges_ns[1::4].searchsorted(as_of_ns, side="right")) - 1)
    day = calendar.days[opened].date
    return day, new_york_day_ns(day)[0]


def _note(known: dict[int, KnownBar], bars: Bars | None, at_ns: list[int] | None) -> None:
    for place in range(0 if bars is None else len(bars)):
        bar = bars.row(place)  # type: ignore[union-attr]
        known[bar.start_ns] = KnownBar(bar, bar.end_ns if at_ns is None else at_ns[place])
