"""How many reads run at once.  Rule: who waits for a turn for as long as for a lock is told so, like who finds a lock.

Threads that read SQLite take the interpreter from each other with every row: two at once cost more than one after the
other.  So one begins as the last ends, unless that one takes long: nobody waits for a slow read.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.problems import ProblemError


class Turns:
    """One at a time, in the order of asking, and at most `most` where they take longer than `long_s` each.

    None waits longer than `patience_s`.
    """

    def __init__(self, most: int, long_s: float, patience_s: float) -> None:
        self._first = asyncio.Lock()
        self._slow, self._most, self._long_s, self._patience_s = 0, most, long_s, patience_s

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Have a turn.  Raises ProblemError (503)."""
        await self._begin()
        slow = False

        def let_another_begin() -> None:
            nonlocal slow
            if self._slow + 1 < self._most:
                self._slow, slow = self._slow + 1, True
                self._first.release()

        timer = asyncio.get_running_loop().call_later(self._long_s, let_another_begin)
        try:
            yield
        finally:
            timer.cancel()
            if slow:
                self._slow -= 1
            else:
                self._first.release()

    async def _begin(self) -> None:
        try:
            async with asyncio.timeout(self._patience_s):
                await self._first.acquire()
        except TimeoutError:
            problem = ProblemError(503, "busy", f"no turn to read for {self._patience_s:g} s; try again")
            problem.headers = {"Retry-After": "1"}
            raise problem from None
