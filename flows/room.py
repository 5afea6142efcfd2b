"""Memory that a replay frees is kept for what it does next: piece after piece of a tape needs the same columns again.

By default polars gives pages back half a second after they were last used, and the C library at once where they are
many; the system then fills each with zeros before it is lent again.  That took a quarter of all the time in which a
tape was read, cut and summed up.  Who runs for days is better lean, see `flows.live.memory`.
"""

import os
from typing import Final

from flows.c_memory import Wish, told

SHARED_BYTES: Final = 1 << 25
"""Blocks up to that size lie in the heap, where what is freed is used again; the C library allows no more."""
KEPT_BYTES: Final = 1 << 30
"""So much free memory may stay at the end of the heap."""
POLARS_ALLOCATOR: Final = "_RJEM_MALLOC_CONF"
FOR_TEN_SECONDS: Final = "dirty_decay_ms:10000"


def keep_pages() -> None:
    """Let polars keep the pages that it frees for ten seconds, here and in processes to come.

    It asks the environment once, when it is imported, and the last word counts: what has imported it goes on as before.
    """
    said = os.environ.get(POLARS_ALLOCATOR, "").split(",")
    if said[-1] != FOR_TEN_SECONDS:
        os.environ[POLARS_ALLOCATOR] = ",".join([*filter(None, said), FOR_TEN_SECONDS])


def keep_heap() -> None:
    """Let the C library, where it can be told, keep what is freed in one heap for all threads."""
    told({Wish.MMAP_THRESHOLD: SHARED_BYTES, Wish.TRIM_THRESHOLD: KEPT_BYTES, Wish.ARENA_MAX: 1})
