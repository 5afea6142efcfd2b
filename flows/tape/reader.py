"""One reader for every tape, recorded or growing: files in, frames of the watched symbols out, bounded in memory."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

import numpy as np
import polars as pl

from flows.items import Commands, CutFrame, Watch
from flows.kafka.topic import TopicTape
from flows.recovery.place import Place
from flows.recovery.resume import Resume
from flows.tape.commands import CommandReader
from flows.tape.csv_reader import read_csv
from flows.tape.files import TapeFile
from flows.tape.log_reader import read_log
from flows.tape.order_guard import OrderGuard
from flows.tape.parquet_reader import read_parquet
from flows.tape.prefetch import prefetched
from flows.tape.scan import ROW, Mark, Piece, ScanFilter, filtered
from flows.tape.segments.segment import Offset
from flows.tape.share import Share
from operators import ticks
from operators.coding import Coder
from operators.columnar import Ints
from operators.frames import TickFrame
from operators.rows import DeadLetter
from operators.times import DEFAULT_LATE_NS, NEVER
from operators.universe import floors_of, without_earlier

AHEAD: Final = 2


@dataclass(frozen=True, slots=True)
class TapePiece:
    """Some of the tape: a frame, and what of it could not be used, prints that go back in their symbol's time included.

    `rows`: how many this worker counts; `end_ns`: the last SIP time among those it read, ns UTC, 0 when there is none.
    `marks` come after the frame; `numbers`: the rows of the frame's prints; `place`: behind all of the piece; `idle`:
    it has nothing new; `memory`, `at_end`: see `scan.Piece`.  `cut`: the frame once it was cut ahead, if it was.
    """

    frame: TickFrame
    dead_letters: list[DeadLetter]
    rows: int
    end_ns: int
    numbers: Ints
    place: Place
    marks: tuple[Mark, ...] = ()
    idle: bool = False
    memory: Callable[[], tuple[Any, ...]] | None = None
    at_end: Callable[[], bool] | None = None
    cut: CutFrame | None = None


@dataclass(slots=True)
class TapeReader:
    """Reads files one after the other.  `watched`: the symbols to keep; all others are only counted.

    `for_bars`: frames hold what bars are built of as well.  Of a tape with plan commands, symbols that a command names
    are watched from there on as well, if they are within `share`; `plan_symbols`: of plans known from elsewhere;
    `grows`: so are those that a command adds to the universe, `wanted` or not, with the prints that are not older.
    `odd_lots`, `extended_hours`: what commanded plans do that are silent about it; `elsewhere`: symbols that other
    workers watch.  What belongs to no worker's symbols is the first one's to count and to tell.  `resume`: what of the
    tape is part of the symbols' states already.
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
    resume: Resume | None = None
    grows: bool = False
    since_ns: dict[str, int] = field(default_factory=dict)

    @property
    def has_log(self) -> bool:
        """Whether there is a tape among the files that was recorded live: only those have marks."""
        return any(file.is_log for file in self.files)

    @property
    def topic(self) -> TopicTape | None:
        """The topic that is read, if it is one; it is read alone."""
        return self.files[0].topic if self.files else None

    def pieces(self, *, follow: bool = False) -> Iterator[TapePiece]:
        """Yield the tape in order.  A print that goes back in its symbol's time is a dead letter.

        `follow`: the last file is a tape that grows; an empty piece says that there is nothing new at the moment.
        """
        coder, until_ns = Coder(self.watched, self.late_ns, for_bars=self.for_bars), self.wanted.to_ns
        order = OrderGuard(self.watched, NEVER if until_ns is None else until_ns)
        if self.resume is not None:
            order.restore([self.resume.newest_ns.get(symbol, 0) for symbol in self.watched])
        for index, file in enumerate(self.files):
            if self.resume is not None and index < self.resume.start.file:
                continue
            if file.is_log:
                yield from self._of_log(index, order, follow=follow and file is self.files[-1])
            else:
                yield from self._of_file(index, coder, order)

    def new(self, symbol: str, place: Place) -> bool:
        """Whether what ends at a place is no part of a symbol's state yet."""
        return self.resume is None or place > self.resume.reached.of(symbol)

    def _of_file(self, index: int, coder: Coder, order: OrderGuard) -> Iterator[TapePiece]:
        """Yield the pieces of one file; only Parquet keeps bad rows of others from being read."""
        file, first_row = self.files[index], 1
        if self.resume is not None and self.resume.start.file == index:
            first_row = max(1, self.resume.start.row)
        source, tells, place = str(file.path), file.is_parquet or self._leads, Place(index, 0, first_row)
        for piece in read_file(file, replace(self._own(), first_row=first_row, to_ns=None), coder):
            rows = piece.ticks
            frame, numbers = self._new(*self._frame(rows, coder), index, 0)
            frame, numbers, backwards = order.check(frame, numbers, source)
            if len(rows):
                place = Place(index, 0, int(rows.get_column(ROW)[-1]) + 1)
            if self.wanted.to_ns is not None:
                rows = rows.filter(pl.col(ticks.SIP_NS) <= self.wanted.to_ns)
            end_ns = int(rows.get_column(ticks.SIP_NS).max() or 0) if len(rows) else 0  # type: ignore[arg-type]
            letters = piece.dead_letters if tells else []
            yield TapePiece(frame, [*letters, *backwards], len(rows) + len(letters), end_ns, numbers, place)

    def _new(self, frame: TickFrame, numbers: Ints, file: int, segment: int) -> tuple[TickFrame, Ints]:
        """Leave out the prints that are part of their symbols' states already."""
        first = None if self.resume is None else self.resume.reached.rows(frame.symbols, file, segment)
        if first is None:
            return frame, numbers
        new = numbers >= np.array([*first, 0], dtype=np.int64)[frame.code]
        return (frame, numbers) if new.all() else (frame.take(new), numbers[new])

    @property
    def _leads(self) -> bool:
        return self.share.index == 0

    def _own(self) -> ScanFilter:
        if self.share.count == 1:
            return self.wanted
        if self._leads:
            return replace(self.wanted, without=tuple(self.elsewhere))
        return replace(self.wanted, only=tuple(self.watched))

    def _of_log(self, index: int, order: OrderGuard, *, follow: bool) -> Iterator[TapePiece]:
        """Yield a live recording's pieces.  It has been held against going back, whoever watches which symbol when."""
        file = self.files[index]
        memory = self.resume.memory if self.resume is not None and self.resume.start.file == index else None
        coder, known = Coder((), self.late_ns, for_bars=self.for_bars), set(self.watched)
        coded: Sequence[str] = ()
        for each in self._log_pieces(file, memory, follow=follow):
            piece = filtered(each, self.wanted) if self.grows else each
            if len(piece.ticks) and coded is not self.watched:  # many may be new at once: plans come one by one
                coded, coder = self.watched, Coder(self.watched, self.late_ns, for_bars=self.for_bars)
                order.widen(len(coded))
            yield self._log_piece(piece, coder, order, index)
            self._join(piece.marks, known)

    def _join(self, marks: Sequence[Mark], known: set[str]) -> None:
        """Watch from here on the symbols that marks name and that are not `known`."""
        new = []
        for mark in marks:
            if not isinstance(mark, Commands | Watch) or mark.symbol in known or not self.share.holds(mark.symbol):
                continue
            if isinstance(mark, Watch):
                if not self.grows:
                    continue
                self.wanted = self.wanted.with_symbol(mark.symbol)
                self.since_ns = {**self.since_ns, mark.symbol: mark.since_ns}
            known.add(mark.symbol)
            new.append(mark.symbol)
        if new:
            self.watched = (*self.watched, *new)

    def _log_pieces(self, file: TapeFile, memory: tuple[Any, ...] | None, *, follow: bool) -> Iterator[Piece]:
        """Yield a tape's pieces; of a topic those of this share's partition, or of all if the shares are others."""
        topic, wanted = file.topic, replace(self.wanted, symbols=None) if self.grows else self.wanted
        if topic is None:
            return read_log(file.path, wanted, self._commands(), follow=follow, memory=memory)
        from flows.kafka.reading import read_partition, read_topic

        if self.share.count == topic.partitions:
            index = self.share.index
            return read_partition(topic, index, wanted, self._commands(), follow=follow, memory=memory)
        return read_topic(topic, wanted, self._commands)

    def _commands(self) -> CommandReader:
        return CommandReader(self.plan_symbols, odd_lots=self.odd_lots, extended_hours=self.extended_hours)

    def _log_piece(self, piece: Piece, coder: Coder, order: OrderGuard, index: int) -> TapePiece:
        rows, at = piece.ticks, piece.offset or Offset(0, 0)
        frame, numbers = no_frame(for_bars=self.for_bars), np.empty(0, np.int64)
        backwards, end_ns = list[DeadLetter](), 0
        if len(rows):
            frame, numbers = self._new(*self._frame(coder.coded(rows), coder), index, at.segment)
            frame, numbers, backwards = order.check(frame, numbers, self.files[index].name)
            end_ns = int(rows.get_column(ticks.SIP_NS).max() or 0)  # type: ignore[arg-type]
        tells = self._leads or self.topic is not None  # a topic's other partitions nobody else reads
        letters, read = (piece.dead_letters, piece.read or 0) if tells else ([], 0)
        idle, place = not (piece.read or piece.marks or piece.dead_letters), Place(index, *at)
        told = [*letters, *backwards], read, end_ns, numbers, place, piece.marks, idle, piece.memory, piece.at_end
        return TapePiece(frame, *told)

    def _frame(self, rows: pl.DataFrame, coder: Coder) -> tuple[TickFrame, Ints]:
        """Return a piece as a frame, and each print's row number; unwatched symbols are left out where they abound."""
        numbers = rows.get_column(ROW).to_numpy()
        frame = framed(rows, self.watched, coder)
        if self.since_ns:
            frame = without_earlier(frame, floors_of(frame.symbols, self.since_ns))
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


@lru_cache(maxsize=2)
def no_frame(*, for_bars: bool) -> TickFrame:
    """Return a frame without prints, of no symbols: names by the thousand would cost more than the mark behind it."""
    codes, flags = np.empty(0, np.uint16), np.empty(0, np.uint8)
    frame = TickFrame((), codes, np.empty(0, np.int64), np.empty(0), flags)
    return replace(frame, size=np.empty(0), behind=codes) if for_bars else frame


def read_file(file: TapeFile, wanted: ScanFilter, coder: Coder | None = None) -> Iterator[Piece]:
    """Yield the pieces of one file, some of them read ahead.

    Only the work that leaves Python alone runs ahead: polars decodes Parquet in threads of its own, CSV gets one here.
    What holds the interpreter's lock would slow the rules more than it gains.
    """
    if file.topic is not None:
        from flows.kafka.reading import read_topic

        return read_topic(file.topic, wanted)
    if file.is_log:
        return read_log(file.path, wanted)
    if file.is_parquet:
        return read_parquet(file, wanted, coder)
    return prefetched(read_csv(file, wanted, coder), AHEAD)
