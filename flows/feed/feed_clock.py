"""The feed's clock: the wall clock less the feed's delay, or a practice market's own time.  Never goes back.

Threads may share it.  Whatever the feed puts on the tape carries this clock's time, so that it goes with the prints: of
a delayed feed all is as old as they are.  A print may be ahead of it by minutes at most (`operators/wire/ahead.py`): so
a practice market must tell its time before its prints, and often when it is fast.
"""

import time
from collections.abc import Callable
from threading import Lock


class FeedClock:
    """`wall`: ns UTC; `steady`: ns that only go forward; `delay_ns`: how old everything is that the feed says."""

    def __init__(
        self,
        wall: Callable[[], int] = time.time_ns,
        steady: Callable[[], int] = time.monotonic_ns,
        delay_ns: int = 0,
    ) -> None:
        self._wall, self._steady, self._delay_ns = wall, steady, delay_ns
        self._told: tuple[int, int, float] | None = None
        self._last, self._alone = 0, Lock()

    @property
    def practice(self) -> bool:
        """Whether a practice market's time is followed."""
        return self._told is not None

    def follow(self, at_ns: int, speed: float) -> None:
        """Follow a practice market: it is `at_ns` there, and time goes on at `speed` times the wall clock's pace."""
        with self._alone:
            if self._told is None:
                self._last = 0  # from the wall clock to the market's own time, once
            self._told = (at_ns, self._steady(), speed)

    def now_ns(self) -> int:
        """Return the time, ns UTC."""
        with self._alone:
            if self._told is None:
                now = self._wall() - self._delay_ns
            else:
                at_ns, since, speed = self._told
                now = at_ns + round((self._steady() - since) * speed)
            self._last = max(self._last, now)
            return self._last

    def seconds_until(self, at_ns: int) -> float:
        """Return how many wall seconds there are until an instant."""
        speed = self._told[2] if self._told else 1.0
        return max(0, at_ns - self.now_ns()) / 1e9 / max(speed, 1e-9)
