"""The practice market's time: it stands still until somebody subscribes, then runs at a multiple of the wall clock."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class RunningClock:
    """`start_ns`: where market time begins, ns UTC; `speed`: market seconds per second; `reads`: monotonic ns."""

    start_ns: int
    speed: float
    reads: Callable[[], int] = time.monotonic_ns
    _began: int | None = field(default=None, init=False)

    def begin(self) -> None:
        """Let time run, once."""
        if self._began is None:
            self._began = self.reads()

    @property
    def running(self) -> bool:
        """Whether time has begun."""
        return self._began is not None

    def now_ns(self) -> int:
        """Return market time, ns UTC."""
        return (
            self.start_ns if self._began is None else self.start_ns + round((self.reads() - self._began) * self.speed)
        )

    def seconds_until(self, at_ns: int) -> float:
        """Return how many wall seconds there are until a market time, 0 when it has passed."""
        return max(0, at_ns - self.now_ns()) / self.speed / 1e9
