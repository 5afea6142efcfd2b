"""What became of one piece of a symbol's tape, as rows to be written in one transaction."""

from operators.bars.columns import Interval
from operators.bars.symbol_bars import BarPiece
from operators.book import SymbolBook
from operators.rows import BarRows, Batch, SupersededBars
from operators.slots import Outcome


def _bar_rows(symbol: str, piece: BarPiece) -> tuple[BarRows, ...]:
    closed = tuple(BarRows(symbol, interval, bars) for interval, bars in piece.bars.items())
    revised = piece.revised.bars
    return (*closed, BarRows(symbol, Interval.M1, revised)) if len(revised) else closed


def _superseded(symbol: str, piece: BarPiece | None) -> tuple[SupersededBars, ...]:
    if piece is None or not len(piece.revised.before):
        return ()
    return (SupersededBars(symbol, Interval.M1, piece.revised.before, piece.revised.at_ns),)


def batches_of(book: SymbolBook, outcome: Outcome, piece: BarPiece | None, *, force: bool) -> list[Batch]:
    """Return what a piece gave, `force` even if nothing happened in it; `piece` None: no bars are built."""
    bars = () if piece is None else _bar_rows(book.symbol, piece)
    if not (force or bars or outcome.events or outcome.refused or outcome.scans or outcome.states):
        return []
    return [
        Batch(
            plans=tuple(outcome.plans),
            events=tuple(outcome.events),
            states=tuple(outcome.states),
            dead_letters=tuple(outcome.refused),
            progress=(book.progress(),),
            bars=bars,
            scan_results=tuple(outcome.scans),
            option_quotes=tuple(outcome.quotes),
            superseded=_superseded(book.symbol, piece),
        )
    ]
