"""Shards: symbols that the scanner works on together.  Rule: a symbol's name alone says which shard it is of."""

from functools import cache
from typing import Final

from flows.tape.share import worker_of

SHARDS: Final = 16
"""A power of two, so that 1, 2, 4, 8 and 16 workers have as many each.  The number is part of every snapshot."""


@cache
def shard_key(symbol: str) -> str:
    """Return the key of a symbol's shard; both have one worker if there are 1, 2, 4, 8 or 16."""
    return _keys()[worker_of(symbol, SHARDS)]


@cache
def _keys() -> tuple[str, ...]:
    """Return a key per shard that the engine sends to the worker of the shard's number."""
    found: dict[int, str] = {}
    number = 0
    while len(found) < SHARDS:
        found.setdefault(worker_of(f"shard-{number}", SHARDS), f"shard-{number}")
        number += 1
    return tuple(found[shard] for shard in range(SHARDS))
