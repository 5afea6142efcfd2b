"""The scanner.  Rule: a candidate is a bar at which a detector fires afresh (see `edges.py`).

A piece holds every interval's bars of a symbol that ended since its last piece and up to some instant; which instants
those are changes nothing.  A candidate is known at its bar's end, for daily ones the close of the session.

Features are a symbol's own; detectors read bars one by one, so those of many symbols are read in one go.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, Self

import numpy as np

from operators.bars.columns import Bars, Interval, Ints
from operators.plans import Direction
from operators.scan.candidate import Candidate
from operators.scan.detectors.catalog import DETECTORS, at
from operators.scan.detectors.detector import Detector, Firing, Gate, Gated, conditions, gated, known, share_met
from operators.scan.edges import Edges
from operators.scan.features.clock import SessionClock
from operators.scan.features.columns import Features
from operators.scan.features.daily import DailyBuilder
from operators.scan.features.intraday import IntradayBuilder, intraday_features

DIRECTIONS: Final = (Direction.LONG, Direction.SHORT)
"""By row of a both-sided column."""
INTERVALS: Final = (Interval.M1, Interval.M5, Interval.M60, Interval.D1)
"""What a piece may hold; other intervals are not read."""

Piece = Mapping[Interval, Bars]

_NO_BARS: Final = Bars.empty()
_NOWHERE: Final[Ints] = np.empty(0, dtype=np.int64)
_DETECTORS_AT: Final = {interval: at(interval) for interval in (Interval.D1, Interval.M1, Interval.M5)}
_INTERVAL_OF: Final = {detector.strategy: detector.interval for detector in DETECTORS}


class SymbolScan:
    """The state of one symbol's scan: its features so far, and the detectors that fired at their last bars."""

    __slots__ = ("clock", "daily", "edges", "intraday", "symbol")

    def __init__(self, symbol: str, clock: SessionClock) -> None:
        self.symbol, self.clock = symbol, clock
        self.intraday, self.daily = IntradayBuilder(clock), DailyBuilder(clock)
        self.edges: dict[str, Edges] = {}

    def extend(self, piece: Piece) -> list[Candidate]:
        """Return the candidates of a piece's bars in time order; ties by strategy, then direction."""
        return scan([self], [piece])[0]

    def warm_up(self, history: Piece) -> None:
        """Take bars of the past, all of them before the first piece: as `extend`, but nothing is proposed."""
        self.extend(history)

    def features(self, piece: Piece) -> dict[Interval, Features]:
        """Take a piece's bars in; return the features at their ends, by interval."""
        return {interval: joint.features for interval, joint in _joint([self], [piece])}

    def daily_features(self, piece: Piece) -> Features | None:
        """Take a piece's 60-minute and daily bars in; return the features at the ends of these, if there are any."""
        days, hours = piece.get(Interval.D1, _NO_BARS), piece.get(Interval.M60, _NO_BARS)
        if len(hours):
            self.daily.hours(hours)
        return self.daily.extend(days) if len(days) else None

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state; equal states are equal."""
        edges = tuple((strategy, each.to_plain()) for strategy, each in sorted(self.edges.items()))
        return self.symbol, self.intraday.to_plain(), self.daily.to_plain(), edges

    @classmethod
    def from_plain(cls, clock: SessionClock, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        symbol, intraday, daily, edges = plain
        own = cls(symbol, clock)
        own.intraday = IntradayBuilder.from_plain(clock, intraday)
        own.daily = DailyBuilder.from_plain(clock, daily)
        own.edges = {strategy: Edges.from_plain(_INTERVAL_OF[strategy], each) for strategy, each in edges}
        return own


class Joint(NamedTuple):
    """Features of several owners at the ends of one interval's bars, one owner's after another's."""

    owners: Sequence[int]
    sizes: Sequence[int]
    features: Features


def scan(scans: Sequence[SymbolScan], pieces: Sequence[Piece]) -> list[list[Candidate]]:
    """Return each symbol's candidates of its piece, as `SymbolScan.extend` of each would, but sooner."""
    found: list[list[Candidate]] = [[] for _ in scans]
    for interval, joint in _joint(scans, pieces):
        owners = [scans[number] for number in joint.owners]
        for part, candidate in _detect(_DETECTORS_AT[interval], owners, joint):
            found[joint.owners[part]].append(candidate)
    return [sorted(each, key=_order) for each in found]


def _joint(scans: Sequence[SymbolScan], pieces: Sequence[Piece]) -> Iterator[tuple[Interval, Joint]]:
    """Take all bars in, days before the minutes that look back on them; give the features, interval by interval."""
    daily = [own.daily_features(piece) for own, piece in zip(scans, pieces, strict=True)]
    known = [(number, each) for number, each in enumerate(daily) if each is not None]
    if known:
        features = known[0][1].followed_by([each for _, each in known[1:]])
        yield Interval.D1, Joint([number for number, _ in known], [len(each) for _, each in known], features)
    numbers = [number for number, piece in enumerate(pieces) if Interval.M1 in piece or Interval.M5 in piece]
    if numbers:
        owners, bars = [scans[number] for number in numbers], [pieces[number] for number in numbers]
        found = intraday_features(
            [own.intraday for own in owners],
            [piece.get(Interval.M1, _NO_BARS) for piece in bars],
            [piece.get(Interval.M5, _NO_BARS) for piece in bars],
            [own.daily.days for own in owners],
        )
        if len(found.minutes):
            yield Interval.M1, Joint(numbers, found.minute_sizes, found.minutes)
        if len(found.fives):
            yield Interval.M5, Joint(numbers, found.five_sizes, found.fives)


def _order(candidate: Candidate) -> tuple[int, str, str]:
    return candidate.at_ns, candidate.strategy, candidate.direction


def _detect(
    detectors: Sequence[Detector[Any]], owners: Sequence[SymbolScan], joint: Joint
) -> Iterator[tuple[int, Candidate]]:
    """Read all parts, one per owner, with all detectors; give each candidate with the number of its part."""
    whole = joint.features
    starts = np.concatenate(((0,), np.cumsum(joint.sizes)))
    sides = whole.both_sides()
    read: Sequence[Gate] | None = None
    gates: Gated | None = None
    for detector in detectors:
        if gates is None or read is not detector.gates:
            gates, read = gated(detector.gates, sides), detector.gates
        firing = detector.fired(sides, gates.tradable)
        for part, side, place in _fresh(detector, firing, owners, starts, whole.session):
            if firing is not None:
                yield part, _candidate(owners[part], detector, firing, gates, whole, side, place)


def _fresh(
    detector: Detector[Any], firing: Firing | None, owners: Sequence[SymbolScan], starts: Ints, session: Ints
) -> Iterator[tuple[int, int, int]]:
    """Give part, side and place in the firing of each fresh signal, and keep every owner's edges."""
    fired = _NOWHERE if firing is None else np.flatnonzero(firing.mask.any(axis=0))
    at = _NOWHERE if firing is None else firing.at[fired]
    edges = at.searchsorted(starts).tolist()
    for part, owner in enumerate(owners):
        first, stop = edges[part], edges[part + 1]
        start, end = starts.item(part), starts.item(part + 1)
        if start == end or (first == stop and detector.strategy not in owner.edges):
            continue
        bars, own_fired = at[first:stop] - start, np.zeros((2, end - start), dtype=np.bool_)
        if firing is not None:
            own_fired[:, bars] = firing.mask[:, fired[first:stop]]
        own_edges = owner.edges.get(detector.strategy)
        if own_edges is None:
            own_edges = owner.edges[detector.strategy] = Edges(detector.interval)
        fresh = own_edges.extend(own_fired, session[start:end])[:, bars]
        if own_edges.calm:
            del owner.edges[detector.strategy]
        for side, place in np.argwhere(fresh).tolist():
            yield part, side, fired.item(first + place)


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
