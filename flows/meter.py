"""How far a replay has come, for whoever watches it, and the wish to stop it."""

from dataclasses import dataclass, field
from threading import Event, Lock

from flows.errors import ExitCode


@dataclass(slots=True)
class Meter:
    """Rows read and the last SIP time among them, the time of the prints sent on (ns UTC), dead letters.

    `stop` set means: end cleanly at the next frame.  `failure`: what a step could not go on for, told here as well
    because a cluster's engine may lose the error.  `waiting`: what the run waits for now; `retries`: how often the
    database was asked again; `processor_s`: what other processes have used; `notes` are for people.
    """

    rows: int = 0
    end_ns: int = 0
    tape_ns: int = 0
    dead_letters: int = 0
    divergences: int = 0
    first_divergence: str | None = None
    stopped_early: bool = False
    failure: str | None = None
    failure_code: ExitCode = ExitCode.FAILURE
    waiting: str | None = None
    retries: int = 0
    processor_s: float = 0.0
    notes: list[str] = field(default_factory=list)
    stop: Event = field(default_factory=Event)
    _lock: Lock = field(default_factory=Lock)

    def read(self, rows: int, end_ns: int) -> None:
        """Count what one of the workers read."""
        with self._lock:
            self.rows += rows
            self.end_ns = max(self.end_ns, end_ns)

    def database_waits(self, error: Exception) -> None:
        """Count a try that the database did not take."""
        with self._lock:
            self.retries += 1
            self.waiting = str(error)
