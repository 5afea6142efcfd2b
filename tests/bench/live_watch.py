"""The observers of `bench live`: what stands in SQLite and on the tape, seen from another process, and since when."""

import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import numpy.typing as npt

from flows.feed.newest import newest_ns
from flows.tape.segments.follower import TapeFollower
from flows.tape.segments.record import Kind
from tests.bench.live_feed import MS_NS, PROBE_PLAN, START_NS

LOOK_SECONDS = 0.001
TRADE = b'"ev":"T"'


@dataclass
class DatabaseWatch:
    """Looks a thousand times a second whether somebody committed, and notes which events are there then.

    `events`: (monotonic ns after the look, the event's own time, its plan).
    """

    path: Path
    events: list[tuple[int, int, str]] = field(default_factory=list)
    commits: int = 0

    def __post_init__(self) -> None:
        self._line = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
        self._version, self._position = -1, 0

    def registered(self) -> int:
        """Return how many plans are registered."""
        return int(self._one("SELECT count(*) FROM plan_events WHERE kind = 'registered'"))

    def until(self, plan_id: str, at_ns: int, seconds: float) -> bool:
        """Watch until a plan has an event of that time or later; return whether it came in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if any(plan_id == plan and event_ns >= at_ns for _, event_ns, plan in self._look()):
                return True
            time.sleep(LOOK_SECONDS)
        return False

    def count(self, query: str) -> int:
        """Return what a query counts."""
        return int(self._one(query) or 0)

    def close(self) -> None:
        """Disconnect."""
        self._line.close()

    def _look(self) -> list[tuple[int, int, str]]:
        version = self._one("PRAGMA data_version")
        if version == self._version:
            return []
        self._version = version
        query = "SELECT stream_seq, at_ns, plan_id FROM plan_events WHERE stream_seq > ? AND kind <> 'registered'"
        rows = self._line.execute(query, (self._position,)).fetchall()
        now_ns = time.monotonic_ns()
        self._position = max([self._position, *(seq for seq, _, _ in rows)])
        self.commits += 1
        found = [(now_ns, at_ns, plan_id) for _, at_ns, plan_id in rows]
        self.events += found
        return found

    def _one(self, query: str) -> Any:
        return self._line.execute(query).fetchone()[0]


@dataclass
class TapeWatch:
    """Follows a tape; notes when each frame could be read there.  `frames`: (monotonic ns, the frame's time)."""

    folder: Path
    frames: list[tuple[int, int]] = field(default_factory=list)
    ticks: int = 0

    def until(self, ticks: int, seconds: float) -> bool:
        """Follow until so many ticks were there; return whether they were in time."""
        end, stop = time.monotonic() + seconds, Event()
        while not self.folder.is_dir() and time.monotonic() < end:
            time.sleep(LOOK_SECONDS)
        with TapeFollower(self.folder) as follower:
            for placed in follower.follow(stop, LOOK_SECONDS):
                now_ns = time.monotonic_ns()
                for record, _ in placed:
                    if record.kind is Kind.FRAME:
                        self.ticks += record.payload.count(TRADE)
                        self.frames.append((now_ns, newest_ns(record.payload)))
                if self.ticks >= ticks or time.monotonic() > end:
                    stop.set()
        return self.ticks >= ticks


def count_ticks(folder: Path) -> int:
    """Return how many ticks are on a tape, with repeats."""
    count = 0
    with TapeFollower(folder, visible_only=False) as follower:
        while placed := follower.read():
            count += sum(record.payload.count(TRADE) for record, _ in placed if record.kind is Kind.FRAME)
    return count


def of_probe(events: Iterable[tuple[int, int, str]]) -> list[tuple[int, int]]:
    """Return when the probe's events were seen, and their own times."""
    return [(seen_ns, at_ns) for seen_ns, at_ns, plan_id in events if plan_id == PROBE_PLAN["plan_id"]]


def of_plans(events: Iterable[tuple[int, int, str]]) -> list[tuple[int, int]]:
    """Return the same of all other plans."""
    return [(seen_ns, at_ns) for seen_ns, at_ns, plan_id in events if plan_id != PROBE_PLAN["plan_id"]]


def latencies(pairs: list[tuple[int, int]], began_ns: int) -> npt.NDArray[np.float64]:
    """Return the ms from scheduled times to when something was seen."""
    return np.array([(seen - began_ns - (at - START_NS)) / MS_NS for seen, at in pairs])


def quantiles(found: npt.NDArray[np.float64]) -> dict[str, float]:
    """Return what is told of latencies, ms."""
    if not len(found):
        return {"count": 0}
    p50, p95, p99 = (round(float(np.quantile(found, each)), 2) for each in (0.5, 0.95, 0.99))
    return {"count": len(found), "p50_ms": p50, "p95_ms": p95, "p99_ms": p99, "max_ms": round(float(found.max()), 2)}
