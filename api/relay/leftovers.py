"""Cycles among what comes and goes with connections, looked for when many have come and gone.

To look among all that lives stops a thousand streams for a quarter of a second.  The interpreter does so whenever
enough is new, in the middle of the busiest hour; here it follows a crowd that comes or goes, which waits anyway.
"""

import gc
from dataclasses import dataclass
from typing import Final

SELDOM: Final = (700, 10, 100)
"""How often the interpreter looks by itself: among what is new as ever, among all a tenth as often."""
CROWD: Final = 100


@dataclass(slots=True)
class Leftovers:
    """How many have come and gone since somebody looked."""

    _changes: int = 0

    def changed(self, clients: int) -> None:
        """Take note of one more; `clients` stay.  Looks once a crowd has changed, an eighth of all at least."""
        self._changes += 1
        if self._changes >= max(CROWD, clients // 8):
            self._changes = 0
            gc.collect()
