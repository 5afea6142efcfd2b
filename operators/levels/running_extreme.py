"""The highest or lowest price so far, as of any instant.  Rule: a bar's price is known at the bar's end."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Self

from operators.levels.level import LevelKind, Mark


class Extreme(NamedTuple):
    """`price` in dollars, reached in the bar that starts at `since_ns`, known at `available_at_ns`."""

    price: float
    since_ns: int
    available_at_ns: int


class RunningExtreme:
    """Each price that went beyond all before it.  `sign`: +1 keeps the highest, -1 the lowest.

    An equal price later is no new extreme: the first to reach it made it.
    """

    __slots__ = ("_known_ns", "_records", "_sign")

    def __init__(self, sign: int, records: Sequence[Extreme] = ()) -> None:
        self._sign = sign
        self._records = list(records)
        self._known_ns = [record.available_at_ns for record in self._records]

    def add(self, price: float, start_ns: int, end_ns: int) -> None:
        """Take one bar's price in; bars come in time order."""
        if not self._records or self._sign * (price - self._records[-1].price) > 0:
            self._records.append(Extreme(price, start_ns, end_ns))
            self._known_ns.append(end_ns)

    def at(self, as_of_ns: int) -> Extreme | None:
        """Return the extreme of the bars that ended at or before an instant; None when there is none."""
        known = bisect_right(self._known_ns, as_of_ns)
        return self._records[known - 1] if known else None

    def to_plain(self) -> tuple[Any, ...]:
        """Write sign and records as plain tuples."""
        return self._sign, tuple(tuple(record) for record in self._records)

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> Self:
        """Undo `to_plain`."""
        sign, records = plain
        return cls(sign, [Extreme(*record) for record in records])


class HighLow:
    """The highest high and the lowest low of the same bars."""

    __slots__ = ("high", "low")

    def __init__(self, high: RunningExtreme | None = None, low: RunningExtreme | None = None) -> None:
        self.high = high or RunningExtreme(1)
        self.low = low or RunningExtreme(-1)

    def add(self, high: float, low: float, start_ns: int, end_ns: int) -> None:
        """Take one bar in; bars come in time order."""
        self.high.add(high, start_ns, end_ns)
        self.low.add(low, start_ns, end_ns)

    def marks(self, kinds: tuple[LevelKind, LevelKind], as_of_ns: int) -> Iterator[Mark]:
        """Return the extremes as of an instant; `kinds`: the high's and the low's."""
        for side, kind in zip((self.high, self.low), kinds, strict=True):
            extreme = side.at(as_of_ns)
            if extreme is not None:
                yield extreme.price, kind, extreme.since_ns, extreme.available_at_ns

    def to_plain(self) -> tuple[Any, ...]:
        """Write both sides as plain tuples."""
        return self.high.to_plain(), self.low.to_plain()

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> Self:
        """Undo `to_plain`."""
        return cls(*(RunningExtreme.from_plain(side) for side in plain))
