"""The bell rings for what others commit, and for nothing else."""

import time

import sqlalchemy as sa

from operators.rows import Batch
from sinks.doorbell import Doorbell
from sinks.writer import SinkWriter


def no_stop(seconds: float) -> bool:
    """Sleep, and go on."""
    time.sleep(seconds)
    return False


def test_a_batch_rings_once_it_is_committed(engine: sa.Engine, writer: SinkWriter, batch: Batch) -> None:
    bell = Doorbell(engine)
    assert not bell.wait(0.05, 0.01, no_stop)
    writer.write(batch)
    assert bell.wait(60.0, 0.01, no_stop)
    assert not bell.wait(0.05, 0.01, no_stop)
    bell.close()


def test_waiting_ends_when_asked_to(engine: sa.Engine) -> None:
    """On SQLite at once; PostgreSQL waits no longer than it was told to."""
    bell, pauses = Doorbell(engine), list[float]()

    def stop(seconds: float) -> bool:
        pauses.append(seconds)
        return True

    on_sqlite = engine.dialect.name == "sqlite"
    assert not bell.wait(1e6 if on_sqlite else 0.1, 0.01, stop)
    assert pauses == ([0.01] if on_sqlite else [])
    bell.close()
