"""The model of the engine's store against the engine: what the one left, the other goes on from."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig
from bytewax.testing import TestingSink, TestingSource, cluster_main

from flows.recovery.running import HITS_STEP
from flows.recovery.store import FLOW, Snapshots
from tests.simulation.kept import Change, Epochs, store

LIVES = 4
STEPS = 60


@dataclass
class Drawn:
    """A worker whose states change as they like."""

    keys: str
    rng: Random
    begun: bool = True
    number: int = 0

    @property
    def calm(self) -> bool:
        return self.rng.random() < 0.7

    @property
    def written(self) -> bool:
        return self.rng.random() < 0.7

    def changes(self) -> list[Change]:
        changed = self.rng.sample(self.keys, self.rng.randint(0, len(self.keys)))
        self.number += 1
        return [(HITS_STEP, key, None if self.rng.random() < 0.2 else f"{key}{self.number}") for key in changed]


@pytest.mark.parametrize("seed", range(12))
def test_the_engine_goes_on_from_what_the_model_left_as_the_simulation_does(seed: int, tmp_path: Path) -> None:
    """Some lives of one worker or two, each cut short; then the engine is given the file."""
    rng, path = Random(seed), store(tmp_path / "kept", 1)
    for _ in range(LIVES):
        snapshots = Snapshots(path)
        snapshots.forget_unreached()
        workers = [Drawn("ABC", rng), Drawn("DEF", rng)][: rng.choice((1, 2))]
        epochs = Epochs(snapshots, workers, rng)
        for _ in range(rng.randrange(STEPS)):
            epochs.step()
        epochs.close()
    snapshots = Snapshots(path)
    snapshots.forget_unreached()
    wanted = dict(snapshots.states(HITS_STEP))
    assert restored(path.parent) == wanted


def restored(folder: Path) -> dict[str, Any]:
    """What the engine gives the step when a run begins."""
    given = dict[str, Any]()

    class Logic(op.StatefulLogic[Any, Any, Any]):
        def __init__(self, kept: Any) -> None:
            self._kept = kept

        def on_item(self, value: Any) -> tuple[list[Any], bool]:
            given[value] = self._kept
            return [], op.StatefulLogic.RETAIN

        def snapshot(self) -> Any:
            return self._kept

    flow = Dataflow(FLOW)
    asked = op.input("asked", flow, TestingSource([(key, key) for key in "ABCDEF"]))
    op.output("nothing", op.stateful(HITS_STEP, asked, Logic), TestingSink([]))
    cluster_main(flow, [], 0, epoch_interval=timedelta(seconds=10), recovery_config=RecoveryConfig(str(folder)))
    return {key: state for key, state in given.items() if state is not None}
