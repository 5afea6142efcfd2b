"""Places on a tape, and how far each symbol's had been read when its state was kept.

Rule: a symbol's state holds exactly what stands before its place.  Workers read at their own pace, so each has a place,
and a symbol's is that of the worker that read it.  When a run goes on with another number of workers, the places of the
earlier one stay in force, as a layer below, until every worker is past all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from flows.tape.share import worker_of


class Place(NamedTuple):
    """The `file`th of the files replayed, from 0; of a tape recorded live, the segment; the first row that is new.

    Rows count from 1 in a file; on a tape recorded live they are bytes within the segment.  Places compare as the tape
    goes.
    """

    file: int = 0
    segment: int = 0
    row: int = 0


START = Place()
"""Before the first row of any tape."""


@dataclass(frozen=True, slots=True)
class Layer:
    """The places that the workers of one run had reached, in their order."""

    places: tuple[Place, ...]

    def of(self, symbol: str) -> Place:
        """The place of the worker that read a symbol."""
        return self.places[worker_of(symbol, len(self.places))]

    def covers(self, other: "Layer") -> bool:
        """Whether no symbol can be further by the other layer."""
        if len(self.places) == len(other.places):
            return all(mine >= its for mine, its in zip(self.places, other.places, strict=True))
        return min(self.places) >= max(other.places)


@dataclass(frozen=True)
class Reached:
    """How far each symbol's tape had been read: as far as any of the layers says, the latest run's first."""

    layers: tuple[Layer, ...]

    def of(self, symbol: str) -> Place:
        """The place of a symbol: everything before it is part of its state."""
        return max(layer.of(symbol) for layer in self.layers)

    @cached_property
    def furthest(self) -> Place:
        """From here on everything is new to every symbol."""
        return max(max(layer.places) for layer in self.layers)

    def start(self, index: int, count: int) -> Place:
        """Where a worker has to begin, so that it misses nothing of its symbols."""
        latest = self.layers[0].places
        return latest[index] if len(latest) == count else min(latest)

    def rows(self, symbols: Sequence[str], file: int, segment: int) -> list[int] | None:
        """The first new row of each symbol in one segment of one file; None when all rows are new to all."""
        if self.furthest <= (file, segment, 0):
            return None
        return [_row(self.of(symbol), file, segment) for symbol in symbols]


BEYOND = 1 << 62
"""More rows than any file has."""


def _row(place: Place, file: int, segment: int) -> int:
    if place[:2] == (file, segment):
        return place.row
    return BEYOND if place[:2] > (file, segment) else 0
