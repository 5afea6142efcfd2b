"""Broken connections and killed processes, in short; `fancy-trader bench reconnects` goes on a thousand times."""

from pathlib import Path

from tests.bench.reconnects import run, wanted

FEW = "--times 12 --kills 1 --most-kills 1 --clients 4 --longest-s 1 --between-s 0.5"


def test_each_clients_log_is_the_databases_whatever_was_broken_and_killed(tmp_path: Path) -> None:
    told = run(tmp_path, wanted(FEW.split()))
    assert told["logs_that_differ"] == []
    assert told["reconnections"] >= 12
    assert told["killed"] == {"server": 1, "flow": 1}
