"""The scanner.  Rule: a candidate is a bar at which a detector fires afresh (see `edges.py`).

A piece holds every interval's bars of a symbol that ended since its last piece and up to some instant; which instants
those are changes nothing.  A candidate is known at its bar's end, for daily ones the close of the session.

Features are a symbol's own; detectors read bars one by one, so those of many symbols are read in one go.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Self

import numpy as np

from operators.bars.columns import Bars, Interval
from operators.plans import Direction
from operators.scan.candidate import Candidate
from operators.scan.detectors.catalog import DETECTORS, at
from operators.scan.detectors.detector import Detector, Firing, Gate, Gated, conditions, gated, known, share_met
from operators.scan.edges import Edges
from operators.scan.features.clock import SessionClock
from operators.scan.features.columns import Features
from operators.scan.features.daily import DailyBuilder
from operators.scan.features.intraday import IntradayBuilder

DIRECTIONS: Final = (Direction.LONG, Direction.SHORT)
"""By row of a both-sided column."""
INTERVALS: Final = (Interval.M1, Interval.M5, Interval.M60, Interval.D1)
"""What a piece may hold; other intervals are not read."""

Piece = Mapping[Interval, Bars]

_NO_BARS: Final = Bars.empty()
_DETECTORS_AT: Final = {interval: at(interval) for interval in (Interval.D1, Interval.M1, Interval.M5)}
_INTERVAL_OF: Final = {detector.strategy: detector.interval for detector in DETECTORS}


class SymbolScan:
    """The state of one symbol's scan: its features so far, and the detectors that fired at their last bars."""

    __slots__ = ("_daily", "_intraday", "clock", "edges", "symbol")

    def __init__(self, symbol: str, clock: SessionClock) -> None:
        self.symbol, self.clock = symbol, clock
        self._intraday, self._daily = IntradayBuilder(clock), DailyBuilder(clock)
        self.edges: dict[str, Edges] = {}

    def extend(self, piece: Piece) -> list[Candidate]:
        """Return the candidates of a piece's bars in time order; ties by strategy, then direction."""
        return scan([self], [piece])[0]

    def warm_up(self, history: Piece) -> None:
        """Take bars of the past, all of them before the first piece: as `extend`, but nothing is proposed."""
        self.extend(history)

    def features(self, piece: Piece) -> dict[Interval, Features]:
        """Take a piece's bars in; return the features at their ends, by interval."""
        days, hours = piece.get(Interval.D1, _NO_BARS), piece.get(Interval.M60, _NO_BARS)
        fives, minutes = piece.get(Interval.M5, _NO_BARS), piece.get(Interval.M1, _NO_BARS)
        found: dict[Interval, Features] = {}
        if len(hours):
            self._daily.hours(hours)
        if len(days):
            found[Interval.D1] = self._daily.extend(days)
        if len(fives) or len(minutes):
            found[Interval.M1], found[Interval.M5] = self._intraday.extend(minutes, fives, self._daily.days)
        return found

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state; equal states are equal."""
        edges = tuple((strategy, each.to_plain()) for strategy, each in sorted(self.edges.items()))
        return self.symbol, self._intraday.to_plain(), self._daily.to_plain(), edges

    @classmethod
    def from_plain(cls, clock: SessionClock, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        symbol, intraday, daily, edges = plain
        own = cls(symbol, clock)
        own._intraday = IntradayBuilder.from_plain(clock, intraday)
        own._daily = DailyBuilder.from_plain(clock, daily)
        own.edges = {strategy: Edges.from_plain(_INTERVAL_OF[strategy], each) for strategy, each in edges}
        return own


def scan(scans: Sequence[SymbolScan], pieces: Sequence[Piece]) -> list[list[Candidate]]:
    """Return each symbol's candidates of its piece, as `SymbolScan.extend` of each would, but sooner."""
    features = [each.features(piece) for each, piece in zip(scans, pieces, strict=True)]
    found: list[list[Candidate]] = [[] for _ in scans]
    for interval, detectors in _DETECTORS_AT.items():
        parts = [(number, own[interval]) for number, own in enumerate(features) if len(own.get(interval, ()))]
        if parts:
            owners = [scans[number] for number, _ in parts]
            for part, candidate in _detect(detectors, owners, [own for _, own in parts]):
                found[parts[part][0]].append(candidate)
    return [sorted(each, key=_order) for each in found]


def _order(candidate: Candidate) -> tuple[int, str, str]:
    return candidate.at_ns, candidate.strategy, candidate.direction


def _detect(
    detectors: Sequence[Detector[Any]], owners: Sequence[SymbolScan], parts: Sequence[Features]
) -> Iterator[tuple[int, Candidate]]:
    """Read all parts, one per owner, with all detectors; give each candidate with the number of its part."""
    whole = parts[0].followed_by(parts[1:])
    sides = whole.both_sides()
    read: Sequence[Gate] | None = None
    gates: Gated | None = None
    for detector in detectors:
        if gates is None or read is not detector.gates:
            gates, read = gated(detector.gates, sides), detector.gates
        firing = detector.fired(sides, gates.tradable)
        for part, side, place in _fresh(detector, firing, owners, parts):
            if firing is not None:
                yield part, _candidate(owners[part], detector, firing, gates, whole, side, place)


def _fresh(
    detector: Detector[Any], firing: Firing | None, owners: Sequence[SymbolScan], parts: Sequence[Features]
) -> Iterator[tuple[int, int, int]]:
    """Give part, side and place in the firing of each fresh signal, and keep every owner's edges."""
    starts = np.cumsum([0] + [len(part) for part in parts])
    edges_of = np.searchsorted(firing.at, starts) if firing is not None else np.zeros(len(starts), dtype=np.int64)
    for part, owner in enumerate(owners):
        first, stop = int(edges_of[part]), int(edges_of[part + 1])
        if first == stop and detector.strategy not in owner.edges:
            continue
        fired = np.zeros((2, len(parts[part])), dtype=np.bool_)
        bars = firing.at[first:stop] - starts[part] if firing is not None else np.empty(0, dtype=np.int64)
        if firing is not None:
            fired[:, bars] = firing.mask[:, first:stop]
        edges = owner.edges.setdefault(detector.strategy, Edges(detector.interval))
        fresh = edges.extend(fired, parts[part].session)[:, bars]
        if edges.calm:
            del owner.edges[detector.strategy]
        for side, place in np.argwhere(fresh).tolist():
            yield part, side, first + place


def _candidate(
    owner: SymbolScan, detector: Detector[Any], firing: Firing, gates: Gated, whole: Features, side: int, place: int
) -> Candidate:
    index = firing.at.item(place)
    row = whole.row(index)
    read = conditions(firing.readings, side, place) + conditions(gates.readings, side, index)
    return Candidate(
        symbol=owner.symbol,
        strategy=detector.strategy,
        style=detector.style,
        direction=DIRECTIONS[side],
        at_ns=whole.end_ns.item(index),
        session_date=owner.clock.dates[whole.session.item(index)],
        reference_price=row["close"],
        atr=row[detector.atr],
        conditions=read,
        confidence=share_met(read),
        features=tuple((name, known(value)) for name, value in row.items()),
    )
