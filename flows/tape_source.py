"""The tape as a source of the dataflow: what is known beforehand, then frames and marks, then the tape's end."""

import time
from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from bytewax.inputs import DynamicSource, StatelessSourcePartition

from flows.errors import CommandError
from flows.items import Commands, GapOf, History, MarketCalendar, TapeItem, ToAll, Unusable
from flows.meter import Meter
from flows.tape.pacing import Paced, Pacer, paced, recut, time_ordered
from flows.tape.reader import TapePiece, TapeReader
from flows.tape.scan import Mark
from flows.tape.share import Share
from flows.tape.told_gaps import ToldGaps
from operators.bars.columns import Bars, Interval
from operators.bars.splits import Split
from operators.chains.chain_history import ChainHistory
from operators.frames import TickFrame
from operators.market_events import MarketEvent
from operators.plans import Plan
from operators.records import Cancel, ClockMark, Command, Register, TapeEnd

POLL_SECONDS: Final = 0.01
"""How often a growing tape is looked at when it has nothing new."""
LONGEST_WAIT_SECONDS: Final = 0.1

NOT_YET: Final = 0
LEFT: Final = -1


class Ends(Protocol):
    """Where each worker's tape ended, shared by all workers: SIP time in ns UTC plus 1, or NOT_YET, or LEFT midway."""

    def __setitem__(self, index: int, value: int, /) -> None:
        """Tell of one worker."""

    def __iter__(self) -> Iterator[int]:
        """Ask for all."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What is replayed.  `reader` reads the tape of all watched symbols; `to_ns`: where the replay stops, if anywhere.

    `batch_rows` re-cuts the frames; `speed` paces them by event time; None leaves them as they come.  `history`: bars
    from before the tape, by symbol; `splits`: those after the first session, by symbol, oldest first; `chains`: option
    quotes, by underlying.  `follow`: the tape grows, and has no end until somebody stops the run.
    """

    plans: tuple[Plan, ...]
    events: tuple[MarketEvent, ...]
    reader: TapeReader
    cancels: tuple[Cancel, ...] = ()
    to_ns: int | None = None
    batch_rows: int | None = None
    speed: float | None = None
    history: Mapping[str, Mapping[Interval, Bars]] = field(default_factory=dict)
    follow: bool = False
    splits: Mapping[str, tuple[Split, ...]] = field(default_factory=dict)
    chains: Mapping[str, ChainHistory] = field(default_factory=dict)


def shard(symbols: Sequence[str], index: int, count: int) -> tuple[str, ...]:
    """Return the symbols that worker `index` of `count` reads."""
    return tuple(filter(Share(index, count).holds, symbols))


class TapeSource(DynamicSource[TapeItem]):
    """Gives every worker the tape of its own symbols."""

    def __init__(self, replayed: Replay, meter: Meter, ends: Ends) -> None:
        self._replay, self._meter, self._ends = replayed, meter, ends

    def build(self, step_id: str, worker_index: int, worker_count: int) -> "TapePartition":
        """Open the tape for one worker."""
        share, every = Share(worker_index, worker_count), self._replay.reader.watched
        symbols = shard(every, worker_index, worker_count)
        elsewhere = tuple(symbol for symbol in every if not share.holds(symbol))
        reader = replace(self._replay.reader, watched=symbols, share=share, elsewhere=elsewhere)
        return TapePartition(replace(self._replay, reader=reader), self._meter, self._ends)


class TapePartition(StatelessSourcePartition[TapeItem]):
    """One worker's tape.  Its end is the end of all workers' tapes, so the last word waits for them."""

    def __init__(self, replayed: Replay, meter: Meter, ends: Ends) -> None:
        self._replay, self._meter, self._ends = replayed, meter, ends
        self._symbols = tuple(replayed.reader.watched)
        self._calendar, self._gaps = MarketCalendar(replayed.events), ToldGaps()
        self._unusable: list[TapeItem] = []
        self._end_ns = 0
        self._items = self._tape()
        self._held: Paced | None = None
        self._due = 0.0

    def next_batch(self) -> list[TapeItem]:
        """Return the next frame with what comes along; raises StopIteration at the end of the tape."""
        try:
            return self._next()
        except CommandError as error:
            self._meter.failure, self._meter.failure_code = str(error), error.exit_code
            raise

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

    def _tape(self) -> Generator[TickFrame | Paced | list[TapeItem], None, None]:
        yield self._opening()
        frames = self._frames()
        if self._replay.reader.has_log:
            yield from self._with_marks()
        elif self._replay.speed is not None:
            yield from self._until_stopped(paced(time_ordered(frames), self._replay.speed))
        elif self._replay.batch_rows is not None:
            yield from self._until_stopped(recut(frames, self._replay.batch_rows))
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
        pieces = self._replay.reader.pieces(follow=self._replay.follow)
        while True:
            stopping = self._meter.stop.is_set()  # asked first: who is gone before the tape is read has written it all
            piece = next(pieces, None)
            if piece is None:
                return
            if stopping and (piece.idle or not self._replay.follow):
                self._meter.stopped_early = not self._replay.follow
                return
            self._note(piece)
            if len(piece.frame.sip_ns):
                yield from self._cuts(piece.frame, pacer)
            items, self._unusable = [*self._unusable, *self._addressed(piece.marks)], []
            if items or (piece.idle and self._replay.follow):
                yield items

    def _cuts(self, frame: TickFrame, pacer: Pacer | None) -> Iterator[TickFrame | Paced]:
        if pacer is not None:
            return pacer.cuts(frame)
        rows = self._replay.batch_rows
        return iter((frame,)) if rows is None else recut((frame,), rows)

    def _addressed(self, marks: Sequence[Mark]) -> Iterator[TapeItem]:
        """Give marks the symbols of this worker that they must reach; a command may bring a new one."""
        for mark in marks:
            match mark:
                case Commands():
                    if mark.symbol not in self._symbols and self._replay.reader.share.holds(mark.symbol):
                        self._symbols = (*self._symbols, mark.symbol)
                        yield ToAll((mark.symbol,), self._calendar)
                        yield from self._gaps.standing(mark.symbol)
                    if mark.symbol in self._symbols:
                        yield mark
                case MarketCalendar():
                    self._calendar = MarketCalendar((*self._calendar.events, *mark.events))
                    yield ToAll(self._symbols, mark)
                case ClockMark():
                    yield ToAll(self._symbols, mark)
                case GapOf():
                    yield from self._gaps.take(mark, self._symbols)

    def _until_stopped(self, frames: Iterator[TickFrame] | Iterator[Paced]) -> Iterator[TickFrame | Paced]:
        for frame in frames:
            if self._meter.stop.is_set():
                self._meter.stopped_early = True
                return
            yield frame

    def _frames(self) -> Iterator[TickFrame]:
        for piece in self._replay.reader.pieces():
            self._note(piece)
            yield piece.frame

    def _note(self, piece: TapePiece) -> None:
        self._end_ns = max(self._end_ns, piece.end_ns)
        if piece.dead_letters:
            self._unusable.append(Unusable(tuple(piece.dead_letters)))
        self._meter.read(piece.rows, self._end_ns)

    def _with_unusable(self, frame: TickFrame) -> list[TapeItem]:
        if len(frame.sip_ns):
            self._meter.tape_ns = max(self._meter.tape_ns, int(frame.sip_ns[-1]))
        items, self._unusable = [*self._unusable, frame], []
        return items

    def _opening(self) -> list[TapeItem]:
        commands: dict[str, list[Command]] = defaultdict(list)
        symbols: dict[str, str] = {}
        for plan in self._replay.plans:
            symbols[plan.plan_id] = plan.symbol
            commands[plan.symbol].append(Register(plan.valid_from_ns, plan))
        for cancel in self._replay.cancels:
            commands[symbols[cancel.plan_id]].append(cancel)
        past, splits, chains = self._replay.history, self._replay.splits, self._replay.chains
        known_of = [each for each in self._symbols if each in past or each in splits or each in chains]
        history = [History(each, past.get(each, {}), splits.get(each, ()), chains.get(each)) for each in known_of]
        known = [Commands(symbol, tuple(commands[symbol])) for symbol in self._symbols if symbol in commands]
        return [*history, *known, ToAll(self._symbols, self._calendar)]

    def _closing(self) -> list[TapeItem]:
        rest: list[TapeItem] = list(self._unusable)
        if self._meter.stopped_early:
            return [*rest, ToAll(self._symbols, TapeEnd(None))]
        if self._replay.to_ns is None:
            return [*rest, ToAll(self._symbols, TapeEnd(self._end_ns))]
        mark = ToAll(self._symbols, ClockMark(self._replay.to_ns))
        return [*rest, mark, ToAll(self._symbols, TapeEnd(self._replay.to_ns))]
