"""Shards: symbols that the scanner works on together, all those of one worker.  Rule: a name alone says which."""

from functools import cache

from flows.tape.share import worker_of


@cache
def shard_key(symbol: str, workers: int) -> str:
    """Return the key of a symbol's shard: one that the engine sends to the symbol's own worker."""
    return _key(worker_of(symbol, workers), workers)


@cache
def _key(worker: int, workers: int) -> str:
    number = 0
    while worker_of(f"shard-{number}", workers) != worker:
        number += 1
    return f"shard-{number}"
