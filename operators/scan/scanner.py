"""The scanner of one symbol.  Rule: a candidate is a bar at which a detector fires afresh (see `edges.py`).

A piece holds every interval's bars that ended since the last piece and up to some instant; which instants those are
changes nothing.  A candidate is known at its bar's end, for daily ones the close of the session.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

import numpy as np

from operators.bars.columns import Bars, Interval
from operators.plans import Direction
from operators.scan.candidate import Candidate
from operators.scan.detectors.catalog import DETECTORS, at
from operators.scan.detectors.detector import Detector, Firing, Gate, Gated, gated, known, share_met
from operators.scan.edges import Edges
from operators.scan.features.clock import SessionClock
from operators.scan.features.columns import Features
from operators.scan.features.daily import DailyBuilder
from operators.scan.features.intraday import IntradayBuilder

DIRECTIONS: Final = (Direction.LONG, Direction.SHORT)
"""By row of a both-sided column."""
INTERVALS: Final = (Interval.M1, Interval.M5, Interval.M60, Interval.D1)
"""What a piece may hold; other intervals are not read."""

DETECTORS_AT: Final = {interval: at(interval) for interval in INTERVALS}
_NO_BARS: Final = Bars.empty()


class SymbolScan:
    """The state of one symbol's scan: its features so far, and what the detectors did at their last bars."""

    __slots__ = ("_clock", "_daily", "_edges", "_intraday", "symbol")

    def __init__(self, symbol: str, clock: SessionClock) -> None:
        self.symbol = symbol
        self._clock = clock
        self._intraday, self._daily = IntradayBuilder(clock), DailyBuilder(clock)
        self._edges = {detector.strategy: Edges(detector.interval) for detector in DETECTORS}

    def extend(self, piece: Mapping[Interval, Bars]) -> list[Candidate]:
        """Return the candidates of a piece's bars in time order; ties by strategy, then direction."""
        found: list[Candidate] = []
        days, hours = piece.get(Interval.D1, _NO_BARS), piece.get(Interval.M60, _NO_BARS)
        if len(hours):
            self._daily.hours(hours)
        if len(days):
            found += self._detect(Interval.D1, self._daily.extend(days))
        fives, minutes = piece.get(Interval.M5, _NO_BARS), piece.get(Interval.M1, _NO_BARS)
        if len(fives) or len(minutes):
            minute, five = self._intraday.extend(minutes, fives, self._daily.days)
            found += self._detect(Interval.M1, minute)
            found += self._detect(Interval.M5, five)
        return sorted(found, key=_order)

    def warm_up(self, history: Mapping[Interval, Bars]) -> None:
        """Take bars of the past, all of them before the first piece: as `extend`, but nothing is proposed."""
        self.extend(history)

    def _detect(self, interval: Interval, features: Features) -> list[Candidate]:
        if not len(features):
            return []
        found: list[Candidate] = []
        sides = features.both_sides()
        sessions = None if interval is Interval.D1 else features.session
        gates: Gated | None = None
        read: Sequence[Gate] | None = None
        for detector in DETECTORS_AT[interval]:
            if gates is None or read is not detector.gates:
                gates, read = gated(detector.gates, sides), detector.gates
            firing = detector.fired(sides, gates)
            edges = self._edges[detector.strategy]
            fresh = edges.extend(None if firing is None else firing.mask, sessions, len(features))
            if firing is not None and fresh is not None:
                found += [self._candidate(detector, firing, features, *each) for each in np.argwhere(fresh).tolist()]
        return found

    def _candidate(
        self, detector: Detector[Any], firing: Firing, features: Features, side: int, index: int
    ) -> Candidate:
        read = firing.conditions(side, index)
        row = features.row(index)
        return Candidate(
            symbol=self.symbol,
            strategy=detector.strategy,
            style=detector.style,
            direction=DIRECTIONS[side],
            at_ns=features.end_ns.item(index),
            session_date=self._clock.dates[features.session.item(index)],
            reference_price=row["close"],
            atr=row[detector.atr],
            conditions=read,
            confidence=share_met(read),
            features=tuple((name, known(value)) for name, value in row.items()),
        )

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state; equal states are equal."""
        edges = tuple((strategy, each.to_plain()) for strategy, each in sorted(self._edges.items()))
        return self.symbol, self._intraday.to_plain(), self._daily.to_plain(), edges

    @classmethod
    def from_plain(cls, clock: SessionClock, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        symbol, intraday, daily, edges = plain
        own = cls(symbol, clock)
        own._intraday = IntradayBuilder.from_plain(clock, intraday)
        own._daily = DailyBuilder.from_plain(clock, daily)
        known = dict(edges)
        own._edges = {each.strategy: Edges.from_plain(each.interval, known[each.strategy]) for each in DETECTORS}
        return own


def _order(candidate: Candidate) -> tuple[int, str, str]:
    return candidate.at_ns, candidate.strategy, candidate.direction
