"""Between the socket's reader and the tape's writer: bounded in bytes, in order, every drop counted.

Rule: only frames are dropped.  Marks of time and of gaps always find room, for a gap that is not marked is a lie.
"""

from collections import deque
from threading import Condition
from typing import Final, NamedTuple

from flows.feed.sink import Gap

LONGEST_BYTES: Final = 512 << 20
AROUND_ITEM: Final = 200
"""What an item takes in memory besides its bytes, about."""


class Frame(NamedTuple):
    """A message of the feed."""

    data: bytes
    received_ns: int


class Clock(NamedTuple):
    """Time has reached `at_ns`."""

    at_ns: int


class GapOpened(NamedTuple):
    """Something is missing from here on."""

    gap: Gap
    received_ns: int


class GapEnded(NamedTuple):
    """Frames come again since `to_ns`; what lies between is to be fetched."""

    gap: Gap
    to_ns: int


Item = Frame | Clock | GapOpened | GapEnded


class BoundedQueue:
    """One thread puts, another takes."""

    def __init__(self, longest_bytes: int = LONGEST_BYTES) -> None:
        self._items, self._bytes, self._longest = deque[Item](), 0, longest_bytes
        self._changed = Condition()
        self.dropped_frames, self.dropped_bytes, self.most_bytes = 0, 0, 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def roomy(self) -> bool:
        """Whether at least half of it is free."""
        return 2 * self._bytes <= self._longest

    def put_frame(self, frame: Frame) -> bool:
        """Add a frame; return False when there is no room: it is gone, and counted."""
        size = len(frame.data) + AROUND_ITEM
        with self._changed:
            if self._bytes and self._bytes + size > self._longest:
                self.dropped_frames += 1
                self.dropped_bytes += len(frame.data)
                return False
            self._add(frame, size)
            return True

    def put(self, mark: Clock | GapOpened | GapEnded) -> None:
        """Add a mark."""
        with self._changed:
            self._add(mark, AROUND_ITEM)

    def take(self, seconds: float, most: int = 4096) -> list[Item]:
        """Return what is there, oldest first, waiting so long for the first; nothing when nothing came."""
        with self._changed:
            if not self._items:
                self._changed.wait(seconds)
            taken = [self._items.popleft() for _ in range(min(most, len(self._items)))]
            self._bytes -= sum(_size(item) for item in taken)
            return taken

    def _add(self, item: Item, size: int) -> None:
        self._items.append(item)
        self._bytes += size
        self.most_bytes = max(self.most_bytes, self._bytes)
        self._changed.notify()


def _size(item: Item) -> int:
    return AROUND_ITEM + (len(item.data) if isinstance(item, Frame) else 0)
