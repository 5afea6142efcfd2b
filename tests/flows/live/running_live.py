"""`fancy-trader live` as a process of its own, against a practice market in this one."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.market.running import Running
from tests.flows.made import rows_so_far

SCRIPT = Path(sys.executable).parent / "fancy-trader"
PATIENCE_SECONDS = 120.0
PLAN = {
    "plan_id": "file-long",
    "symbol": "AAA",
    "style": "intraday",
    "direction": "long",
    "entry": "market",
    "stop": 50.0,
    "targets": [400.0, 500.0],
}
"""It enters at once, whenever it is heard of."""
HITTING = PLAN | {"entry": {"type": "stop", "price": 106.0}, "targets": [107.0, 500.0]}
"""It waits for a price that a made day reaches after ten minutes: it is heard of before that."""


@dataclass
class Live:
    """A run, its log so far, and how it ends."""

    process: subprocess.Popen[bytes]
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        """The whole lines of the log; each is one JSON object, or this fails."""
        return [json.loads(line) for line in self.log.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def said(self, event: str, **fields: Any) -> list[dict[str, Any]]:
        """The lines of one event that have these fields."""
        return [each for each in self.lines() if each["event"] == event and fields.items() <= each.items()]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)


@contextmanager
def live(market: Running, log: Path, key: str, *arguments: object, cwd: Path | None = None) -> Iterator[Live]:
    """Run it, its stderr into a file; kill it in the end if it is still there."""
    command = [SCRIPT, "live", *arguments, "--feed-url", market.url, "--rest-url", market.rest]
    environment = {**os.environ, "MASSIVE_API_KEY": key}
    with log.open("wb") as stderr:
        process = subprocess.Popen([str(each) for each in command], env=environment, stderr=stderr, cwd=cwd)
    try:
        yield Live(process, log)
    finally:
        process.kill()
        process.wait()


def until(wanted: Callable[[], bool], patience_s: float = PATIENCE_SECONDS) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + patience_s
    while not wanted():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def kinds_of(url: str, plan_id: str) -> list[str]:
    """What happened to a plan so far; nothing while there are no tables."""
    return [
        kind for (kind,) in rows_so_far(url, "SELECT kind FROM plan_events WHERE plan_id = ? ORDER BY seq", plan_id)
    ]
