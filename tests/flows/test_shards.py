"""Where shards are at home: whatever part of the tape a worker reads, it also scans, and all of it at once."""

import pytest

from flows.shards import shard_key
from flows.tape.share import worker_of

NAMES = ("A", "AA", "BRK.B", "NVDA", "TSLA", "GOOGL", "ABCDEFGH", "ABCDEFGHI", "Ä", *map(str, range(200)))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 8, 16])
def test_a_worker_s_symbols_are_one_shard_at_home_there(count: int) -> None:
    """Otherwise slices of the tape would travel between processes."""
    shards = {name: shard_key(name, count) for name in NAMES}
    assert all(worker_of(shards[name], count) == worker_of(name, count) for name in NAMES)
    assert len(set(shards.values())) == count
