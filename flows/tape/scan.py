"""What a reader is asked for, and what it gives: typed pieces of a file, and what could not be used."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any, Final

import polars as pl

from flows.items import Commands, GapOf, MarketCalendar, Watch
from flows.tape.segments.segment import Offset
from operators import ticks
from operators.records import ClockMark
from operators.rows import DeadLetter
from operators.sessions import new_york_day_ns
from operators.usable import TimeBounds, why_unusable

ROW: Final = "row"
"""Extra column: the row's number in its file, 1 for the first after a header."""
RAW_LENGTH: Final = 300

Mark = Commands | Watch | MarketCalendar | ClockMark | GapOf
"""What stands between the prints of a tape that was recorded live."""


@dataclass(frozen=True, slots=True)
class ScanFilter:
    """Which rows are wanted: SIP time within [from_ns, to_ns] and one of `symbols` (None: no bound).

    Of several workers each reads `only` its own symbols, and one of them all but what the others read, `without`.
    Rows of a file before `first_row` were read by an earlier run.
    """

    from_ns: int | None = None
    to_ns: int | None = None
    symbols: frozenset[str] | None = None
    only: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()
    first_row: int = 1

    def expression(self) -> pl.Expr | None:
        """Return the rows to keep; a row whose time or symbol is missing is kept, so that it can be reported."""
        kept: pl.Expr | None = None
        sip, symbol = pl.col(ticks.SIP_NS), pl.col(ticks.SYMBOL)
        parts = []
        if self.from_ns is not None:
            parts.append((sip >= self.from_ns) | sip.is_null())
        if self.to_ns is not None:
            parts.append((sip <= self.to_ns) | sip.is_null())
        if self.symbols is not None:
            parts.append(symbol.is_in(sorted(self.symbols)) | symbol.is_null())
        for part in parts:
            kept = part if kept is None else kept & part
        return kept

    def with_symbol(self, symbol: str) -> "ScanFilter":
        """Let the rows of one more symbol through."""
        return self if self.symbols is None else replace(self, symbols=self.symbols | {symbol})

    def own(self) -> pl.Expr | None:
        """Return the rows that this worker answers for, usable or not; None: all."""
        if self.only is not None:
            return _among(self.only).is_not_null()
        return _among(self.without).is_null() if self.without else None


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of a file in its order: ROW and the decisive columns of the usable ones, the rest with reasons.

    A tape that was recorded live also has marks, which come after the rows; `offset`: where the piece ends on it;
    `read`: how many prints it holds, usable or not (None: as many as there are rows and dead letters); `memory`: asked
    before the next piece, it says what `read_log` needs to go on from here; `at_end`: whether nothing stands behind the
    piece, where that is not known from its being empty.
    """

    ticks: pl.DataFrame
    dead_letters: list[DeadLetter] = field(default_factory=list)
    marks: tuple[Mark, ...] = ()
    offset: Offset | None = None
    read: int | None = None
    memory: Callable[[], tuple[Any, ...]] | None = None
    at_end: Callable[[], bool] | None = None


def _among(symbols: Sequence[str]) -> pl.Expr:
    """Return which of the symbols each row's is, null for all others: found sooner than whether it is one of them."""
    return pl.col(ticks.SYMBOL).cast(pl.Enum(symbols), strict=False)


def day_bounds(day: date | None) -> TimeBounds:
    """Return the bounds of a New York day, or of everything when there is none."""
    if day is None:
        return TimeBounds()
    low, high = new_york_day_ns(day)
    return TimeBounds(low, high, f"the file's day {day}")


def dead_letter(source: str, row: int, field_name: str, reason: str, raw: str) -> DeadLetter:
    """Build a dead letter, its raw text shortened."""
    return DeadLetter(source, row, field_name, reason, raw if len(raw) <= RAW_LENGTH else f"{raw[:RAW_LENGTH]}…")


def reasoned(source: str, rows: pl.DataFrame, bounds: TimeBounds) -> list[DeadLetter]:
    """Say of each row of an unusable frame (decisive columns and ROW) why it is no tick."""
    letters = []
    for row in rows.iter_rows(named=True):
        number = row.pop(ROW)
        values = row[ticks.SYMBOL], row[ticks.SIP_NS], row[ticks.PRICE], row[ticks.SIZE]
        finding = why_unusable(*values, bounds)
        if finding is not None:
            letters.append(dead_letter(source, number, *finding, str(row)))
    return letters


def filtered(piece: Piece, wanted: ScanFilter) -> Piece:
    """Leave out the prints and marks of a live recording that nobody asked for."""
    kept = _wanted_rows(wanted)
    if kept is None:
        return piece
    marks = tuple(mark for mark in piece.marks if _is_wanted(mark, wanted))
    rows = piece.ticks if _all_wanted(piece.ticks, wanted) else piece.ticks.filter(kept)
    return replace(piece, ticks=rows, marks=marks)


def _all_wanted(rows: pl.DataFrame, wanted: ScanFilter) -> bool:
    """Whether all rows surely are: a look at few rows is cheap where a query with thousands of symbols is not."""
    if not len(rows):
        return True
    if wanted.from_ns is not None or wanted.to_ns is not None or wanted.symbols is None:
        return False
    return wanted.symbols.issuperset(rows.get_column(ticks.SYMBOL).to_list())


@lru_cache(maxsize=4)
def _wanted_rows(wanted: ScanFilter) -> pl.Expr | None:
    """Made once: of thousands of symbols it costs more than what it is asked of."""
    return wanted.expression()


def _is_wanted(mark: Mark, wanted: ScanFilter) -> bool:
    match mark:
        case Commands():
            acts_ns = max(mark.reached_ns, *(each.at_ns for each in mark.commands))
            in_time = wanted.to_ns is None or acts_ns <= wanted.to_ns
            return in_time and (wanted.symbols is None or mark.symbol in wanted.symbols)
        case ClockMark() | Watch():
            return wanted.to_ns is None or mark.at_ns <= wanted.to_ns
        case GapOf():
            return wanted.to_ns is None or mark.gap.at_ns <= wanted.to_ns
        case MarketCalendar():
            return wanted.to_ns is None or all(each.told_ns <= wanted.to_ns for each in mark.events)
        case _:
            return True
