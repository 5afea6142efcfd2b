"""detect_hits: a symbol's book, taken through what arrives; what happened becomes rows."""

from collections.abc import Iterable
from dataclasses import fields
from operator import attrgetter
from typing import Any, Final

import bytewax.operators as op

from flows.batches import batches_of
from flows.dues import Dues
from flows.items import Commands, History, SymbolEvents, SymbolGates, SymbolItem, Watched
from operators.book import SymbolBook
from operators.data_gaps import DataGap
from operators.eligibility import SymbolSlice
from operators.records import ClockMark, TapeEnd
from operators.rows import Batch, ProgressRow
from operators.slots import Outcome

_told_values: Final = attrgetter(*(field.name for field in fields(ProgressRow)))
HITS_LAYOUT: Final = 1
"""Version of `HitLogic.snapshot`; the book has one of its own."""


class HitLogic(op.StatefulLogic[SymbolItem, Batch, tuple[Any, ...]]):
    """Keeps a symbol's book and takes it through what arrives.

    The end of a tape is no part of what is kept: the tape may have grown when it is read on.  `keep_state`, `dues`:
    see `Rules`.
    """

    def __init__(self, kept: tuple[Any, ...] | None, *, keep_state: bool = False, dues: Dues | None = None) -> None:
        self._keep_state, self._dues = keep_state, dues
        self._book: SymbolBook | None = None
        self._told: ProgressRow | None = None
        self._kept: tuple[Any, ...] | None = None
        if kept:
            book, self._told = hits_from_plain(kept)
            self._book = self._known(book)

    def on_item(self, value: SymbolItem) -> tuple[Iterable[Batch], bool]:
        """Advance the book; give what is to be written, if anything happened."""
        if isinstance(value, Commands | SymbolGates | History) and self._book is None:
            self._book = self._known(SymbolBook(value.symbol))
        if self._book is None:
            return [], op.StatefulLogic.DISCARD
        if isinstance(value, TapeEnd) and self._keep_state:
            self._kept = self._plain(self._book)
        outcome = _advance(self._book, value)
        piece = value.piece if isinstance(value, Watched) else None
        batches = batches_of(self._book, outcome, piece, force=isinstance(value, TapeEnd))
        for batch in batches:
            (self._told,) = batch.progress
        if self._dues is not None:
            self._dues.reached(self._book.symbol)
        return batches, op.StatefulLogic.RETAIN

    def _known(self, book: SymbolBook) -> SymbolBook:
        if self._dues is not None:
            self._dues.knows(book)
        return book

    def snapshot(self) -> tuple[Any, ...]:
        """Return the book as plain values, and the progress that was told with the last batch."""
        if self._book is None or not self._keep_state:
            return ()
        if self._dues is not None:
            self._dues.kept(self._book.symbol)
        return self._plain(self._book) if self._kept is None else self._kept

    def _plain(self, book: SymbolBook) -> tuple[Any, ...]:
        told = None if self._told is None else _told_values(self._told)
        book.retire()
        return HITS_LAYOUT, told, book.snapshot()


def hits_from_plain(kept: tuple[Any, ...]) -> tuple[SymbolBook, ProgressRow | None]:
    """Undo `HitLogic.snapshot`.  Raises ValueError for a layout that this version does not know."""
    if kept[0] != HITS_LAYOUT:
        msg = f"a snapshot of detect_hits has layout {kept[0]}; this version reads {HITS_LAYOUT}"
        raise ValueError(msg)
    _, told, book = kept
    return SymbolBook.restore(book), None if told is None else ProgressRow(*told)


def _advance(book: SymbolBook, item: SymbolItem) -> Outcome:
    match item:
        case Watched():
            return _advance_with(book, item)
        case SymbolSlice():
            return book.advance(item)
        case ClockMark():
            return book.mark(item.at_ns)
        case TapeEnd():
            return book.end(item.at_ns)
        case DataGap():
            return book.gap(item)
        case Commands():
            book.commands(item.commands)
        case SymbolGates():
            book.set_gates(item.timeline)
        case SymbolEvents():
            msg = f"market events of {item.symbol} passed gate_events without becoming gates"
            raise TypeError(msg)
        case History():
            pass  # it has served its purpose
    return Outcome()


def _advance_with(book: SymbolBook, item: Watched) -> Outcome:
    if isinstance(item.record, ClockMark):
        return book.mark(item.record.at_ns, item.proposals)
    return book.advance(item.record, item.proposals)
