"""How often one may ask.  Rule: counted per key, or per address where there is no key, within this process.

What is counted: reads, writes, refusals (a wrong key or none), and connections to the stream.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from api.clock import now_s
from api.problems import ProblemError
from api.settings import ApiSettings


class Sort(StrEnum):
    """What is counted apart."""

    READ = "read"
    WRITE = "write"
    REFUSAL = "refusal"
    CONNECT = "connect"


PERIOD: Final = {Sort.READ: "second", Sort.WRITE: "second", Sort.REFUSAL: "minute", Sort.CONNECT: "second"}
SWEEP_S: Final = 60.0
"""How long what has expired may stay in memory."""


@dataclass(frozen=True, slots=True)
class TooOften:
    """`wait_s`: whole seconds until there is room again, at least one."""

    sort: Sort
    most: int
    wait_s: int

    def problem(self) -> ProblemError:
        """Say so: 429 with Retry-After."""
        text = f"more than {self.most} {self.sort}s a {PERIOD[self.sort]}; try again in {self.wait_s} s"
        problem = ProblemError(429, "too-many", text)
        problem.headers = {"Retry-After": str(self.wait_s)}
        return problem


class _Counts(MemoryStorage):
    """Counts of this process.  The library would start a thread for a timer a hundred times a second."""

    _swept_s = 0.0

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count; now and then let go of what has expired."""
        at_s = now_s()
        if at_s - self._swept_s >= SWEEP_S:
            self._swept_s = at_s
            for old in list(self.expirations):
                self.get(old)
        self.get(key)
        self.storage[key] += amount
        self.expirations.setdefault(key, at_s + expiry)
        return self.storage[key]


class Rates:
    """Asked on the event loop."""

    def __init__(self, settings: ApiSettings) -> None:
        self._limiter = FixedWindowRateLimiter(_Counts())
        self._most: dict[Sort, RateLimitItem] = {
            Sort.READ: RateLimitItemPerSecond(settings.reads_per_s),
            Sort.WRITE: RateLimitItemPerSecond(settings.writes_per_s),
            Sort.REFUSAL: RateLimitItemPerMinute(settings.refusals_per_minute),
            Sort.CONNECT: RateLimitItemPerSecond(settings.connects_per_s),
        }

    def count(self, sort: Sort, who: str) -> TooOften | None:
        """Count one more; None while there is room."""
        most = self._most[sort]
        if self._limiter.hit(most, sort, who):
            return None
        until_s = self._limiter.get_window_stats(most, sort, who).reset_time
        return TooOften(sort, most.amount, max(1, math.ceil(until_s - now_s())))
