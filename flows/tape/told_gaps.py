"""The gaps that a tape has told of so far, and the symbols that must hear of each."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

from msgspec.structs import astuple

from flows.items import GapOf, ToAll
from operators.data_gaps import DataGap
from operators.market_events import EVERY_SYMBOL


class ToldGaps:
    """What stands, in the order in which it was told; what is over is forgotten."""

    def __init__(self, standing: Iterable[GapOf] = ()) -> None:
        self._standing = tuple(standing)

    def take(self, told: GapOf, symbols: Sequence[str]) -> Iterator[ToAll]:
        """Take note; give the record to those of `symbols` that it concerns."""
        self._standing = tuple(each for each in self._standing if each.gap.name != told.gap.name)
        if told.gap.state != "close":
            self._standing = (*self._standing, told)
        concerned = tuple(each for each in symbols if concerns(told, each))
        if concerned:
            yield ToAll(concerned, told.gap)

    def standing(self, symbol: str) -> Iterator[ToAll]:
        """Give what stands to a symbol that nobody watched before."""
        yield from (ToAll((symbol,), told.gap) for told in self._standing if concerns(told, symbol))

    def to_plain(self) -> tuple[Any, ...]:
        """Write what stands as plain values."""
        return tuple((told.symbols, astuple(told.gap)) for told in self._standing)

    @classmethod
    def from_plain(cls, plain: Iterable[tuple[Any, ...]]) -> Self:
        """Undo `to_plain`."""
        return cls(GapOf(tuple(symbols), DataGap(*gap)) for symbols, gap in plain)


def concerns(told: GapOf, symbol: str) -> bool:
    """Whether prints of a symbol may be missing."""
    return symbol in told.symbols or EVERY_SYMBOL in told.symbols
