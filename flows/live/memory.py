"""What a peak took goes back to the system, so that a process of many days stays as large as its work.

A repair, a frame of many MB or a burst takes blocks of MBs.  By default the C library learns from each to keep such
blocks among the small ones, where they cannot be given back.  Here they have pages of their own, which go with them;
and whole pages between small blocks are given back once a minute.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from flows.c_memory import Wish, told, trimmed
from flows.repeating import repeating

OWN_PAGES_BYTES: Final = 1 << 18
"""A block of that size or more has pages of its own."""
KEPT_BYTES: Final = 1 << 22
"""So much free memory is kept at the end of the heap."""
MOST_ARENAS: Final = 2
"""Heaps; by default there may be eight for each core, each with holes of its own."""
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
    return told({Wish.MMAP_THRESHOLD: OWN_PAGES_BYTES, Wish.TRIM_THRESHOLD: KEPT_BYTES, Wish.ARENA_MAX: MOST_ARENAS})


def trim() -> None:
    """Give back the pages that lie free between blocks."""
    trimmed(KEPT_BYTES)
