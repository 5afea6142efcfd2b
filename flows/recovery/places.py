"""What one worker tells of its place on the tape while it reads."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from flows.recovery.place import START, Layer, Place
from flows.recovery.resume import Resume
from flows.recovery.resuming import anchor_state, keys, place_state
from flows.recovery.standing import Plain, Standing
from flows.tape.passed import Passed
from flows.tape.share import Share
from operators.market_events import MarketEvent, Severity

ANCHOR_SECONDS: Final = 3.0
"""As much tape as is read in that time is decoded again at most."""


class Places:
    """One share's place, and when its next anchor is due.

    `passed`: how far its symbols have come; `workers`: how many there are; each reads one share, or, of a topic,
    several.  `ahead`: tells by what symbols are ahead of their states, see `flows.dues`.
    """

    def __init__(
        self, share: Share, resume: Resume | None, passed: Passed, workers: int, ahead: Callable[[], Plain] = tuple
    ) -> None:
        self._share, self._resume, self._workers, self._ahead = share, resume, workers, ahead
        self._keys = keys(share.index, share.count, workers)
        self._passed = passed
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
        older: tuple[Layer, ...] = ()
        if self._resume is not None and self._place < self._resume.reached.furthest:
            older = self._resume.reached.layers
        return place_state(self._place, older, self.end_ns, self._passed.times_ns(), self._ahead(), self._share)


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
        event.told_ns,
    )


def event_from_row(row: tuple[Any, ...]) -> MarketEvent:
    """Undo `event_row`, also of what was written when no event had a time of its telling."""
    event_id, symbol, kind, severity, *rest = row
    return MarketEvent(event_id, symbol, kind, Severity(severity), *rest)
