"""Bars of several owners in rounds: in each, the next session of every owner that has one left in its piece."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from operators.bars.columns import Bars, Floats, Ints
from operators.scan.features.clock import REGULAR, Run, SessionClock
from operators.scan.features.ragged import Ragged
from operators.times import MINUTE_NS


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """One run each of some owners: their numbers, ascending, their bars one after another, and where those stood."""

    owners: Sequence[int]
    runs: Sequence[Run]
    bars: Bars
    ragged: Ragged
    rows: Ints | slice

    def minutes(self) -> tuple[Floats, Floats]:
        """Return the minutes from the open to each bar's end, and from there to the close."""
        open_ns = self.ragged.each([run.open_ns for run in self.runs])
        whole = self.ragged.each([(run.close_ns - run.open_ns) / MINUTE_NS for run in self.runs])
        minute: Floats = (self.bars.end_ns - open_ns) / MINUTE_NS
        return minute, whole - minute


@dataclass(frozen=True, slots=True, eq=False)
class RegularBars:
    """The regular bars of several owners' pieces, one after another: how many each has, and its sessions' runs."""

    bars: Bars
    sizes: Sequence[int]
    runs: Sequence[Sequence[Run]]

    @classmethod
    def of(cls, pieces: Sequence[Bars], clock: SessionClock) -> "RegularBars":
        """Join pieces; bars of other phases than the regular one are passed over."""
        bars = pieces[0] if len(pieces) == 1 else Bars.concat(pieces)
        sizes = [len(piece) for piece in pieces]
        inside = bars.phase == REGULAR
        if not inside.all():
            kept = np.concatenate(((0,), inside.cumsum()))[np.concatenate(((0,), np.cumsum(sizes)))]
            bars, sizes = bars.take(inside), np.diff(kept).tolist()
        edges = pairwise(np.concatenate(((0,), np.cumsum(sizes, dtype=np.int64))).tolist())
        return cls(bars, sizes, [clock.runs(bars.start_ns[start:stop]) for start, stop in edges])

    def session_column(self) -> Ints:
        """Return the session of each bar."""
        runs = [run for own in self.runs for run in own]
        column = np.repeat([run.session for run in runs], [run.stop - run.start for run in runs])
        return column.astype(np.int64)

    def rounds(self) -> Iterator[Round]:
        """Give the runs of each owner in order; mostly one round holds them all."""
        starts = np.concatenate(((0,), np.cumsum(self.sizes, dtype=np.int64))).tolist()
        for number in range(max(map(len, self.runs), default=0)):
            owners = [owner for owner, runs in enumerate(self.runs) if len(runs) > number]
            runs = [self.runs[owner][number] for owner in owners]
            ragged = Ragged.of([run.stop - run.start for run in runs])
            if ragged.starts[-1] == len(self.bars):
                yield Round(owners, runs, self.bars, ragged, slice(None))
                continue
            first = [starts[owner] + run.start for owner, run in zip(owners, runs, strict=True)]
            rows = ragged.each(first) + ragged.place
            yield Round(owners, runs, self.bars.take(rows), ragged, rows)

    def columns(self, count: int, given: Iterator[tuple[Round, Sequence[Floats]]]) -> Sequence[Floats]:
        """Put the columns of rounds, so many each, back to where their bars stood."""
        found: Floats | None = None
        for round_, columns in given:
            if isinstance(round_.rows, slice):
                return columns
            if found is None:
                found = np.empty((count, len(self.bars)))
            for row, column in zip(found, columns, strict=True):
                row[round_.rows] = column
        return [np.empty(0)] * count if found is None else list(found)
