"""What one client is sent, step by step: the prints that became known since the last step, in frames.

Nothing is sent twice and nothing is kept for later: what a client misses while it is away stays missed.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from flows.market.customer import Customer
from flows.market.day import MarketDay
from flows.market.faults import FaultKind, Faults
from flows.market.texts import Texts
from operators.columnar import Floats, Ints
from operators.times import SECOND_NS

EVENTS_PER_FRAME: Final = 250
LATE_NS: Final = 2 * SECOND_NS


class DayStream:
    """A day as it is streamed; shared by all clients."""

    def __init__(self, day: MarketDay, faults: Faults, seed: int, start_ns: int) -> None:
        at_s = (day.sip_ns - start_ns) / SECOND_NS
        rng = np.random.default_rng(seed)
        day = _disturbed(day, faults.values(FaultKind.SEQUENCE, at_s), rng)
        self.day, self.texts, self.faults, self.start_ns = day, Texts(day), faults, start_ns
        self.late = np.flatnonzero(rng.random(len(at_s)) < faults.values(FaultKind.LATE, at_s))
        self.late_due_ns = day.sip_ns[self.late] + LATE_NS
        self._chances = rng.random(4096)

    def frame_events(self, at_s: float) -> int:
        """Return how many events a frame may hold at a market time, in seconds from the start."""
        return int(self.faults.value(FaultKind.HUGE, at_s)) or EVENTS_PER_FRAME

    def sent_twice(self, frame: int, at_s: float) -> bool:
        """Whether a client's frame of this number goes out twice."""
        share = self.faults.value(FaultKind.DUPLICATE, at_s)
        return bool(self._chances[frame % len(self._chances)] < share)


class ClientStream:
    """Where one client stands in the day."""

    def __init__(self, stream: DayStream, customer: Customer, now_ns: int) -> None:
        self._stream, self._customer, self._frames = stream, customer, 0
        self.skip(now_ns)

    @property
    def at_end(self) -> bool:
        """Whether every print has been sent, or missed."""
        return self._row == len(self._stream.day.sip_ns) and self._late == len(self._stream.late)

    def skip(self, now_ns: int) -> None:
        """Miss everything up to now."""
        self._row = self._stream.day.rows_by(now_ns)
        self._late = int(np.searchsorted(self._stream.late_due_ns, now_ns, side="right"))

    def frames(self, now_ns: int) -> Iterator[str]:
        """Yield the frames that are due."""
        stream = self._stream
        last = stream.day.rows_by(now_ns)
        late = int(np.searchsorted(stream.late_due_ns, now_ns, side="right"))
        rows = np.arange(self._row, last)
        if len(stream.late):
            rows = np.append(np.setdiff1d(rows, stream.late, assume_unique=True), stream.late[self._late : late])
        self._row, self._late = last, late
        rows = rows[self._customer.wants[stream.day.codes[rows]]]
        at_s = (now_ns - stream.start_ns) / SECOND_NS
        size = stream.frame_events(at_s)
        for start in range(0, len(rows), size):
            frame = f"[{','.join(self._events(rows[start : start + size]))}]"
            yield frame
            self._frames += 1
            if stream.sent_twice(self._frames, at_s):
                yield frame

    def _events(self, rows: Ints) -> list[str]:
        first, last = int(rows.min()), int(rows.max()) + 1
        events = self._stream.texts.events(first, last)
        return events if len(events) == len(rows) else [events[row - first] for row in rows.tolist()]


def _disturbed(day: MarketDay, shares: Floats, rng: np.random.Generator) -> MarketDay:
    """Let some sequence numbers, of a share at each print, repeat the one before, or go back."""
    if not shares.any():
        return day
    numbers = day.prints.get_column("sequence_number").fill_null(0).to_numpy()
    hit = np.flatnonzero(rng.random(len(numbers)) < shares)
    before = np.maximum(hit - rng.integers(1, 4, len(hit)), 0)
    changed = numbers.copy()
    changed[hit] = numbers[before]
    return MarketDay(day.prints.with_columns(sequence_number=changed), day.label)
