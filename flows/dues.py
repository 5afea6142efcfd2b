"""To whom a clock mark or prints say nothing, because nothing comes of them there.

Each takes a symbol through all steps and lets its state be kept anew.  Of thousands of symbols most are idle, and marks
come twice a second.  Left out, a mark changes no answer: the next record brings the symbol as far.
Prints that are quiet for all plans of a symbol go into its book at once.  Their symbol is then ahead of its state as it
was kept; by how much is little, and kept for all such symbols together (`ahead`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flows.items import SymbolItem
from operators.book import SymbolBook
from operators.eligibility import SymbolSlice
from operators.held import Held
from operators.records import ClockMark
from operators.times import MINUTE_NS, NEVER, SECOND_NS

LONGEST_HELD_NS: Final = 10 * SECOND_NS
"""So long a symbol's quiet prints are held, of its tape; then its state is kept anew: few shall be ahead of theirs."""

Ahead = tuple[tuple[Any, ...], ...]
"""Symbols that are ahead of their kept states: each with the values of `Held`."""


@dataclass(slots=True)
class _Seen:
    """`on_way`: items sent to a symbol that have not reached its book; `left_out`: the last mark that was not sent.

    `due_ns`: when time brings something about next, ns UTC; None where nobody has looked since something was sent.
    `sent_ns`: the time of the last prints that were sent.
    """

    on_way: int = 0
    book: SymbolBook | None = None
    due_ns: int | None = None
    left_out: ClockMark | None = None
    sent_ns: int = 0


class Dues:
    """What one worker's symbols wait for.  `bars`: whether bars are built, which end with their minutes.

    `holds`: whether quiet prints go into books at once; nobody else may want them then.  `before`: what `ahead` told of
    symbols when the states were kept that the run goes on from; those that nobody knows here are told of again.
    """

    def __init__(self, *, bars: bool, holds: bool = False, before: Mapping[str, Held] | None = None) -> None:
        self._bars, self._holds, self._before = bars, holds, dict(before or {})
        self._symbols, self._ahead = dict[str, _Seen](), dict[str, SymbolBook]()

    def knows(self, book: SymbolBook) -> None:
        """Take note of a symbol's book, which is asked as it stands then; one from before comes to where it was."""
        self._of(book.symbol).book = book
        held = self._before.pop(book.symbol, None)
        if held is not None and book.catch_up(held):
            self._ahead[book.symbol] = book

    def kept(self, symbol: str) -> None:
        """Take note that a symbol's state is kept as it is now."""
        self._ahead.pop(symbol, None)

    def ahead(self) -> Ahead:
        """Tell of all symbols that have held prints since they were kept, in this run or before it."""
        books = [(symbol, book.held()) for symbol, book in list(self._ahead.items())]
        return tuple((symbol, *held) for symbol, held in (*self._before.items(), *books))

    def reached(self, symbol: str) -> None:
        """Take note that an item has reached its symbol's book."""
        self._of(symbol).on_way -= 1

    def sent(self, symbol: str, item: SymbolItem) -> tuple[SymbolItem, ...]:
        """Return what is to be sent to a symbol where an item stands: that, or nothing; then it is on its way.

        A print takes a symbol as far as the mark before it would have; before all else, what was left out is made good.
        """
        seen = self._of(symbol)
        if isinstance(item, ClockMark) and self._idle(seen, item.at_ns):
            seen.left_out = item
            return ()
        left_out, seen.left_out = seen.left_out, None
        if isinstance(item, SymbolSlice) and self._held(symbol, seen, item):
            return ()
        sent = (item,) if left_out is None or isinstance(item, ClockMark | SymbolSlice) else (left_out, item)
        seen.on_way, seen.due_ns = seen.on_way + len(sent), None
        return sent

    def _held(self, symbol: str, seen: _Seen, prints: SymbolSlice) -> bool:
        if not self._holds or seen.on_way or seen.book is None:
            return False
        if prints.end_ns - seen.sent_ns > LONGEST_HELD_NS or not seen.book.holds(prints):
            seen.sent_ns = prints.end_ns
            return False
        self._ahead[symbol] = seen.book
        return True

    def _of(self, symbol: str) -> _Seen:
        seen = self._symbols.get(symbol)
        if seen is None:
            seen = self._symbols[symbol] = _Seen()
        return seen

    def _idle(self, seen: _Seen, at_ns: int) -> bool:
        if seen.on_way or seen.book is None:
            return False
        if seen.due_ns is None:
            minute_ns = (seen.book.now_ns // MINUTE_NS + 1) * MINUTE_NS if self._bars else NEVER
            seen.due_ns = min(seen.book.due_ns, minute_ns)
        return seen.due_ns > at_ns
