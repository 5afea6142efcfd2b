"""All levels of one symbol in one session, as of any instant.

Rule 1: a level at T comes from bars that ended at or before T, however many more are here already.
Rule 2: how the bars were cut into pieces changes nothing; each is used as it stood at its end.
Rule 3: after `from_plain` the instants before the snapshot's last bar are refused, never answered from later bars.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, Self

from operators.bars.columns import Bars, Interval
from operators.levels.average_marks import anchored_marks, vwap_marks
from operators.levels.developing_profile import DevelopingProfile
from operators.levels.gap_edges import Opening, gap_marks
from operators.levels.high_low import HighLow
from operators.levels.history import LevelHistory, traded
from operators.levels.inherited import ORDER, Inherited, inherit
from operators.levels.level import Level, LevelKind, Mark
from operators.levels.opening_ranges import opening_range_marks
from operators.levels.round_numbers import round_numbers
from operators.levels.strengths import grade
from operators.levels.swings import SWING_RULES, Swings, seeded
from operators.levels.volume_profile import VolumeProfile
from operators.levels.volume_sums import VolumeSums
from operators.sessions import SessionCalendar, SessionDay

LAYOUT: Final = 2
"""Version of `SessionLevels.to_plain`; raise it when its shape or meaning changes."""

INTERVALS: Final = (Interval.M1, Interval.M5, Interval.M60, Interval.D1)

Edges = tuple[int, int, int]
"""Pre-market open, regular open and regular close of a session in ns UTC."""

_SESSION: Final = (LevelKind.SESSION_HIGH, LevelKind.SESSION_LOW)
_PREMARKET: Final = (LevelKind.PREMARKET_HIGH, LevelKind.PREMARKET_LOW)


class SessionLevels:
    """Prepared from history, then fed with the session's bars.  `tick` in dollars."""

    def __init__(self, edges_ns: Edges, tick: float, inherited: Inherited, swings: Sequence[Swings]) -> None:
        self._pre_ns, self._open_ns, self._close_ns = edges_ns
        self._tick = tick
        self._inherited = inherited
        self._swings = dict(zip(SWING_RULES, swings, strict=True))
        self._session, self._premarket = HighLow(), HighLow()
        self._opening: Opening | None = None
        self._sums = VolumeSums()
        self._profile = DevelopingProfile(VolumeProfile(tick))
        self._pending: dict[Interval, list[Bars]] = {interval: [] for interval in INTERVALS}
        self._last_ns = dict.fromkeys(INTERVALS, self._pre_ns)
        self._answers_from_ns = self._pre_ns

    @classmethod
    def prepare(cls, day: SessionDay, calendar: SessionCalendar, history: LevelHistory, tick: float) -> Self:
        """Compute what history gives, once per symbol and session.  `tick`: the symbol's price step in dollars.

        Bars that end after the pre-market open are ignored.  Raises ValueError for a tick that is none.
        """
        if not 0 < tick < float("inf"):
            msg = f"tick: got {tick}; must be dollars above 0"
            raise ValueError(msg)
        past = history.before(day.pre_ns)
        turning = {Interval.M5: past.five, Interval.M60: past.sixty, Interval.D1: past.daily}
        swings = [seeded(interval, turning[interval]) for interval in SWING_RULES]
        edges_ns = day.pre_ns, day.open_ns, day.close_ns
        return cls(edges_ns, tick, inherit(day, calendar, past, tick), swings)

    def extend(self, interval: Interval, bars: Bars) -> None:
        """Take new 1m, 5m, 60m or 1d bars of the session in; what lies outside pre-market and regular hours is ignored.

        Raises ValueError for another interval, and for a bar that starts before the last one ended.
        """
        if interval not in INTERVALS:
            msg = f"levels are made of {', '.join(INTERVALS)} bars of the session; got {interval}"
            raise ValueError(msg)
        pre, closed = bars.start_ns.searchsorted((self._pre_ns, self._close_ns)).tolist()
        if pre == closed:
            return
        if bars.start_ns[pre] < self._last_ns[interval]:
            msg = f"{interval} bars go back: {bars.start_ns[pre]} starts before {self._last_ns[interval]}, the last end"
            raise ValueError(msg)
        self._last_ns[interval] = int(bars.end_ns[closed - 1])
        self._pending[interval].append(bars if closed - pre == len(bars) else bars.take(slice(pre, closed)))

    def _absorb(self) -> None:
        """Work through what `extend` left: once, when somebody asks."""
        for interval, pieces in self._pending.items():
            if pieces:
                bars = pieces[0] if len(pieces) == 1 else Bars.concat(pieces)
                pieces.clear()
                opened = int(bars.start_ns.searchsorted(self._open_ns))
                regular = bars.take(slice(opened, None)) if opened else bars
                if interval is Interval.M1:
                    self._premarket.extend(bars.take(slice(opened)))
                    self._absorb_minutes(regular)
                else:
                    self._swings[interval].extend(regular)

    def _absorb_minutes(self, regular: Bars) -> None:
        if not len(regular):
            return
        if self._opening is None:
            self._opening = Opening(float(regular.open[0]), int(regular.start_ns[0]), int(regular.end_ns[0]))
        self._session.extend(regular)
        with_volume = traded(regular)
        self._sums.extend(with_volume)
        self._profile.extend(with_volume)

    def levels_at(self, as_of_ns: int, price: float | None) -> tuple[Level, ...]:
        """Return all levels known at an instant, ordered by price, kind and age; round numbers are those near `price`.

        Without a price there are no round numbers, and the levels of mirrored bars are the mirror image.

        Every bar that ended at or before the instant must have been taken in.  Raises ValueError for an instant
        before the session's pre-market, or before the snapshot that this value was made from.
        """
        if as_of_ns < self._answers_from_ns:
            msg = f"levels as of {as_of_ns} are not known here: answers begin at {self._answers_from_ns}"
            raise ValueError(msg)
        self._absorb()
        today = grade(self._marks(as_of_ns, price))
        return tuple(sorted((*self._inherited.levels, *today), key=ORDER))

    def _marks(self, as_of_ns: int, price: float | None) -> Iterator[Mark]:
        inherited, sums = self._inherited, self._sums.at(as_of_ns)
        yield from self._session.marks(*_SESSION, as_of_ns)
        yield from self._premarket.marks(*_PREMARKET, as_of_ns)
        yield from opening_range_marks(self._session, self._open_ns, as_of_ns)
        yield from gap_marks(inherited.prior, self._opening, inherited.least_gap, as_of_ns)
        yield from vwap_marks(sums, self._open_ns, self._tick)
        yield from anchored_marks(inherited.anchors, sums)
        yield from self._profile.marks(as_of_ns, self._open_ns)
        for swings in self._swings.values():
            yield from swings.marks(as_of_ns)
        for each in () if price is None else round_numbers(price, self._tick):
            yield each, LevelKind.ROUND, self._pre_ns, self._pre_ns

    def to_plain(self) -> tuple[Any, ...]:
        """Write what later bars need as plain tuples; instants before the last bar can then no longer be asked for."""
        self._absorb()
        ranges = (self._session.to_plain(), self._premarket.to_plain())
        swings = tuple(each.to_plain() for each in self._swings.values())
        parts = (self._inherited.to_plain(), swings, *ranges, self._sums.to_plain(), self._profile.to_plain())
        opening = None if self._opening is None else tuple(self._opening)
        last_ns = tuple(self._last_ns[interval] for interval in INTERVALS)
        edges_ns = (self._pre_ns, self._open_ns, self._close_ns)
        return LAYOUT, edges_ns, self._tick, opening, last_ns, parts

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> Self:
        """Undo `to_plain`.  Raises ValueError for another layout."""
        if plain[0] != LAYOUT:
            msg = f"levels were written in layout {plain[0]}; this version reads {LAYOUT}"
            raise ValueError(msg)
        _, edges_ns, tick, opening, last_ns, (inherited, turns, *ranges, sums, profile) = plain
        swings = [Swings.from_plain(interval, each) for interval, each in zip(SWING_RULES, turns, strict=True)]
        levels = cls(edges_ns, tick, Inherited.from_plain(inherited), swings)
        levels._opening = None if opening is None else Opening(*opening)
        levels._last_ns = dict(zip(INTERVALS, last_ns, strict=True))
        levels._answers_from_ns = max(last_ns)
        levels._session, levels._premarket = (HighLow.from_plain(each) for each in ranges)
        levels._sums, levels._profile = VolumeSums.from_plain(sums), DevelopingProfile.from_plain(profile)
        return levels
