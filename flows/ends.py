"""Where workers' tapes end.  Rule: a tape ends for all workers at once, where the longest of theirs does."""

from collections.abc import Iterator
from typing import Final, Protocol

NOT_YET: Final = 0
LEFT: Final = -1


class Ends(Protocol):
    """Where each worker's tape ended, shared by all workers: SIP time in ns UTC plus 1, or NOT_YET, or LEFT midway."""

    def __setitem__(self, index: int, value: int, /) -> None:
        """Tell of one worker."""

    def __iter__(self) -> Iterator[int]:
        """Ask for all."""
