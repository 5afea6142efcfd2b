"""To whom a clock mark says nothing, because time alone brings nothing about there yet.

A mark takes a symbol through all steps and lets its state be kept anew.  Of thousands of symbols most are idle, and
marks come twice a second.  Left out, a mark changes no answer: the next record brings the symbol as far.
"""

from dataclasses import dataclass

from flows.items import SymbolItem
from operators.book import SymbolBook
from operators.eligibility import SymbolSlice
from operators.gating import NEVER
from operators.records import ClockMark
from operators.times import MINUTE_NS


@dataclass(slots=True)
class _Seen:
    """`on_way`: items sent to a symbol that have not reached its book; `left_out`: the last mark that was not sent.

    `due_ns`: when time brings something about next, ns UTC; None where nobody has looked since something was sent.
    """

    on_way: int = 0
    book: SymbolBook | None = None
    due_ns: int | None = None
    left_out: ClockMark | None = None


class Dues:
    """What one worker's symbols wait for.  `bars`: whether bars are built, which end with their minutes."""

    def __init__(self, *, bars: bool) -> None:
        self._bars, self._symbols = bars, dict[str, _Seen]()

    def knows(self, book: SymbolBook) -> None:
        """Take note of a symbol's book; it is asked as it stands then."""
        self._of(book.symbol).book = book

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
        sent = (item,) if left_out is None or isinstance(item, ClockMark | SymbolSlice) else (left_out, item)
        seen.on_way, seen.due_ns = seen.on_way + len(sent), None
        return sent

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
