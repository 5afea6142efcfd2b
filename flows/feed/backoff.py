"""How long to wait before the next login.  Rule: only a stable life earns a quick return; a login alone does not.

Time and chance are handed in.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Final

from flows.feed.decisions import Ending

FIRST_SECONDS: Final = 0.5
LONGEST_SECONDS: Final = 30.0
STABLE_SECONDS: Final = 10.0
COOL_DOWN_SECONDS: Final = 60.0


@dataclass(slots=True)
class Backoff:
    """Doubles from `first` to `longest` seconds, each wait drawn from its upper half; `cool_down` after a 1008."""

    first: float = FIRST_SECONDS
    longest: float = LONGEST_SECONDS
    stable: float = STABLE_SECONDS
    cool_down: float = COOL_DOWN_SECONDS
    rng: Random = field(default_factory=Random)
    _step: int = field(default=0, init=False)

    def after(self, ending: Ending, streamed_seconds: float) -> float:
        """Return how long to wait after a connection that ended so, having streamed so long."""
        if streamed_seconds >= self.stable:
            self._step = 0
        usual = min(self.longest, self.first * 2.0**self._step)
        self._step = min(self._step + 1, 30)
        if ending is Ending.TOO_MANY:
            usual = max(usual, self.cool_down)
            return usual * (1 + 0.1 * self.rng.random())
        return usual * (0.5 + 0.5 * self.rng.random())
