"""Broken connections and killed processes, in short; `fancy-trader bench reconnects` goes on a thousand times."""

from pathlib import Path

from tests.bench.reconnects import run, wanted


def test_each_clients_log_is_the_databases_whatever_was_broken_and_killed(tmp_path: Path) -> None:
    few = ["--times", "12", "--kills", "2", "--most-kills", "2", "--clients", "4"]
    few += ["--longest-s", "1", "--between-s", "0.5"]
    told = run(tmp_path, wanted(few))
    assert told["logs_that_differ"] == []
    assert told["reconnections"] >= 12
    assert told["killed"] == {"server": 2, "flow": 2}
