"""What a peak took goes back to the system, so that a process of many days stays as large as its work.

A repair, a frame of many MB or a burst takes blocks of MBs.  By default the C library learns from each to keep such
blocks among the small ones, where they cannot be given back.  Here they have pages of their own, which go with them.
"""

import ctypes
from typing import Final

OWN_PAGES_BYTES: Final = 1 << 18
"""A block of that size or more has pages of its own."""
KEPT_BYTES: Final = 1 << 22
"""So much free memory is kept at the end of the heap."""
MOST_ARENAS: Final = 2
"""Heaps; by default there may be eight for each core, each with holes of its own."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Numbers of the parameters in the GNU C library's `malloc.h`."""


def give_back() -> bool:
    """Set this process to it; return whether its C library can be told."""
    tell = getattr(ctypes.CDLL(None), "mallopt", None)
    if tell is None:
        return False
    wishes = ((_MMAP_THRESHOLD, OWN_PAGES_BYTES), (_TRIM_THRESHOLD, KEPT_BYTES), (_ARENA_MAX, MOST_ARENAS))
    heard = [tell(which, value) for which, value in wishes]
    return all(heard)
