"""Prints made up for tests of bars, and the bars that a plain loop makes of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isnan, nan

import numpy as np
from hypothesis import strategies as st

from operators.bars.build import Built, MinuteBuilder
from operators.bars.columns import Bars
from operators.bars.prints import Prints, rights
from operators.bars.summing import sum_prints
from operators.conditions import Flag, flags_of
from operators.sessions import PHASE_CODES
from operators.times import MINUTE_NS, SECOND_NS, parse_instant

OPEN_NS = parse_instant("2013-10-08T09:30:00-04:00")
PRE_NS = parse_instant("2013-10-08T04:00:00-04:00")

REGULAR = int(flags_of([]))
ODD_LOT = int(flags_of([37]))
FORM_T = int(flags_of([12]))
DERIVATIVE = int(flags_of([10]))
CLOSING = int(flags_of([38]))
LATE = int(Flag.LATE)
CORRECTED = 0
UNKNOWN = int(Flag.UNKNOWN_CONDITION)


@dataclass(frozen=True)
class Print:
    """One print."""

    at_ns: int
    price: float = 100.0
    size: float = 100.0
    flags: int = REGULAR
    phase: int = 2
    behind: int = 0


def columns(prints: Sequence[Print]) -> Prints:
    return Prints(
        np.array([p.at_ns for p in prints], dtype=np.int64),
        np.array([p.price for p in prints], dtype=np.float64),
        np.array([p.size for p in prints], dtype=np.float64),
        np.array([p.flags for p in prints], dtype=np.uint8),
        np.array([p.phase for p in prints], dtype=np.uint8),
        np.array([p.behind for p in prints], dtype=np.uint16),
    )


def feed(builder: MinuteBuilder, prints: Sequence[Print]) -> Built:
    """Give one symbol's prints to its builder in one piece."""
    pieces = [piece for _, piece in sum_prints(columns(prints), np.zeros(len(prints), dtype=np.uint16))]
    return builder.extend(pieces[0]) if pieces else Built()


def plain(bars: Bars) -> list[tuple[bytes, ...]]:
    """Each bar as the bytes of its fields."""
    return [tuple(column[index].tobytes() for column in bars.columns()) for index in range(len(bars))]


# Made once: making a strategy costs more than drawing from it.
STARTS = st.sampled_from((OPEN_NS, OPEN_NS - 2 * MINUTE_NS))
COUNTS = st.integers(0, 40)
STEPS = st.sampled_from((0, 1, 20 * SECOND_NS, 59 * SECOND_NS, 3 * MINUTE_NS))
STEPS_BACK = st.sampled_from((0, 0, 0, 0, 0, 0, 0, 70 * SECOND_NS))
LATENESS = st.sampled_from((0, 0, 0, LATE))
PRICES = st.sampled_from((99.99, 100.0, 100.01, 100.1, 100.3333))
SIZES = st.sampled_from((100.0, 0.1, 0.2, 0.7, 1 / 3, 0.0))
RIGHTS = st.sampled_from((REGULAR, REGULAR, ODD_LOT, FORM_T, DERIVATIVE, CLOSING, CORRECTED))
BEHIND = st.sampled_from((0, 0, 1, 2, 5))


@st.composite
def tapes(draw: st.DrawFn) -> list[Print]:
    """Some minutes of a symbol's tape: odd sums, every right, late prints, now and then a step back in time."""
    at_ns = draw(STARTS)
    prints = []
    for _ in range(draw(COUNTS)):
        at_ns += draw(STEPS)
        sip_ns = at_ns - draw(STEPS_BACK)
        late = draw(LATENESS)
        prints.append(
            Print(
                sip_ns,
                price=draw(PRICES),
                size=draw(SIZES),
                flags=draw(RIGHTS) | late,
                phase=2 if sip_ns >= OPEN_NS else 1,
                behind=draw(BEHIND),
            )
        )
    return [p if p.flags != LATE else Print(p.at_ns, flags=CORRECTED, phase=p.phase) for p in prints]


class PlainLoop:
    """The same rules, one print at a time, nothing else in common."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.minutes: dict[int, list[float]] = {}
        self.revision: dict[int, int] = {}
        self.phase: dict[int, int] = {}
        self.closed: list[tuple[float, ...]] = []
        self.revised: list[tuple[float, ...]] = []

    def take(self, p: Print) -> None:
        """Take one print."""
        self._reach(p.at_ns)
        own = p.at_ns // MINUTE_NS - (p.behind if p.flags & LATE else 0)
        if own < self.now_ns // MINUTE_NS:
            self._revise(own, p)
            return
        may = rights(p.flags, PHASE_CODES[p.phase])
        row = self.minutes.setdefault(own, [nan, -inf, inf, nan, 0.0, 0.0, 0])
        if may & Flag.LAST:
            if isnan(row[0]):
                row[0], self.phase[own] = p.price, p.phase
            row[3] = p.price
        _add(row, p, may)

    def _reach(self, at_ns: int) -> None:
        self.now_ns = max(self.now_ns, at_ns)
        for minute in sorted(self.minutes):
            if minute < self.now_ns // MINUTE_NS and minute not in self.revision:
                self.revision[minute] = 0
                if not isnan(self.minutes[minute][0]):
                    self.closed.append(self._row(minute))

    def _revise(self, minute: int, p: Print) -> None:
        row = self.minutes.get(minute)
        if row is None or isnan(row[0]):
            return
        before = list(row)
        _add(row, p, rights(p.flags, PHASE_CODES[self.phase[minute]]))
        if row != before:
            self.revision[minute] += 1
            self.revised.append((self.now_ns, *self._row(minute)))

    def _row(self, minute: int) -> tuple[float, ...]:
        open_, high, low, close, volume, notional, trades = self.minutes[minute]
        vwap = notional / volume if volume else nan
        times = minute * MINUTE_NS, (minute + 1) * MINUTE_NS
        return (*times, open_, high, low, close, volume, vwap, trades, self.phase[minute], self.revision[minute])


def _add(row: list[float], p: Print, may: int) -> None:
    if may & Flag.HIGH_LOW:
        row[1], row[2] = max(row[1], p.price), min(row[2], p.price)
    if may & Flag.VOLUME:
        row[4] += p.size
        row[5] += p.price * p.size
        row[6] += 1
