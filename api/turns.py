"""How many reads run at once.  Rule: who waits for a turn for as long as for a lock is told so, like who finds a lock.

Two threads that read take the interpreter from each other with every row: more of them answer fewer requests.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.problems import ProblemError


class Turns:
    """At most `most` at once, in the order of asking; none waits longer than `patience_s`."""

    def __init__(self, most: int, patience_s: float) -> None:
        self._free, self._patience_s = asyncio.Semaphore(most), patience_s

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Have a turn.  Raises ProblemError (503)."""
        try:
            async with asyncio.timeout(self._patience_s):
                await self._free.acquire()
        except TimeoutError:
            problem = ProblemError(503, "busy", f"no turn to read for {self._patience_s:g} s; try again")
            problem.headers = {"Retry-After": "1"}
            raise problem from None
        try:
            yield
        finally:
            self._free.release()
