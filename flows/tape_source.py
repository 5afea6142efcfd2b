"""The recorded tape as a source of the dataflow: what is known beforehand, then frames, then the tape's end."""

import time
import zlib
from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bytewax.inputs import DynamicSource, StatelessSourcePartition

from flows.errors import CommandError
from flows.items import Commands, History, MarketCalendar, TapeItem, ToAll, Unusable
from flows.meter import Meter
from flows.tape.pacing import Paced, paced, recut, time_ordered
from flows.tape.reader import TapePiece, TapeReader
from operators.bars.columns import Bars, Interval
from operators.chains.chain_history import ChainHistory
from operators.frames import TickFrame
from operators.market_events import MarketEvent
from operators.plans import Plan
from operators.records import Cancel, ClockMark, Command, Register, TapeEnd


@dataclass(frozen=True, slots=True)
class Replay:
    """What is replayed.  `reader` reads the tape of all watched symbols; `to_ns`: where the replay stops, if anywhere.

    `batch_rows` re-cuts the frames; `speed` paces them by event time; None leaves them as they come.  `history`: bars
    from before the tape, by symbol; `chains`: option quotes, by underlying.
    """

    plans: tuple[Plan, ...]
    events: tuple[MarketEvent, ...]
    reader: TapeReader
    cancels: tuple[Cancel, ...] = ()
    to_ns: int | None = None
    batch_rows: int | None = None
    speed: float | None = None
    history: Mapping[str, Mapping[Interval, Bars]] = field(default_factory=dict)
    chains: Mapping[str, ChainHistory] = field(default_factory=dict)


def shard(symbols: Sequence[str], index: int, count: int) -> tuple[str, ...]:
    """Return the symbols that worker `index` of `count` reads; every symbol has one worker, whoever asks."""
    return tuple(symbol for symbol in symbols if zlib.crc32(symbol.encode()) % count == index)


class TapeSource(DynamicSource[TapeItem]):
    """Gives every worker the tape of its own symbols."""

    def __init__(self, replayed: Replay, meter: Meter) -> None:
        self._replay, self._meter = replayed, meter

    def build(self, step_id: str, worker_index: int, worker_count: int) -> "TapePartition":
        """Open the tape for one worker."""
        symbols = shard(self._replay.reader.watched, worker_index, worker_count)
        mine = replace(self._replay, reader=replace(self._replay.reader, watched=symbols))
        return TapePartition(mine, self._meter, leads=worker_index == 0)


class TapePartition(StatelessSourcePartition[TapeItem]):
    """One worker's tape.  The leading worker also counts rows and reports what nobody could use."""

    def __init__(self, replayed: Replay, meter: Meter, *, leads: bool) -> None:
        self._replay, self._meter, self._leads = replayed, meter, leads
        self._symbols = tuple(replayed.reader.watched)
        self._unusable: list[TapeItem] = []
        self._end_ns = 0
        self._items = self._tape()
        self._held: Paced | None = None

    def next_batch(self) -> list[TapeItem]:
        """Return the next frame with what comes along; raises StopIteration at the end of the tape."""
        try:
            return self._next()
        except CommandError as error:
            self._meter.failure, self._meter.failure_code = str(error), error.exit_code
            raise

    def _next(self) -> list[TapeItem]:
        if self._held is not None:
            if time.monotonic() < self._held.due and not self._meter.stop.is_set():
                return []
            frame, self._held = self._held.frame, None
            return self._with_unusable(frame)
        item = next(self._items)
        if isinstance(item, Paced):
            self._held = item
            return []
        return item if isinstance(item, list) else self._with_unusable(item)

    def next_awake(self) -> datetime | None:
        """Return when a paced frame is due."""
        if self._held is None:
            return None
        wait = min(max(0.0, self._held.due - time.monotonic()), 0.1)
        return datetime.now(UTC) + timedelta(seconds=wait)

    def close(self) -> None:
        """Stop reading ahead."""
        self._items.close()

    def _tape(self) -> Generator[TickFrame | Paced | list[TapeItem], None, None]:
        yield self._opening()
        frames = self._frames()
        if self._replay.speed is not None:
            yield from self._until_stopped(paced(time_ordered(frames), self._replay.speed))
        elif self._replay.batch_rows is not None:
            yield from self._until_stopped(recut(frames, self._replay.batch_rows))
        else:
            yield from self._until_stopped(frames)
        yield self._closing()

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
        letters = tuple(piece.dead_letters if self._leads else piece.backwards)
        if letters:
            self._unusable.append(Unusable(letters))
        if self._leads:
            self._meter.rows += piece.rows
            self._meter.end_ns = self._end_ns

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
        past, chains = self._replay.history, self._replay.chains
        known_of = [symbol for symbol in self._symbols if symbol in past or symbol in chains]
        history = [History(symbol, past.get(symbol, {}), chains.get(symbol)) for symbol in known_of]
        known = [Commands(symbol, tuple(commands[symbol])) for symbol in self._symbols if symbol in commands]
        return [*history, *known, ToAll(self._symbols, MarketCalendar(self._replay.events))]

    def _closing(self) -> list[TapeItem]:
        rest: list[TapeItem] = list(self._unusable)
        if self._meter.stopped_early:
            return [*rest, ToAll(self._symbols, TapeEnd(None))]
        if self._replay.to_ns is None:
            return [*rest, ToAll(self._symbols, TapeEnd(self._end_ns))]
        mark = ToAll(self._symbols, ClockMark(self._replay.to_ns))
        return [*rest, mark, ToAll(self._symbols, TapeEnd(self._replay.to_ns))]
