"""How many prints go on their way together.  It never changes an answer, only when something of it is heard.

Who begins, or goes on after a crash, has much of the tape before it: then the first transactions are small, so that
its first word is soon heard, and the next ones larger, because a symbol costs the same with one print or with ten.
"""

from collections.abc import Iterator
from typing import Final

FIRST_ROWS: Final = 1_000
MANY_ROWS: Final = 10_000


class Strides:
    """`rows`: as many as were asked for; None: as they come, or, of a tape that is followed, more and more."""

    def __init__(self, rows: int | None, *, follow: bool) -> None:
        self._rows, self._next = rows, FIRST_ROWS if follow else None

    def edges(self, count: int) -> Iterator[tuple[int, int]]:
        """Cut so many prints: the first and the one after the last of each part, in order."""
        first = 0
        while first < count:
            last = min(first + self._stride(count), count)
            yield first, last
            first = last

    def _stride(self, count: int) -> int:
        if self._rows is not None:
            return self._rows
        if self._next is None:
            return count
        stride, self._next = self._next, min(2 * self._next, MANY_ROWS)
        return stride
