"""What the reader hands to the queue: frames, marks of time, and the edges of gaps, each at its place.

Rule: between the first frame that is missing and the first that is there again stands a gap, opened and ended.
"""

from flows.feed.bounded_queue import BoundedQueue, Clock, Frame, GapEnded, GapOpened
from flows.feed.feed_clock import FeedClock
from flows.feed.gaps import GapBook
from flows.feed.newest import newest_ns
from flows.feed.status import FeedStatus
from operators.wire.ahead import is_ahead


class Intake:
    """Hands on what one feed says."""

    def __init__(self, queue: BoundedQueue, book: GapBook, clock: FeedClock, status: FeedStatus) -> None:
        self.queue = queue
        self._book, self._clock, self._status = book, clock, status
        self._streamed, self._dropping = False, False
        self._seen_ns = 0  # time of the newest print, dropped or not: what is missing cannot end before it

    def resume(self, first: bytes = b"") -> None:
        """Note that data comes from now on; `first`: its first frame, if that is here already."""
        self._streamed = True
        self._seen_ns = max(self._seen_ns, _believed_ns(first, self._clock.now_ns()))
        if self._status.newest_ns == 0:
            self._status.newest_ns = self._clock.now_ns()
        self._end_gap()

    def lost(self, reason: str, from_ns: int | None = None) -> None:
        """Note that data stops, or stopped at `from_ns`; before the first data there is nothing to lose."""
        if from_ns is None and not self._streamed:
            return
        self._dropping = False
        gap = self._book.opened(self._status.newest_ns if from_ns is None else from_ns, reason)
        if gap is not None:
            self._status.gaps += 1
            self.queue.put(GapOpened(gap, self._clock.now_ns()))

    def watch(self, symbol: str) -> None:
        """Note that a symbol is wanted from now on: what is lost later is lost of it too."""
        self._book.watch(symbol)

    def joined(self, symbol: str, since_ns: int) -> None:
        """Note that a symbol's data comes from now on, and that it is missing since it was wanted."""
        gap = self._book.missed(symbol, since_ns, max(self._clock.now_ns(), since_ns), "not subscribed to yet")
        self._status.gaps += 1
        self.queue.put(GapOpened(gap, self._clock.now_ns()))

    def keep(self, data: bytes) -> None:
        """Take a frame.  When there is no room it is gone: that is a gap, until there is room again."""
        now_ns = self._clock.now_ns()
        newest = _believed_ns(data, now_ns)
        self._end_drop()
        self._seen_ns = max(self._seen_ns, newest)
        if self._dropping or not self.queue.put_frame(Frame(data, now_ns)):
            self._drop()
            return
        self._status.frames += 1
        self._status.bytes += len(data)
        if newest:
            self._status.newest_ns = max(self._status.newest_ns, min(newest, now_ns))
            self._status.lag_ns = now_ns - newest

    def clock(self, at_ns: int) -> None:
        """Note that time has reached `at_ns`, and that all that was said before has been taken."""
        self._end_drop()
        if not self._dropping:
            self.queue.put(Clock(at_ns))

    def _drop(self) -> None:
        self._status.dropped_frames += 1
        if not self._dropping:
            self.lost("no room in the queue")
            self._dropping = True

    def _end_drop(self) -> None:
        if self._dropping and self.queue.roomy:
            self._dropping = False
            self._end_gap()

    def _end_gap(self) -> None:
        gap = self._book.ended()
        if gap is not None:
            self.queue.put(GapEnded(gap, max(self._clock.now_ns(), self._seen_ns)))


def _believed_ns(frame: bytes, now_ns: int) -> int:
    """Return the time of a frame's last event, 0 when it tells none that can be true: a gap would reach as far."""
    newest = newest_ns(frame)
    return 0 if is_ahead(newest, now_ns) else newest
