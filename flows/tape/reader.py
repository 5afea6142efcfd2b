"""One reader for every tape, recorded or growing: files in, frames of the watched symbols out, bounded in memory."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import polars as pl

from flows.items import Commands
from flows.tape.commands import CommandReader
from flows.tape.csv_reader import read_csv
from flows.tape.files import TapeFile
from flows.tape.log_reader import read_log
from flows.tape.parquet_reader import read_parquet
from flows.tape.prefetch import prefetched
from flows.tape.scan import ROW, Mark, Piece, ScanFilter, dead_letter
from flows.tape.segments.segment import Offset
from flows.tape.share import Share
from operators import ticks
from operators.coding import Coder
from operators.columnar import Ints
from operators.frames import TickFrame
from operators.rows import DeadLetter
from operators.times import DEFAULT_LATE_NS, iso

AHEAD: Final = 2


@dataclass(frozen=True, slots=True)
class TapePiece:
    """Some of the tape: a frame, and what of it could not be used, prints that go back in their symbol's time included.

    `rows`: how many this worker counts; `end_ns`: the last SIP time among those it read, ns UTC, 0 when there is none.
    `marks` come after the frame; `offset`: where a live recording's piece ends on its tape; `idle`: it has nothing new.
    """

    frame: TickFrame
    dead_letters: list[DeadLetter]
    rows: int
    end_ns: int
    marks: tuple[Mark, ...] = ()
    offset: Offset | None = None
    idle: bool = False


@dataclass(slots=True)
class TapeReader:
    """Reads files one after the other.  `watched`: the symbols to keep; all others are only counted.

    `for_bars`: frames hold what bars are built of as well.  Of a tape with plan commands, symbols that a command names
    are watched from there on as well, if they are within `share`; `plan_symbols`: of plans known from elsewhere;
    `odd_lots`, `extended_hours`: what commanded plans do that are silent about it; `elsewhere`: symbols that other
    workers watch.  What belongs to no worker's symbols is the first one's to count and to tell.
    """

    files: Sequence[TapeFile]
    watched: Sequence[str]
    wanted: ScanFilter = field(default_factory=ScanFilter)
    late_ns: int = DEFAULT_LATE_NS
    for_bars: bool = False
    share: Share = field(default_factory=Share)
    plan_symbols: Mapping[str, str] = field(default_factory=dict)
    odd_lots: bool = False
    extended_hours: bool = False
    elsewhere: Sequence[str] = ()

    @property
    def has_log(self) -> bool:
        """Whether there is a tape among the files that was recorded live: only those have marks."""
        return any(file.is_log for file in self.files)

    def pieces(self, *, follow: bool = False) -> Iterator[TapePiece]:
        """Yield the tape in order.  A print that goes back in its symbol's time is a dead letter.

        `follow`: the last file is a tape that grows; an empty piece says that there is nothing new at the moment.
        """
        coder, order = Coder(self.watched, self.late_ns, for_bars=self.for_bars), _OrderGuard(self.watched)
        for file in self.files:
            if file.is_log:
                yield from self._of_log(file, order, follow=follow and file is self.files[-1])
                continue
            yield from self._of_file(file, coder, order)

    def _of_file(self, file: TapeFile, coder: Coder, order: "_OrderGuard") -> Iterator[TapePiece]:
        """Yield the pieces of one file; only Parquet keeps bad rows of others from being read."""
        source, tells = str(file.path), file.is_parquet or self._leads
        for piece in read_file(file, self._own(), coder):
            frame, numbers = self._frame(piece.ticks, coder)
            frame, backwards = order.check(frame, numbers, source)
            end_ns = int(piece.ticks.get_column(ticks.SIP_NS).max() or 0)  # type: ignore[arg-type]
            letters = piece.dead_letters if tells else []
            yield TapePiece(frame, [*letters, *backwards], len(piece.ticks) + len(letters), end_ns)

    @property
    def _leads(self) -> bool:
        return self.share.index == 0

    def _own(self) -> ScanFilter:
        if self.share.count == 1:
            return self.wanted
        if self._leads:
            return replace(self.wanted, without=tuple(self.elsewhere))
        return replace(self.wanted, only=tuple(self.watched))

    def _of_log(self, file: TapeFile, order: "_OrderGuard", *, follow: bool) -> Iterator[TapePiece]:
        """Yield a live recording's pieces.  It has been held against going back, whoever watches which symbol when."""
        commands = CommandReader(self.plan_symbols, odd_lots=self.odd_lots, extended_hours=self.extended_hours)
        coder = Coder(self.watched, self.late_ns, for_bars=self.for_bars)
        for piece in read_log(file.path, self.wanted, commands, follow=follow):
            yield self._log_piece(piece, coder, order, str(file.path))
            new = {mark.symbol for mark in piece.marks if isinstance(mark, Commands)} - set(self.watched)
            mine = sorted(symbol for symbol in new if self.share.holds(symbol))
            if mine:
                self.watched = (*self.watched, *mine)
                coder = Coder(self.watched, self.late_ns, for_bars=self.for_bars)
                order.widen(len(self.watched))

    def _log_piece(self, piece: Piece, coder: Coder, order: "_OrderGuard", source: str) -> TapePiece:
        rows = piece.ticks.with_columns(coder.expressions())
        frame, numbers = self._frame(rows, coder)
        frame, backwards = order.check(frame, numbers, source)
        end_ns = int(rows.get_column(ticks.SIP_NS).max() or 0)  # type: ignore[arg-type]
        letters, read = (piece.dead_letters, piece.read or 0) if self._leads else ([], 0)
        idle = not (piece.read or piece.marks)
        return TapePiece(frame, [*letters, *backwards], read, end_ns, piece.marks, piece.offset, idle)

    def _frame(self, rows: pl.DataFrame, coder: Coder) -> tuple[TickFrame, Ints]:
        """Return a piece as a frame, and each print's row number; unwatched symbols are left out where they abound."""
        numbers = rows.get_column(ROW).to_numpy()
        frame = framed(rows, self.watched, coder)
        code = frame.code
        watched = code < len(self.watched)
        if 2 * np.count_nonzero(watched) < len(code):
            kept = np.flatnonzero(watched)
            frame, numbers = frame.take(kept), numbers[kept]
        return frame, numbers


def framed(rows: pl.DataFrame, symbols: Sequence[str], coder: Coder) -> TickFrame:
    """Return coded rows as a frame of `symbols`, with what bars are built of if they were coded for that."""
    code, sip_ns, price = (rows.get_column(name).to_numpy() for name in (ticks.CODE, ticks.SIP_NS, ticks.PRICE))
    frame = TickFrame(tuple(symbols), code, sip_ns, price, coder.flags.column(rows))
    if not coder.for_bars:
        return frame
    size, behind = rows.get_column(ticks.SIZE).to_numpy(), rows.get_column(ticks.BEHIND).to_numpy()
    return replace(frame, size=size, behind=behind)


def read_file(file: TapeFile, wanted: ScanFilter, coder: Coder | None = None) -> Iterator[Piece]:
    """Yield the pieces of one file, some of them read ahead.

    Only the work that leaves Python alone runs ahead: polars decodes Parquet in threads of its own, CSV gets one here.
    What holds the interpreter's lock would slow the rules more than it gains.
    """
    if file.is_log:
        return read_log(file.path, wanted)
    if file.is_parquet:
        return read_parquet(file, wanted, coder)
    return prefetched(read_csv(file, wanted, coder), AHEAD)


class _OrderGuard:
    """Holds each symbol's time against going back: such a print cannot have been the last when it was known."""

    def __init__(self, watched: Sequence[str]) -> None:
        self._last = np.zeros(len(watched) + 1, dtype=np.int64)

    def widen(self, count: int) -> None:
        """Take note that there are `count` watched symbols now, the new ones last."""
        last = np.zeros(count + 1, dtype=np.int64)
        last[: len(self._last) - 1] = self._last[:-1]
        self._last = last

    def check(self, frame: TickFrame, numbers: Ints, source: str) -> tuple[TickFrame, list[DeadLetter]]:
        """Return the frame without prints that go back, and those."""
        sip_ns, code = frame.sip_ns, frame.code
        if not len(sip_ns):
            return frame, []
        if sip_ns[0] >= self._last.max() and bool((sip_ns[1:] >= sip_ns[:-1]).all()):
            self._last[code] = sip_ns
            return frame, []
        highest = self._highest(frame)
        back = (sip_ns < highest) & (code < len(frame.symbols))
        self._last[code] = highest
        if not back.any():
            return frame, []
        kept = ~back
        letters = [
            dead_letter(source, int(numbers[row]), ticks.SIP_NS, *self._told(frame, row, int(highest[row])))
            for row in map(int, np.flatnonzero(back))
        ]
        return frame.take(kept), letters

    def _highest(self, frame: TickFrame) -> Ints:
        """Return for each print the latest time of its symbol up to it."""
        rows = pl.DataFrame({"code": frame.code, "sip_ns": frame.sip_ns})
        running = rows.select(pl.col("sip_ns").cum_max().over("code")).to_series().to_numpy()
        highest: Ints = np.maximum(running, self._last[frame.code])
        return highest

    def _told(self, frame: TickFrame, row: int, highest: int) -> tuple[str, str]:
        symbol, at_ns, price = frame.symbols[frame.code[row]], int(frame.sip_ns[row]), float(frame.price[row])
        return f"{symbol} goes back in time, after {iso(highest)}", f"{symbol} {at_ns} {price}"
