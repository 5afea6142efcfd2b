"""Bars for levels: made from rows of prices, folded, cut, mirrored, and walked at random."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

import msgspec
import numpy as np

from operators.bars.columns import Bars, Interval
from operators.levels.history import LevelHistory
from operators.levels.level import Level
from operators.levels.session_levels import INTERVALS, SessionLevels
from operators.sessions import SessionCalendar, SessionDay
from operators.times import MINUTE_NS

Row = tuple[int, float, float, float, float, float]
"""Minute of the regular session (negative: pre-market), open, high, low, close, volume."""

NAN = float("nan")
LENGTHS = {Interval.M5: 5, Interval.M60: 60}


def minute_bars(day: SessionDay, rows: Sequence[Row], vwap: Sequence[float] | None = None) -> Bars:
    """One-minute bars of a day."""
    minute, opened, high, low, close, volume = (np.array([row[i] for row in rows]) for i in range(6))
    starts = day.open_ns + minute.astype(np.int64) * MINUTE_NS
    phases = np.where(starts < day.open_ns, 1, np.where(starts < day.close_ns, 2, 3)).astype(np.uint8)
    known = np.full(len(rows), NAN) if vwap is None else np.array(vwap)
    zeros = np.zeros(len(rows), dtype=np.int64)
    ends = starts + MINUTE_NS
    return Bars(starts, ends, opened, high, low, close, volume.astype(np.float64), known, zeros, phases, zeros)


def fold(minutes: Bars, day: SessionDay, length: int) -> Bars:
    """Regular minutes as longer bars, counted from the open; a bar ends with its slot, or at the close."""
    inside = minutes.take((minutes.start_ns >= day.open_ns) & (minutes.start_ns < day.close_ns))
    slots = (inside.start_ns - day.open_ns) // (length * MINUTE_NS)
    pieces = []
    for slot in sorted(set(slots.tolist())):
        piece = inside.take(slots == slot)
        start_ns = day.open_ns + slot * length * MINUTE_NS
        pieces.append(_one(piece, start_ns, min(start_ns + length * MINUTE_NS, day.close_ns)))
    return Bars.concat(pieces)


def daily(minutes: Bars, day: SessionDay) -> Bars:
    """The regular session as one bar."""
    inside = minutes.take((minutes.start_ns >= day.open_ns) & (minutes.start_ns < day.close_ns))
    return _one(inside, day.open_ns, day.close_ns) if len(inside) else Bars.empty()


def _one(piece: Bars, start_ns: int, end_ns: int) -> Bars:
    first, last = piece.take(slice(0, 1)), piece.take(slice(-1, None))
    return msgspec.structs.replace(
        first,
        start_ns=np.array([start_ns]),
        end_ns=np.array([end_ns]),
        high=np.array([piece.high.max()]),
        low=np.array([piece.low.min()]),
        close=last.close,
        volume=np.array([sum(piece.volume.tolist())]),
    )


@dataclass(frozen=True)
class World:
    """All bars of a symbol, before, in and after the session asked about."""

    calendar: SessionCalendar
    day: SessionDay
    bars: dict[Interval, Bars]
    tick: float = 0.01

    def history(self) -> LevelHistory:
        """Everything, also what is still to come: the levels must cut for themselves."""
        return LevelHistory(*(self.bars[each] for each in (Interval.D1, Interval.M1, Interval.M5, Interval.M60)))

    def prepare(self) -> SessionLevels:
        """Levels before the session's first bar."""
        return SessionLevels.prepare(self.day, self.calendar, self.history(), self.tick)

    def whole(self) -> SessionLevels:
        """Levels with every bar taken in at once."""
        levels = self.prepare()
        for interval in INTERVALS:
            levels.extend(interval, self.bars[interval])
        return levels

    def at(self, as_of_ns: int, price: float | None = None) -> tuple[Level, ...]:
        """The levels as of an instant, asked of everything."""
        return self.whole().levels_at(as_of_ns, price)

    def between(self, after_ns: int, until_ns: int) -> "World":
        """Only the bars that end in (after, until]."""
        return self.changed(lambda bars: bars.take((bars.end_ns > after_ns) & (bars.end_ns <= until_ns)))

    def changed(self, change: Callable[[Bars], Bars]) -> "World":
        """The same with every column of bars changed."""
        return replace(self, bars={interval: change(bars) for interval, bars in self.bars.items()})


def made_world(calendar: SessionCalendar, day: SessionDay, rows: Mapping[SessionDay, Sequence[Row]]) -> World:
    """A world from one-minute rows per day."""
    minutes = {each: minute_bars(each, rows[each]) for each in sorted(rows, key=lambda each: each.open_ns)}
    bars = {Interval.M1: Bars.concat(list(minutes.values()))}
    bars[Interval.D1] = Bars.concat([daily(each, on) for on, each in minutes.items()])
    for interval, length in LENGTHS.items():
        bars[interval] = Bars.concat([fold(each, on, length) for on, each in minutes.items()])
    return World(calendar, day, bars)


def days_around(calendar: SessionCalendar, day: SessionDay, before: int, after: int = 0) -> list[SessionDay]:
    """A session with so many before and after it."""
    index = calendar.days.index(day)
    return list(calendar.days[index - before : index + after + 1])


def walk(random: Random, day: SessionDay, start: int, *, busy: float, step: int, tick: float) -> list[Row]:
    """A random walk on ticks, pre-market minutes included; a minute has a bar with probability `busy`."""
    rows: list[Row] = []
    at = start
    for minute in range(-30, (day.close_ns - day.open_ns) // MINUTE_NS):
        if random.random() < busy:
            path = [at, *(max(1, at + random.randint(-step, step)) for _ in range(3))]
            at = path[-1]
            prices = (path[0], max(path), min(path), path[-1])
            open_, high, low, close = (round(price * tick, 9) for price in prices)
            rows.append((minute, open_, high, low, close, random.uniform(1, 1_000)))
    return rows
