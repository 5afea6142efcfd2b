"""Where the tapes of all workers end: what is due by the end of the tape is due by the end of all of it."""

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
