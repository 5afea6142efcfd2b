"""What the C library can be told about its memory, where it is the GNU one; others are left as they are."""

import ctypes
from enum import IntEnum
from typing import Any


class Wish(IntEnum):
    """What `mallopt` takes, by the numbers of `malloc.h`: bytes from which it acts, or how many heaps there may be."""

    TRIM_THRESHOLD = -1
    MMAP_THRESHOLD = -3
    ARENA_MAX = -8


def told(wishes: dict[Wish, int]) -> bool:
    """Tell all wishes; return whether they were taken."""
    tell = _in_c("mallopt")
    heard = [tell is not None and tell(int(wish), value) for wish, value in wishes.items()]
    return all(heard)


def trimmed(kept_bytes: int) -> None:
    """Give back the pages that lie free between blocks, but for so many bytes at the end of the heap."""
    trim = _in_c("malloc_trim")
    if trim is not None:
        trim(ctypes.c_size_t(kept_bytes))


def _in_c(name: str) -> Any:
    return getattr(ctypes.CDLL(None), name, None)
