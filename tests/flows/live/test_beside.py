"""The server beside a live run ends with it."""

import os
import signal
from pathlib import Path
from threading import Event, Timer

from flows.live.beside import serve_beside
from sinks.database import open_database
from sinks.schema import ensure_schema


def test_a_server_whose_run_ended_while_it_started_ends_too(tmp_path: Path) -> None:
    """Its signal came when children still ignore signals: it stayed for ever, without a parent."""
    url, stop = f"sqlite:///{tmp_path}/plans.db", Event()
    engine = open_database(url)
    ensure_schema(engine)
    engine.dispose()
    stop.set()
    late = Event()

    def rescue_it() -> None:
        late.set()
        os.kill(os.getpid(), signal.SIGTERM)

    rescue = Timer(60, rescue_it)
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    rescue.start()
    try:
        serve_beside(url, 0, stop)
    finally:
        rescue.cancel()
        signal.signal(signal.SIGTERM, before)
    assert not late.is_set()
