"""A symbol's scan over splits.  Rule: with an ex-date it starts over, on all bars so far told in the new shares.

Averages and windows then hold what they would have held had the shares always been the new ones.  Bars are kept for
that only while a split is still to come.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from operators.bars.columns import Bars, Interval
from operators.bars.crossing import Crossings, Part
from operators.bars.splits import Split, adjusted
from operators.scan.candidate import Candidate
from operators.scan.features.clock import SessionClock
from operators.scan.scanner import INTERVALS, Piece, SymbolScan, scan


class ScanOverSplits:
    """Scans one symbol.  Snapshot-ready."""

    def __init__(self, symbol: str, clock: SessionClock) -> None:
        self._clock = clock
        self._scan = SymbolScan(symbol, clock)
        self._crossings = Crossings()
        self._past: dict[Interval, list[Bars]] = {}

    def warm_up(self, history: Mapping[Interval, Bars], splits: Sequence[Split] = ()) -> None:
        """Take bars of the past, told in the shares of the first session, and the splits after it, oldest first."""
        self._crossings = Crossings(splits)
        self._remember(history)
        self._scan.warm_up(history)

    @property
    def plain_scan(self) -> SymbolScan | None:
        """The scan itself while no split is to come; None while one is."""
        return None if self._crossings else self._scan

    def extend(self, piece: Piece) -> list[Candidate]:
        """Return the candidates of a piece's bars, as `SymbolScan.extend`."""
        return [candidate for part in self._crossings.parts(piece) for candidate in self._part(part)]

    def _part(self, part: Part) -> list[Candidate]:
        if part.crossed:
            past = {interval: adjusted(Bars.concat(bars), part.crossed) for interval, bars in self._past.items()}
            self._scan = SymbolScan(self._scan.symbol, self._clock)
            self._scan.warm_up(past)
            self._past = {}
            self._remember(past)
        self._remember(part.bars)
        return self._scan.extend(part.bars)

    def _remember(self, bars: Mapping[Interval, Bars]) -> None:
        for interval in INTERVALS if self._crossings else ():
            if interval in bars:
                self._past.setdefault(interval, []).append(bars[interval])

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state; equal states are equal."""
        past = tuple((str(interval), Bars.concat(self._past[interval]).to_plain()) for interval in sorted(self._past))
        return self._scan.to_plain(), self._crossings.to_plain(), past

    @classmethod
    def from_plain(cls, clock: SessionClock, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        scan, crossings, past = plain
        own = cls("", clock)
        own._scan, own._crossings = SymbolScan.from_plain(clock, scan), Crossings.from_plain(crossings)
        own._past = {Interval(interval): [Bars.from_plain(columns)] for interval, columns in past}
        return own


def scan_over_splits(scans: Sequence[ScanOverSplits], pieces: Sequence[Piece]) -> list[list[Candidate]]:
    """Return each symbol's candidates of its piece, as `extend` of each would; those without splits in one go."""
    found: list[list[Candidate]] = [[] for _ in scans]
    together: list[tuple[int, SymbolScan]] = []
    for number, each in enumerate(scans):
        plain = each.plain_scan
        if plain is None:
            found[number] = each.extend(pieces[number])
        else:
            together.append((number, plain))
    for (number, _), candidates in zip(
        together, scan([each for _, each in together], [pieces[number] for number, _ in together]), strict=True
    ):
        found[number] = candidates
    return found
