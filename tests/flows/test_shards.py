"""Where shards are at home: whatever part of the tape a worker reads, it also scans."""

import pytest

from flows.shards import SHARDS, shard_key
from flows.tape.share import worker_of

NAMES = ("A", "AA", "BRK.B", "NVDA", "TSLA", "GOOGL", "ABCDEFGH", "ABCDEFGHI", "Ä", *map(str, range(200)))


@pytest.mark.parametrize("count", [1, 2, 4, 8, 16])
def test_a_symbol_and_its_shard_have_one_worker(count: int) -> None:
    """Otherwise slices of the tape would travel between processes."""
    assert all(worker_of(shard_key(name), count) == worker_of(name, count) for name in NAMES)


def test_no_shard_is_empty_or_alone() -> None:
    """Symbols spread over all of them."""
    assert len(set(map(shard_key, NAMES))) == SHARDS
