"""From the queue to the sink, in order; a gap is repaired at its place, while what came after it waits in the queue."""

from collections.abc import Callable
from typing import Any, Final, assert_never

from flows.feed.bounded_queue import BoundedQueue, Clock, Frame, GapEnded, GapOpened, Item
from flows.feed.gaps import GapRepair
from flows.feed.sink import FrameSink, GapState
from flows.feed.status import FeedStatus

TAKE_SECONDS: Final = 0.05


class Writing:
    """One thread's work.  `log`: takes the name of an event and its fields."""

    def __init__(
        self, queue: BoundedQueue, sink: FrameSink, repair: GapRepair, status: FeedStatus, log: Callable[..., Any]
    ) -> None:
        self._queue, self._sink, self._repair, self._status, self._log = queue, sink, repair, status, log

    def step(self) -> bool:
        """Write what is there; return whether there was anything."""
        items = self._queue.take(TAKE_SECONDS)
        for item in items:
            self._write(item)
        self._sink.commit()
        self._status.queued = len(self._queue)
        return bool(items)

    def _write(self, item: Item) -> None:
        match item:
            case Frame(data, received_ns):
                self._sink.append(data, received_ns)
            case Clock(at_ns):
                self._sink.clock(at_ns)
            case GapOpened(gap, received_ns):
                self._sink.mark_gap(gap, received_ns)
                self._status.gaps_left += gap.state is GapState.LOST
                self._sink.commit()  # whoever reads the tape knows it before the repair, which may take a while
            case GapEnded():
                self._mend(item)
            case _:
                assert_never(item)

    def _mend(self, item: GapEnded) -> None:
        last = self._repair.mend(item.gap, item.to_ns, self._sink)
        client = self._repair.client
        self._status.requests = client.requests if client else 0
        if last.state is GapState.CLOSED:
            self._status.gaps_repaired += 1
            self._log("gap_repaired", gap=last.name, from_ns=last.from_ns, to_ns=last.to_ns)
        else:
            self._status.gaps_left += 1
            self._log("gap_stays_open", gap=last.name, symbols=len(last.symbols), reason=last.reason)
