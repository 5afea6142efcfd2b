"""Replay at a multiple of the market's speed: the tape in time order across symbols, each frame with its due time.

Files are sorted by ticker, so the tape is first laid out on disk in minutes of event time; memory holds one minute.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np

from operators.frames import TickFrame
from operators.times import MINUTE_NS, SECOND_NS

STEP_SECONDS: Final = 0.05
"""Wall time between two frames."""
LONGEST_STEP_NS: Final = 1 << 62
"""More than any tape lasts, and still an int64."""


def time_ordered(frames: Iterable[TickFrame]) -> Iterator[TickFrame]:
    """Yield the same prints ordered by SIP time across symbols; equal times keep the tape's order."""
    symbols: tuple[str, ...] = ()
    record = np.dtype([])
    with TemporaryDirectory(prefix="fancy-trader-tape-") as folder:
        for frame in frames:
            symbols, record = frame.symbols, _record(frame)
            _spill(frame, record, Path(folder))
        for part in sorted(Path(folder).iterdir(), key=lambda path: int(path.name)):
            rows = np.fromfile(part, dtype=record)
            rows = rows[np.argsort(rows["sip_ns"], kind="stable")]
            yield TickFrame(symbols, **{name: np.ascontiguousarray(rows[name]) for name in record.names or ()})


def _record(frame: TickFrame) -> np.dtype[Any]:
    return np.dtype([(name, column.dtype) for name, column in frame.columns().items()])


def _spill(frame: TickFrame, record: np.dtype[Any], folder: Path) -> None:
    rows = np.empty(len(frame.sip_ns), dtype=record)
    for name, column in frame.columns().items():
        rows[name] = column
    minute = frame.sip_ns // MINUTE_NS
    order = np.argsort(minute, kind="stable")
    rows, minute = rows[order], minute[order]
    edges = np.flatnonzero(np.diff(minute)) + 1
    for part, first in zip(np.split(rows, edges), np.concatenate(([0], edges)), strict=True):
        if len(part):
            with (folder / str(minute[first])).open("ab") as file:
                part.tofile(file)


@dataclass(frozen=True, slots=True)
class Paced:
    """Frames with the wall time they are due, seconds on the monotonic clock."""

    due: float
    frame: TickFrame


class Pacer:
    """Gives frames their due times: event time passes `speed` times as fast as the clock, from the first print on."""

    def __init__(self, speed: float) -> None:
        self._speed, self._start, self._origin_ns = speed, time.monotonic(), 0
        self._step_ns = max(1, round(min(speed * STEP_SECONDS * SECOND_NS, LONGEST_STEP_NS)))

    def cuts(self, frame: TickFrame) -> Iterator[Paced]:
        """Cut one more frame."""
        if not len(frame.sip_ns):
            return
        self._origin_ns = self._origin_ns or int(frame.sip_ns[0])
        step = (frame.sip_ns - self._origin_ns) // self._step_ns
        edges = np.concatenate(([0], np.flatnonzero(np.diff(step)) + 1, [len(step)]))
        for first, last in pairwise(edges):
            passed = (int(frame.sip_ns[last - 1]) - self._origin_ns) / SECOND_NS / self._speed
            yield Paced(self._start + passed, cut(frame, int(first), int(last)))


def paced(frames: Iterable[TickFrame], speed: float) -> Iterator[Paced]:
    """Cut time-ordered frames and give them their due times."""
    pacer = Pacer(speed)
    for frame in frames:
        yield from pacer.cuts(frame)


def cut(frame: TickFrame, first: int, last: int) -> TickFrame:
    """Return rows [first, last) of a frame."""
    return frame.take(slice(first, last))


def recut(frames: Iterable[TickFrame], rows: int) -> Iterator[TickFrame]:
    """Yield the same prints in frames of `rows`, the last one shorter."""
    held: list[TickFrame] = []
    count = 0
    for frame in frames:
        held.append(frame)
        count += len(frame.sip_ns)
        if count >= rows:
            whole = joined(held)
            whole_rows = count - count % rows
            for first in range(0, whole_rows, rows):
                yield cut(whole, first, first + rows)
            held, count = [cut(whole, whole_rows, count)], count % rows
    if count:
        yield joined(held)


def joined(frames: list[TickFrame]) -> TickFrame:
    """Return frames of one tape as one."""
    if len(frames) == 1:
        return frames[0]
    columns = [each.columns() for each in frames]
    whole = {name: np.concatenate([each[name] for each in columns]) for name in columns[0]}
    return TickFrame(frames[0].symbols, **whole)
