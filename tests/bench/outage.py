"""PostgreSQL stopped in the middle of a replay and started again a while later.  Prints JSON, leaves with 1 if it told.

Run by `fancy-trader bench outage --seconds 60`.  The server is one of the test packages', started here; the tests hold
the same for a second (`tests/flows/test_database_trouble.py`).
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from threading import Timer
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa


def main() -> None:
    """Replay a made day into SQLite undisturbed, and into PostgreSQL with an outage; compare."""
    parser = argparse.ArgumentParser(prog="fancy-trader bench outage", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--mode", choices=["fast", "immediate"], default="fast", help="immediate is a crash.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runtime = Path(folder) / "run"
        (runtime / "python_PostgresServer").mkdir(parents=True)
        runtime.chmod(0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
        told = measured(Path(folder), given.seconds, given.mode)
    print(json.dumps(told))
    sys.exit(not told["same"])


def measured(folder: Path, seconds: float, mode: str) -> dict[str, Any]:
    """Return what the outage did."""
    from flows.meter import Meter
    from flows.replay import prepare, run
    from sinks.doorbell import ring
    from tests.conftest import execute
    from tests.flows.conftest import read_back
    from tests.flows.made_day import make_day
    from tests.flows.own_server import own_server

    day, calls = make_day(folder), 0
    undisturbed = day.replay(f"sqlite:///{folder}/whole.db")
    with own_server() as server:
        execute(server.url, "CREATE DATABASE outage")
        url = server.url.set(database="outage").render_as_string()

        def ring_late(connection: sa.Connection) -> None:
            nonlocal calls
            calls += 1
            if calls == 6:
                server.stop(mode)
                Timer(seconds, server.start).start()
            ring(connection)

        meter, started = Meter(), time.monotonic()
        with patch("sinks.writer.ring", ring_late):  # in the middle of the sixth batch's transaction
            run(prepare(day.options(url, batch_rows=400)), meter)
        found = read_back(url, meter)
    return {
        "same": found.digest == undisturbed.digest and not meter.divergences,
        "digest": found.digest,
        "stopped_seconds": seconds,
        "mode": mode,
        "run_seconds": round(time.monotonic() - started, 1),
        "retries": meter.retries,
        "divergences": meter.divergences,
    }


if __name__ == "__main__":
    main()
