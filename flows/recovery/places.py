"""What one worker tells of its place on the tape while it reads."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from flows.recovery.place import START, Layer, Place
from flows.recovery.resume import Resume
from flows.recovery.resuming import anchor_state, keys, place_state
from flows.recovery.standing import Plain, Standing
from flows.tape.share import Share
from operators.frames import TickFrame
from operators.market_events import MarketEvent, Severity

ANCHOR_SECONDS: Final = 3.0
"""As much tape as is read in that time is decoded again at most."""


class Places:
    """One share's place, its symbols' newest times, and when its next anchor is due.

    `workers`: how many there are; each reads one share, or, of a topic, several.
    """

    def __init__(self, share: Share, resume: Resume | None, symbols: Sequence[str], workers: int) -> None:
        self._share, self._resume, self._workers = share, resume, workers
        self._keys = keys(share.index, share.count, workers)
        self._symbols = tuple(symbols)
        known: Mapping[str, int] = {} if resume is None else resume.newest_ns
        self._newest_ns: npt.NDArray[np.int64] = np.array([known.get(each, 0) for each in (*symbols, "")], np.int64)
        self._place = START if resume is None else resume.reached.start(share.index, share.count)
        self._anchored = time.monotonic()
        self.end_ns = 0 if resume is None else resume.end_ns

    def opening(self) -> list[Standing]:
        """Tell of the place to begin with; keys of an earlier run with other workers are given up by the first."""
        kept: Mapping[str, Plain] = {} if self._resume is None else self._resume.kept
        count = self._share.count
        own = [key for index in range(count) for key in keys(index, count, self._workers)]
        gone = [Standing(key, kept[key], None) for key in sorted(kept) if key not in own and not self._share.index]
        return [*gone, Standing(self._keys[0], kept.get(self._keys[0]), self._tell), *self._old_anchor(kept)]

    def _old_anchor(self, kept: Mapping[str, Plain]) -> list[Standing]:
        """Without a word of it the anchor would stay; said again, it is held against what the engine restored."""
        state = kept.get(self._keys[1])
        return [] if state is None else [Standing(self._keys[1], state, lambda: state)]

    def at(self, place: Place) -> Standing:
        """Tell that everything before a place was given."""
        self._place = max(self._place, place)
        return Standing(self._keys[0], None, self._tell)

    def gave(self, frame: TickFrame) -> None:
        """Take note of the newest times in a frame that is given."""
        if len(frame.symbols) + 1 > len(self._newest_ns):
            more = len(frame.symbols) + 1 - len(self._newest_ns)
            self._newest_ns = np.concatenate((self._newest_ns[:-1], np.zeros(more + 1, np.int64)))
        self._symbols = frame.symbols
        self._newest_ns[frame.code] = frame.sip_ns

    def anchor(self, place: Place, memory: Plain, calendar: Sequence[MarketEvent], gaps: Plain) -> Standing:
        """Tell what the reader remembers at a place, up to which everything was given, events and gaps among it."""
        self._anchored = time.monotonic()
        rows = tuple(event_row(event) for event in calendar)
        state = anchor_state(place, memory, rows, gaps, self._share)
        return Standing(self._keys[1], None, lambda: state)

    @property
    def anchor_due(self) -> bool:
        """Whether an anchor is due."""
        return time.monotonic() - self._anchored >= ANCHOR_SECONDS

    def _tell(self) -> Plain:
        times = dict(zip(self._symbols, self._newest_ns.tolist(), strict=False))
        older: tuple[Layer, ...] = ()
        if self._resume is not None and self._place < self._resume.reached.furthest:
            older = self._resume.reached.layers
        return place_state(self._place, older, self.end_ns, times, self._share.index, self._share.count)


def event_row(event: MarketEvent) -> tuple[Any, ...]:
    """Write a market event with plain values."""
    return (
        event.event_id,
        event.symbol,
        event.kind,
        str(event.severity),
        event.at_ns,
        event.known_at_ns,
        event.label,
    )


def event_from_row(row: tuple[Any, ...]) -> MarketEvent:
    """Undo `event_row`."""
    event_id, symbol, kind, severity, *rest = row
    return MarketEvent(event_id, symbol, kind, Severity(severity), *rest)
