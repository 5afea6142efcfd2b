"""Databases that falter under a run: it waits, drops and repeats nothing; past a bound it says why it stopped."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
import sqlalchemy as sa

from flows.meter import Meter
from flows.options import STREAM
from flows.replay import prepare, run
from sinks import database, retrying, writer
from sinks.bulk import lock_writers
from sinks.doorbell import ring
from sinks.errors import DatabaseError, DatabaseReplacedError
from sinks.fencing import failure_of, set_failure
from sinks.pulse_reader import pulse_of
from tests.conftest import execute
from tests.flows.conftest import Replayed
from tests.flows.cutting import Cutting
from tests.flows.made_day import Day, check_same, day, whole
from tests.flows.own_server import OwnServer, own_server

__all__ = ["day", "whole"]  # fixtures
ROWS = 400
DOWN_SECONDS = 1.0


def counted(monkeypatch: pytest.MonkeyPatch, at: int, what: Callable[[], None]) -> None:
    """Let something happen at the end of a batch's transaction, before its COMMIT."""
    calls = 0

    def ring_late(connection: sa.Connection) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            what()
        ring(connection)

    monkeypatch.setattr("sinks.writer.ring", ring_late)


def replay(day: Day, url: str) -> Meter:
    meter = Meter()
    run(prepare(day.options(url, batch_rows=ROWS)), meter)
    return meter


@pytest.mark.postgres
def test_connections_cut_during_commit_change_nothing(day: Day, whole: Replayed, postgresql_url: str) -> None:
    """Whether the server had heard the COMMIT or not: the batch is written again, and counts once."""
    server = sa.make_url(postgresql_url).set(drivername="postgresql+psycopg")
    cutting = Cutting(server, every=3)
    try:
        meter = replay(day, cutting.url)
    finally:
        cutting.close()
    assert min(cutting.unheard, cutting.unanswered) >= 2
    assert meter.retries >= cutting.unheard + cutting.unanswered
    check_same(postgresql_url, whole)


@pytest.fixture(scope="module")
def server(postgresql_server: sa.URL) -> Iterator[OwnServer]:
    """A server that the tests of this module may stop."""
    assert postgresql_server  # by it the package was imported as it must be
    with own_server() as found:
        yield found


@pytest.mark.postgres
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_goes_away_in_the_middle_of_a_transaction_and_comes_back_changes_nothing(
    day: Day, whole: Replayed, server: OwnServer, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """Shut down, or crashed; gone for a while: the tape waits, and nothing is lost or told twice."""
    execute(server.url, f"CREATE DATABASE {mode}")
    url = server.url.set(database=mode).render_as_string()

    def down() -> None:
        server.stop(mode)
        Timer(DOWN_SECONDS, server.start).start()

    counted(monkeypatch, 6, down)
    meter = replay(day, url)
    assert meter.retries >= 1
    check_same(url.replace("+psycopg", ""), whole)


def test_a_file_that_is_deleted_in_the_middle_ends_the_run_which_writes_no_further(
    day: Day, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it make another one: half an answer would stand there."""
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    counted(monkeypatch, 5, file.unlink)
    with pytest.raises(DatabaseReplacedError, match="its file was deleted or replaced while it was open"):
        replay(day, sqlite_url)
    assert not file.exists()


def test_a_database_that_stays_locked_stops_the_run_which_says_so_and_goes_on_later(
    day: Day, whole: Replayed, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past the bound: one line, and the failure in the database, until the same command takes it up and finishes."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.02)
    monkeypatch.setattr(retrying, "PATIENCE_SECONDS", 0.1)
    held: list[sa.Connection] = []
    batches, whole_write = 0, writer.SinkWriter.write
    plain = database.open_database(database_url)

    def write(self: writer.SinkWriter, batch: Any) -> Any:
        nonlocal batches
        batches += 1
        if batches == 5:
            held.append(plain.connect())
            held[0].begin()
            lock_writers(held[0])
        return whole_write(self, batch)

    def last_word(*given: Any) -> None:
        """It is free again once the run has given up, not before."""
        held[0].close()
        set_failure(*given)

    monkeypatch.setattr(writer.SinkWriter, "write", write)
    monkeypatch.setattr("flows.replay.set_failure", last_word)
    with pytest.raises(DatabaseError, match=r"holds its lock; .*; tried \d+ times in"):
        replay(day, database_url)
    with plain.connect() as connection:
        failure = failure_of(connection, STREAM)
        assert failure is not None
        assert "holds its lock" in failure
        assert pulse_of(connection).failure == failure
    monkeypatch.setattr(database, "BUSY_SECONDS", 60.0)
    replay(day, database_url)
    check_same(database_url, whole)
    with plain.connect() as connection:
        assert pulse_of(connection).failure is None
    plain.dispose()
