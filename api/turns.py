"""How many reads run at once.  Rule: who waits for a turn for as long as for a lock is told so, like who finds a lock.

Threads that read SQLite take the interpreter from each other with every row: two at once cost more than one after the
other.  So one begins as the last ends, unless that one takes long: nobody waits for a slow read.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from typing import TypeVar

from api.problems import ProblemError
from sinks.errors import DatabaseError

T = TypeVar("T")


class Turns:
    """One at a time, in the order of asking, and at most `most` where they take longer than `long_s` each.

    None waits longer than `patience_s`.  They run in threads of their own.
    """

    def __init__(self, most: int, long_s: float, patience_s: float) -> None:
        self._first = asyncio.Lock()
        self._slow, self._most, self._long_s, self._patience_s = 0, most, long_s, patience_s
        self._threads = ThreadPoolExecutor(most, "turn")

    async def take(self, read: Callable[[], T], here: AbstractContextManager[None] | None = None) -> T:
        """Read in a turn.  Raises ProblemError (503), and what the read raises.

        In `here` a read that does not end within a moment raises DatabaseError.  Given that, it is first tried on the
        event loop: a change of threads and back costs as much as most reads, for another core knows nothing of them.
        """
        await self._begin()
        slow = False

        def let_another_begin() -> None:
            nonlocal slow
            if self._slow + 1 < self._most:
                self._slow, slow = self._slow + 1, True
                self._first.release()

        try:
            if here is not None:
                with suppress(DatabaseError), here:
                    return read()
            loop = asyncio.get_running_loop()
            timer = loop.call_later(self._long_s, let_another_begin)
            try:
                return await loop.run_in_executor(self._threads, read)
            finally:
                timer.cancel()
        finally:
            if slow:
                self._slow -= 1
            else:
                self._first.release()

    def close(self) -> None:
        """Wait for the last reads, in a thread that may wait."""
        self._threads.shutdown()

    async def _begin(self) -> None:
        try:
            async with asyncio.timeout(self._patience_s):
                await self._first.acquire()
        except TimeoutError:
            problem = ProblemError(503, "busy", f"no turn to read for {self._patience_s:g} s; try again")
            problem.headers = {"Retry-After": "1"}
            raise problem from None
