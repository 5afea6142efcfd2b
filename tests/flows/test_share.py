"""The workers of symbols: every worker reads what the engine would send to it."""

import threading
from collections.abc import Iterable
from typing import Any

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.inputs import DynamicSource, StatelessSourcePartition
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import cluster_main

from flows.tape.share import Share, worker_of

KEYS = ["A", "SPY", "BRK.B", "ÄÖ", "", "SEVENXX", "EIGHTXXX", "A-LONGER-ONE-THAN-16", *(f"S{n}" for n in range(100))]


class Once(StatelessSourcePartition[tuple[str, int]]):
    """All keys from worker 0, nothing from the others."""

    def __init__(self, index: int) -> None:
        self.items = [(key, 0) for key in KEYS] if index == 0 else []

    def next_batch(self) -> list[tuple[str, int]]:
        if not self.items:
            raise StopIteration
        items, self.items = self.items, []
        return items


class Keys(DynamicSource[tuple[str, int]]):
    """Knows which thread is which worker."""

    def __init__(self) -> None:
        self.workers: dict[int, int] = {}

    def build(self, step_id: str, worker_index: int, worker_count: int) -> Once:
        self.workers[threading.get_ident()] = worker_index
        return Once(worker_index)


class Where(op.StatefulLogic[int, int, None]):
    """Says on which thread a key's step runs."""

    def on_item(self, value: int) -> tuple[Iterable[int], bool]:
        return [threading.get_ident()], op.StatefulLogic.RETAIN

    def snapshot(self) -> None:
        return None


class Kept(DynamicSink[tuple[str, int]], StatelessSinkPartition[tuple[str, int]]):
    """Keeps what comes."""

    def __init__(self) -> None:
        self.items: dict[str, int] = {}

    def build(self, *_: Any) -> "Kept":
        return self

    def write_batch(self, items: list[tuple[str, int]]) -> None:
        self.items.update(items)


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_a_worker_reads_the_symbols_whose_steps_run_on_it(count: int) -> None:
    """Otherwise every print would be sent from one process to another."""
    flow, source, sink = Dataflow("where"), Keys(), Kept()
    op.output("out", op.stateful("where", op.input("in", flow, source), lambda kept: Where()), sink)
    cluster_main(flow, [], 0, worker_count_per_proc=count)
    found = {key: source.workers[thread] for key, thread in sink.items.items()}
    assert found == {key: worker_of(key, count) for key in KEYS}


def test_every_symbol_has_one_worker() -> None:
    """And shares are about even."""
    for count in (1, 2, 5):
        held = [[key for key in KEYS if Share(index, count).holds(key)] for index in range(count)]
        assert sorted(key for keys in held for key in keys) == sorted(KEYS)
        assert min(map(len, held)) > len(KEYS) / count / 2
