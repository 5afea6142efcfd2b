"""One worker's tape: what is known beforehand, then frames and marks, then the tape's end."""

import time
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from bytewax.inputs import StatelessSourcePartition

from flows.addressing import Addressing
from flows.cutting import Cut, cut_pieces
from flows.errors import CommandError
from flows.failures import Failures
from flows.gathered import Gathered
from flows.items import CutFrame, TapeItem, ToAll, Unusable
from flows.meter import Meter
from flows.opening import opening
from flows.recovery.place import Place
from flows.recovery.places import Places
from flows.replayed import Replay
from flows.strides import MANY_ROWS, Strides
from flows.tape.ends import LEFT, NOT_YET, Ends
from flows.tape.pacing import Paced, Pacer, paced, recut, time_ordered
from flows.tape.reader import TapePiece
from operators.frames import TickFrame
from operators.records import ClockMark, TapeEnd

POLL_SECONDS: Final = 0.01
"""How often a growing tape is looked at when it has nothing new."""
LONGEST_WAIT_SECONDS: Final = 0.1
MANY_ITEMS: Final = 1_000
HELD_SECONDS: Final = 0.01
"""So much, or what is held for so long, goes on its way without waiting for what stands behind it."""

Frame = TickFrame | CutFrame
AnyFrame = TypeVar("AnyFrame", TickFrame, CutFrame, Paced)


class TapePartition(StatelessSourcePartition[TapeItem]):
    """One share of the tape.  Its end is the end of all shares, so the last word waits for them."""

    def __init__(
        self,
        replayed: Replay,
        meter: Meter,
        ends: Ends,
        failures: Failures,
        cut: Cut | None = None,
        workers: int = 1,
    ) -> None:
        self._replay, self._meter, self._ends, self._failures, self._cut = replayed, meter, ends, failures, cut
        self._addressing = Addressing(replayed)
        resume = replayed.reader.resume
        self._passed = self._addressing.passed
        share, ahead = replayed.reader.share, replayed.ahead
        self._places = Places(share, resume, self._passed, workers, ahead) if replayed.kept else None
        self._unusable: list[TapeItem] = []
        self._end_ns = 0 if resume is None else resume.end_ns
        meter.end_ns = max(meter.end_ns, self._end_ns)
        self._items = self._tape()
        self._held: Paced | None = None
        self._due = 0.0

    def next_batch(self) -> list[TapeItem]:
        """Return the next frame with what comes along; raises StopIteration at the end, or once a failure is kept."""
        if self._failures:
            raise StopIteration
        try:
            return self._next()
        except CommandError as error:
            self._meter.failure, self._meter.failure_code = str(error), error.exit_code
            self._failures.meet(error)
            raise StopIteration from None

    def _next(self) -> list[TapeItem]:
        if time.monotonic() < self._due and not self._meter.stop.is_set():
            return []
        if self._held is not None:
            frame, self._held = self._held.frame, None
            return self._with_unusable(frame)
        item = next(self._items)
        if isinstance(item, Paced):
            self._held, self._due = item, item.due
            return []
        if isinstance(item, list):
            self._due = 0.0 if item else time.monotonic() + POLL_SECONDS
            return item
        return self._with_unusable(item)

    def next_awake(self) -> datetime | None:
        """Return when a paced frame is due, or when to look again whether the tape has grown."""
        wait = self._due - time.monotonic()
        if wait <= 0:
            return None
        return datetime.now(UTC) + timedelta(seconds=min(wait, LONGEST_WAIT_SECONDS))

    def close(self) -> None:
        """Stop reading ahead."""
        self._items.close()

    @property
    def _symbols(self) -> tuple[str, ...]:
        return self._addressing.symbols

    def _tape(self) -> Generator[Frame | Paced | list[TapeItem], None, None]:
        yield [*opening(self._replay, self._addressing), *([] if self._places is None else self._places.opening())]
        frames = self._frames()
        if self._places is not None:
            yield from self._with_places(self._places)
        elif self._replay.reader.has_log:
            yield from self._with_marks()
        elif self._replay.speed is not None:
            yield from self._until_stopped(paced(time_ordered(frames), self._replay.speed))
        elif self._replay.batch_rows is not None:
            yield from self._until_stopped(recut(frames, self._replay.batch_rows))
        elif self._cut is not None:
            yield from self._until_stopped(self._cut_frames())
        else:
            yield from self._until_stopped(frames)
        yield from self._ended()
        yield self._closing()

    def _ended(self) -> Iterator[list[TapeItem]]:
        """Tell the others where this worker's tape ends, and wait until all have; who was stopped has no end."""
        place = self._replay.reader.share.index
        self._ends[place] = LEFT if self._meter.stopped_early else self._end_ns + 1
        while NOT_YET in (ends := list(self._ends)) and LEFT not in ends:
            yield []
        if LEFT in ends:
            self._meter.stopped_early = True
        self._end_ns = max(ends) - 1

    def _with_marks(self) -> Iterator[TickFrame | Paced | list[TapeItem]]:
        """Yield frames and, each at its place, what stands between them; nothing is moved across a mark."""
        pacer = None if self._replay.speed is None else Pacer(self._replay.speed)
        for piece in self._pieces_until_stopped():
            self._note(piece)
            if len(piece.frame.sip_ns):
                self._passed.gave(piece.frame)
                yield from self._cuts(piece.frame, pacer)
            items = self._besides(piece)
            if items or (piece.idle and self._replay.follow):
                yield items

    def _with_places(self, places: Places) -> Iterator[list[TapeItem]]:
        """The same, and with everything the place behind it; a piece is cut only where rows can be told apart.

        What stands together on the tape goes together: every batch is a transaction in the end.
        """
        gathered, since = Gathered(), time.monotonic()
        strides = Strides(self._replay.batch_rows, follow=self._replay.follow)
        for piece in self._pieces_until_stopped():
            self._note(piece)
            places.end_ns = self._end_ns
            count = len(piece.frame.sip_ns)
            for first, last in strides.edges(count):
                if first and self._meter.stop.is_set() and not self._replay.follow:
                    self._meter.stopped_early = True
                    yield gathered.take()
                    return
                self._give(piece, slice(first, last), gathered)
                gathered.stand(places.at(_behind(piece, last - 1)))
                if last < count or self._replay.batch_rows is not None:
                    yield gathered.take()
            gathered.items(self._besides(piece))
            if not piece.idle or gathered:
                gathered.stand(places.at(piece.place))
            if piece.memory is not None and places.anchor_due and not piece.idle:
                remembered = piece.memory(), self._addressing.calendar.events, self._addressing.gaps.to_plain()
                gathered.stand(places.anchor(piece.place, *remembered))
            much = max(piece.rows, gathered.rows) >= MANY_ROWS or len(gathered) >= MANY_ITEMS
            many = much or self._replay.batch_rows is not None
            if piece.idle or many or (self._replay.follow and time.monotonic() - since > HELD_SECONDS):
                yield gathered.take()
                since = time.monotonic()
        if gathered:
            yield gathered.take()

    def _give(self, piece: TapePiece, rows: slice, gathered: Gathered) -> None:
        frame = piece.frame.take(rows)
        self._passed.gave(frame)
        self._show(frame)
        if piece.cut is None:
            gathered.frame(frame)
        else:
            gathered.items((piece.cut,))

    def _besides(self, piece: TapePiece) -> list[TapeItem]:
        """Return what stands behind a piece's frame, and what of the tape could not be used."""
        items, self._unusable = [*self._unusable, *self._addressing.items(piece.marks, piece.place)], []
        return items

    def _pieces_until_stopped(self) -> Iterator[TapePiece]:
        pieces = self._pieces()
        while True:
            stopping = self._meter.stop.is_set()  # asked first: who is gone before the tape is read has written it all
            piece = next(pieces, None)
            if piece is None:
                return
            if stopping and (not self._replay.follow or (piece.idle and (piece.at_end is None or piece.at_end()))):
                self._meter.stopped_early = not self._replay.follow
                return
            yield piece

    def _pieces(self) -> Iterator[TapePiece]:
        """Cut ahead what goes on whole: a file's pieces, unless they are to be of another size."""
        pieces = self._replay.reader.pieces(follow=self._replay.follow)
        if self._cut is None or self._replay.reader.has_log or self._replay.batch_rows is not None:
            return pieces
        return cut_pieces(pieces, self._cut)

    def _cuts(self, frame: TickFrame, pacer: Pacer | None) -> Iterator[TickFrame | Paced]:
        if pacer is not None:
            return pacer.cuts(frame)
        rows = self._replay.batch_rows
        return iter((frame,)) if rows is None else recut((frame,), rows)

    def _until_stopped(self, frames: Iterator[AnyFrame]) -> Iterator[AnyFrame]:
        for frame in frames:
            if self._meter.stop.is_set():
                self._meter.stopped_early = True
                return
            yield frame

    def _frames(self) -> Iterator[TickFrame]:
        for piece in self._replay.reader.pieces():
            self._note(piece)
            yield piece.frame

    def _cut_frames(self) -> Iterator[CutFrame]:
        for piece in self._pieces():
            self._note(piece)
            if piece.cut is not None:
                yield piece.cut

    def _note(self, piece: TapePiece) -> None:
        self._end_ns = max(self._end_ns, piece.end_ns)
        if piece.dead_letters:
            self._unusable.append(Unusable(tuple(piece.dead_letters)))
        self._meter.read(piece.rows, self._end_ns)

    def _show(self, frame: Frame) -> None:
        end_ns = frame.end_ns if isinstance(frame, CutFrame) else int(frame.sip_ns.max(initial=0))
        self._meter.tape_ns = max(self._meter.tape_ns, end_ns)

    def _with_unusable(self, frame: Frame) -> list[TapeItem]:
        self._show(frame)
        items, self._unusable = [*self._unusable, frame], []
        return items

    def _closing(self) -> list[TapeItem]:
        """At a tape's own end its last clock mark comes again: a life before may have left it out as of no effect."""
        rest: list[TapeItem] = list(self._unusable)
        if self._meter.stopped_early:
            return [*rest, ToAll(self._symbols, TapeEnd(None))]
        if self._replay.to_ns is None:
            if self._addressing.reached_ns:
                rest.append(ToAll(self._symbols, ClockMark(self._addressing.reached_ns)))
            return [*rest, ToAll(self._symbols, TapeEnd(self._end_ns))]
        mark = ToAll(self._symbols, ClockMark(self._replay.to_ns))
        return [*rest, mark, ToAll(self._symbols, TapeEnd(self._replay.to_ns))]


def _behind(piece: TapePiece, row: int) -> Place:
    """Return the place behind a print of a piece."""
    return piece.place._replace(row=int(piece.numbers[row]) + 1)
