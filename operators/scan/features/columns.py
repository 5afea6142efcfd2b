"""Columns that detectors read, and their mirror.  Rule: a detector is written for a long; a short reads the mirror.

Mirrored, a price is negated and takes its partner's place (a low is the high of the negated market), a signed
quantity is negated, and everything else stays: so one code path serves both directions, to the last bit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from operator import attrgetter
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from operators.bars.columns import Floats, Ints, Mask

LONG, SHORT = 0, 1
"""Rows of a both-sided column."""


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """One symbol's features at the ends of its bars: float64 columns of equal length, NaN = not available.

    `end_ns`: when they are known, ns UTC; `session`: position of the bar's session in the clock.  Each further field
    is a column; `PAIRS` names those that swap in the mirror, `NEUTRAL` those that it leaves alone.
    """

    PAIRS: ClassVar[tuple[tuple[str, str], ...]] = ()
    NEUTRAL: ClassVar[frozenset[str]] = frozenset()

    end_ns: Ints
    session: Ints

    @classmethod
    def of(cls, end_ns: Ints, session: Ints, pieces: Sequence[Sequence[Floats]]) -> Self:
        """Build from pieces that follow one another, each a list of all columns in the order of the fields."""
        if len(pieces) == 1:
            return cls(end_ns, session, *pieces[0])
        columns = zip(*pieces, strict=True) if pieces else ((np.empty(0),) for _ in _known(cls).names)
        return cls(end_ns, session, *map(np.concatenate, columns))

    def __len__(self) -> int:
        return len(self.end_ns)

    def followed_by(self, others: Sequence["Features"]) -> "Features":
        """Return these features and others of their kind, one after another; a row's session tells no symbol."""
        if not others:
            return self
        read = _known(type(self)).read
        columns = map(np.concatenate, zip(*map(read, (self, *others)), strict=True))
        ends, sessions = ([getattr(each, name) for each in (self, *others)] for name in ("end_ns", "session"))
        return type(self)(np.concatenate(ends), np.concatenate(sessions), *columns)

    def take(self, which: slice | Mask | Ints) -> Self:
        """Return the features of some bars."""
        read = _known(type(self)).read
        return type(self)(self.end_ns[which], self.session[which], *[column[which] for column in read(self)])

    def both_sides(self) -> Self:
        """Return the same columns, of shape (2, bars): as they are, and mirrored.  Neutral ones keep one row."""
        layout = _known(type(self))
        columns, mirrored = layout.read(self), layout.mirrored
        rows = np.concatenate(columns[:mirrored]).reshape(mirrored, -1)
        sides = np.empty((mirrored, 2, len(self)))
        sides[:, LONG] = rows
        np.negative(rows[layout.partners], out=sides[:, SHORT])
        neutral = np.concatenate(columns[mirrored:]).reshape(-1, len(self))
        return BothSides(layout.names, sides, neutral)  # type: ignore[return-value]

    def row(self, index: int) -> dict[str, float]:
        """Return one bar's columns as named numbers, NaN where not available."""
        names, _, _, read = _known(type(self))
        return {name: column.item(index) for name, column in zip(names, read(self), strict=True)}


class BothSides:
    """Both-sided features, whose columns are read by name as those of `Features`.

    They are kept in two blocks, so that some bars are taken in two steps instead of one per column.
    """

    def __init__(self, names: Sequence[str], sides: Floats, neutral: Floats) -> None:
        self._names, self._sides, self._neutral = names, sides, neutral

    def __len__(self) -> int:
        return int(self._sides.shape[2])

    def __getattr__(self, name: str) -> Floats:
        place = self._names.index(name)
        mirrored = len(self._sides)
        column: Floats = self._sides[place] if place < mirrored else self._neutral[place - mirrored]
        self.__dict__[name] = column
        return column

    def take(self, which: slice | Ints) -> "BothSides":
        """Return the features of some bars."""
        if isinstance(which, slice):
            return BothSides(self._names, self._sides[:, :, which], self._neutral[:, which])
        return BothSides(self._names, self._sides.take(which, axis=2), self._neutral.take(which, axis=1))


class _Layout(NamedTuple):
    """All columns, how many the mirror changes (they come first), where each of these finds its partner, a reader."""

    names: tuple[str, ...]
    mirrored: int
    partners: Ints
    read: Callable[[Features], tuple[Floats, ...]]


@cache
def _layout(kind: Any) -> _Layout:
    names = tuple(field.name for field in fields(kind))[2:]
    mirrored = tuple(name for name in names if name not in kind.NEUTRAL)
    if names[: len(mirrored)] != mirrored:
        msg = f"{kind.__name__}: neutral columns come last"
        raise TypeError(msg)
    partner = {name: name for name in mirrored} | dict(kind.PAIRS) | {second: first for first, second in kind.PAIRS}
    partners = np.array([mirrored.index(partner[name]) for name in mirrored])
    return _Layout(names, len(mirrored), partners, attrgetter(*names))


def _known(kind: Any) -> _Layout:
    return _layout(kind)
