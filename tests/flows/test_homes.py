"""Where keys are at home: workers read what the engine would send them anyway."""

from typing import Any

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.inputs import DynamicSource, StatelessSourcePartition
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import cluster_main

from flows.homes import SHARDS, home, shard_key

NAMES = ("A", "AA", "BRK.B", "NVDA", "TSLA", "GOOGL", "ABCDEFGH", "ABCDEFGHI", "Ä", *map(str, range(200)))


class Once(StatelessSourcePartition[tuple[str, int]]):
    """Names, in one batch, or nothing."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._batches = iter([[(name, 0) for name in names]])

    def next_batch(self) -> list[tuple[str, int]]:
        """Return them all, then stop."""
        return next(self._batches)


class Names(DynamicSource[tuple[str, int]]):
    """All names, at the first worker."""

    def build(self, step_id: str, worker_index: int, worker_count: int) -> Once:
        """Open one worker's."""
        return Once(NAMES if worker_index == 0 else ())


class Seen(DynamicSink[tuple[str, int]]):
    """Notes which worker a key came to."""

    def __init__(self) -> None:
        self.workers: dict[str, int] = {}

    def build(self, step_id: str, worker_index: int, worker_count: int) -> "SeenBy":
        """Open one worker's."""
        return SeenBy(self.workers, worker_index)


class SeenBy(StatelessSinkPartition[tuple[str, int]]):
    """One worker's keys."""

    def __init__(self, workers: dict[str, int], index: int) -> None:
        self._workers, self._index = workers, index

    def write_batch(self, items: list[tuple[str, int]]) -> None:
        """Note them."""
        self._workers |= dict.fromkeys((key for key, _ in items), self._index)


class Passing(op.StatefulLogic[int, int, None]):
    """Remembers nothing."""

    def on_item(self, value: int) -> tuple[list[int], bool]:
        """Pass it on."""
        return [value], op.StatefulLogic.RETAIN

    def snapshot(self) -> None:
        """Keep nothing."""


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_key_is_at_home_where_the_engine_sends_it(count: int) -> None:
    """Otherwise every slice of the tape would go from process to process."""
    seen, flow = Seen(), Dataflow("homes")
    keyed: Any = op.input("names", flow, Names())
    op.output("seen", op.stateful("pass", keyed, lambda _: Passing()), seen)
    cluster_main(flow, [], 0, worker_count_per_proc=count)
    assert seen.workers == {name: home(name, count) for name in NAMES}


@pytest.mark.parametrize("count", [1, 2, 4, 8, 16])
def test_a_symbol_and_its_shard_have_one_home(count: int) -> None:
    """Whatever part of the tape a worker reads, it also scans."""
    assert all(home(shard_key(name), count) == home(name, count) for name in NAMES)
    assert len(set(map(shard_key, NAMES))) == SHARDS
