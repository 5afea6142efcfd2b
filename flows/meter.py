"""How far a replay has come, for whoever watches it, and the wish to stop it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from threading import Event, Lock

from flows.errors import ExitCode


@dataclass(slots=True)
class Meter:
    """Rows read and the last SIP time among them, the time of the prints sent on (ns UTC), dead letters.

    `sessions`: days (as in `scan_results`) of which scan results were written, whether or not they stood there before.
    `stop` set means: end cleanly at the next frame.  `failure`: what a step could not go on for, told here as well
    because a cluster's engine may lose the error.  `waiting`: what the run waits for now; `retries`: how often the
    database was asked again; `processor_s`: what other processes have used; `notes` are for people, kept unless `noted`
    hears each at once.
    """

    rows: int = 0
    end_ns: int = 0
    tape_ns: int = 0
    dead_letters: int = 0
    sessions: frozenset[str] = frozenset()
    divergences: int = 0
    first_divergence: str | None = None
    stopped_early: bool = False
    failure: str | None = None
    failure_code: ExitCode = ExitCode.FAILURE
    waiting: str | None = None
    retries: int = 0
    processor_s: float = 0.0
    notes: list[str] = field(default_factory=list)
    noted: Callable[[str], None] | None = None
    stop: Event = field(default_factory=Event)
    _lock: Lock = field(default_factory=Lock)

    def note(self, text: str) -> None:
        """Take a note for people."""
        (self.noted or self.notes.append)(text)

    def read(self, rows: int, end_ns: int) -> None:
        """Count what one of the workers read."""
        with self._lock:
            self.rows += rows
            self.end_ns = max(self.end_ns, end_ns)

    def scanned(self, sessions: Collection[str]) -> None:
        """Note of which days one of the workers wrote scan results."""
        if not self.sessions.issuperset(sessions):
            with self._lock:
                self.sessions = self.sessions.union(sessions)

    def database_waits(self, error: Exception) -> None:
        """Count a try that the database did not take."""
        with self._lock:
            self.retries += 1
            self.waiting = str(error)
