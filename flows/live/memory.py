"""What a peak took goes back to the system, so that a process of many days stays as large as its work.

A repair, a frame of many MB or a burst takes blocks of MBs.  By default the C library learns from each to keep such
blocks among the small ones, where they cannot be given back.  Here they have pages of their own, which go with them;
and whole pages between small blocks are given back once a minute.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from flows.repeating import repeating

OWN_PAGES_BYTES: Final = 1 << 18
"""A block of that size or more has pages of its own."""
KEPT_BYTES: Final = 1 << 22
"""So much free memory is kept at the end of the heap."""
MOST_ARENAS: Final = 2
"""Heaps; by default there may be eight for each core, each with holes of its own."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Numbers of the parameters in the GNU C library's `malloc.h`."""


TRIM_SECONDS: Final = 60.0


@contextmanager
def lean() -> Iterator[None]:
    """Keep this process lean while the block lasts, where its C library can be told."""
    if not give_back():
        yield
        return
    with repeating(trim, TRIM_SECONDS, "memory"):
        yield


def give_back() -> bool:
    """Let large blocks have pages of their own; return whether the C library could be told."""
    tell = _in_c("mallopt")
    wishes = ((_MMAP_THRESHOLD, OWN_PAGES_BYTES), (_TRIM_THRESHOLD, KEPT_BYTES), (_ARENA_MAX, MOST_ARENAS))
    heard = [tell is not None and tell(which, value) for which, value in wishes]
    return all(heard)


def trim() -> None:
    """Give back the pages that lie free between blocks."""
    do = _in_c("malloc_trim")
    if do is not None:
        do(ctypes.c_size_t(KEPT_BYTES))


def _in_c(name: str) -> Any:
    return getattr(ctypes.CDLL(None), name, None)
