"""What the feed brings, and what people command, onto one tape in one order.

Rule: a command's time is the feed's, never before what is on the tape already, so that it has a place in the order.
"""

from collections.abc import Callable
from threading import Event, Lock
from typing import Final

from flows.feed.feed_clock import FeedClock
from flows.feed.sink import Gap, GapState
from flows.tape.segments import payloads
from flows.tape.segments.payloads import GapMark, PlanCommand
from flows.tape.segments.record import Record
from flows.tape.segments.writer import TapeWriter
from operators.market_events import MarketEvent

_STATES: Final = {GapState.OPEN: "open", GapState.CLOSED: "close"}


class TapeSink:
    """Takes a feed's frames and marks; `commit` writes what was taken since.  `ready` once time was told."""

    def __init__(self, writer: TapeWriter, clock: FeedClock) -> None:
        self._writer, self._clock = writer, clock
        self._held: list[Record] = []
        self._lock = Lock()
        self._last_ns = 0
        self.ready = Event()

    def append(self, frame: bytes, received_ns: int) -> None:
        """Take one message as it was received."""
        self._take(payloads.frame(frame, received_ns))

    def repair(self, symbol: str, page: bytes, received_ns: int) -> None:
        """Take one page of a symbol's trades from REST."""
        self._take(payloads.repair(symbol, page, received_ns))

    def mark_gap(self, gap: Gap, received_ns: int) -> None:
        """Take what is known of a gap; one that is open and has an end is lost for good."""
        lost = gap.state is GapState.OPEN and gap.to_ns is not None
        state = "lost" if lost else _STATES[gap.state]
        mark = GapMark(gap.name, state, gap.from_ns, gap.to_ns, gap.symbols, gap.reason)  # type: ignore[arg-type]
        self._take(payloads.gap(mark, received_ns))

    def clock(self, at_ns: int) -> None:
        """Take note that time has reached `at_ns`."""
        self._take(payloads.clock(at_ns))
        self.ready.set()

    def commit(self) -> None:
        """Write what was taken."""
        with self._lock:
            held, self._held = self._held, []
            self._writer.append(held)

    def command(self, given: PlanCommand) -> int:
        """Write a command at once, after what was taken; return its time, ns UTC."""
        return self._at_once(lambda at_ns: payloads.command(given, at_ns))

    def market_events(self, events: tuple[MarketEvent, ...]) -> int:
        """Write market events at once, after what was taken; return their time, ns UTC."""
        return self._at_once(lambda at_ns: payloads.market_events(events, at_ns))

    def _at_once(self, record: Callable[[int], Record]) -> int:
        with self._lock:
            at_ns = max(self._clock.now_ns(), self._last_ns)
            self._last_ns = at_ns
            held, self._held = self._held, []
            self._writer.append([*held, record(at_ns)])
        return at_ns

    def _take(self, record: Record) -> None:
        with self._lock:
            self._last_ns = max(self._last_ns, record.receive_ns)
            self._held.append(record)
