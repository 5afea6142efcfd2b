"""The short form of `fancy-trader bench simulation`: a hundred seeds, and that the simulation would notice."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from flows.in_order import InOrder
from flows.recovery.standing import RecoveryError
from flows.recovery.store import Snapshots
from operators.rows import Batch
from sinks.database import open_database
from sinks.reader import events_after, plan_standings
from sinks.schema import ensure_schema
from sinks.writer import SinkWriter
from tests.simulation.ledger import Ledger, event_told
from tests.simulation.life import live

ROOT = Path(__file__).resolve().parents[2]
SEEDS = 100
REAL_SEEDS = range(5)


def test_a_hundred_seeds_give_what_an_undisturbed_replay_and_the_plain_loop_give() -> None:
    """Killed, torn, fenced off, refused and unanswered: the same answer, nothing twice, nothing missing."""
    command = [str(Path(sys.executable).parent / "fancy-trader"), "bench", "simulation", "--seeds", str(SEEDS)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    for what in ("kills", "resumed", "restored", "retries", "fenced"):
        assert f'"{what}": 0' not in said.stdout


def test_a_seed_that_fails_is_printed_and_fails_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that takes a batch twice as two, or half of it, is noticed by the first seeds already."""
    whole = Ledger._commit

    def half(self: Ledger, batch: Batch) -> None:
        whole(self, Batch(events=batch.events[::2], states=batch.states, plans=batch.plans))

    monkeypatch.setattr(Ledger, "_commit", half)
    with pytest.raises((AssertionError, KeyError)):
        live_all(range(20), tmp_path)


def test_lives_with_the_scanner_on_give_what_an_undisturbed_replay_gives(tmp_path: Path) -> None:
    """Bars, what was found, and the plans that came of it, over deaths and from kept states."""
    lived = [live(seed, tmp_path / str(seed), scan=True) for seed in (7, 10)]
    assert all(each.scans and each.kills for each in lived)
    assert any(each.resumed for each in lived)


def test_an_order_that_is_lost_behind_the_scan_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What no bar ended with takes a way of its own, and comes sooner or later than the rest."""
    monkeypatch.setattr(InOrder, "on_item", lambda self, value: ([value], False))
    with pytest.raises(AssertionError):
        live(10, tmp_path / "10", scan=True)


def test_states_of_lives_that_never_came_to_pass_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they were left in the store until they were forgotten before a run begins; one seed of some 200 meets any."""
    monkeypatch.setattr(Snapshots, "forget_unreached", lambda _: 0)
    with pytest.raises((AssertionError, RecoveryError)):
        live_all(range(490, 690), tmp_path)


def live_all(seeds: Iterable[int], folder: Path) -> None:
    for seed in seeds:
        live(seed, folder / str(seed))


def test_equal_seeds_live_equal_lives(tmp_path: Path) -> None:
    """Nothing but the seed decides: neither the clock nor the order of a set."""
    assert live(7, tmp_path / "one") == live(7, tmp_path / "two")


def test_the_model_of_the_database_takes_batches_as_the_real_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every batch of some seeds, repeated and out of date ones too, in both: equal events and states."""
    whole = Ledger._commit
    for seed in REAL_SEEDS:
        engine = open_database(f"sqlite:///{tmp_path}/{seed}.db")
        ensure_schema(engine)
        real, models = SinkWriter(engine, "tape"), list[Ledger]()

        def both(self: Ledger, batch: Batch, real: SinkWriter = real, models: list[Ledger] = models) -> None:
            whole(self, batch)
            if not models or models[0] is self:  # the second one is the undisturbed replay's
                models[:] = [self]
                real.write(batch)

        monkeypatch.setattr(Ledger, "_commit", both)
        live(seed, tmp_path / str(seed))
        monkeypatch.setattr(Ledger, "_commit", whole)
        with engine.connect() as connection:
            events = {(each.plan_id, each.seq): event_told(each) for _, each in events_after(connection, 0, 10_000)}
            states = {each.state.plan_id: each.state for each in plan_standings(connection)}
        assert events == models[0].events
        assert states == models[0].states
        engine.dispose()
