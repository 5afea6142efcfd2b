"""One run at a time writes a stream: the second is refused, or the first, having lost its hold, is fenced."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from operators.events import PlanEvent
from operators.rows import Batch
from sinks.database import open_database
from sinks.errors import DatabaseError
from sinks.fencing import FencedError, StreamTakenError, failure_of, set_failure, sole_writer, take, token_of
from sinks.writer import SinkWriter

HOLDER = """
import sys
from sinks.database import open_database
from sinks.fencing import sole_writer
from sinks.schema import ensure_schema
engine = open_database(sys.argv[1])
ensure_schema(engine)
with sole_writer(engine, "tape") as token:
    print(token, flush=True)
    sys.stdin.read()
"""
Holder = Callable[[], "subprocess.Popen[str]"]
MakeEvent = Callable[..., PlanEvent]
Contents = Callable[[sa.Engine], dict[str, list[tuple[Any, ...]]]]


@pytest.fixture
def holder(database_url: str) -> Iterator[Holder]:
    """Starts a process that holds the stream until it is told to end; none outlives the test."""
    started: list[subprocess.Popen[str]] = []

    def start() -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", HOLDER, database_url]
        root = Path(__file__).resolve().parents[2]
        process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().strip().isdecimal()
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_the_second_is_refused_while_the_first_lives(holder: Holder, database_url: str) -> None:
    """In one line that names who holds it; once the first has ended, the next one is let in."""
    first = holder()
    engine = open_database(database_url)
    with (
        pytest.raises(StreamTakenError, match=f"process {first.pid} on .* is writing to it; stop that one"),
        sole_writer(engine, "tape", patience_s=0.2),
    ):
        pytest.fail("both were let in")
    first.communicate()
    with sole_writer(engine, "tape", patience_s=60) as token, engine.connect() as connection:
        assert (token, token_of(connection, "tape")) == (2, 2)
    engine.dispose()


def test_a_run_that_was_killed_can_be_replaced_at_once(holder: Holder, database_url: str) -> None:
    """SIGKILL leaves nothing behind that would keep the next one out, however often."""
    for token in (2, 4):
        holder().send_signal(signal.SIGKILL)
        engine = open_database(database_url)
        with sole_writer(engine, "tape", patience_s=60) as taken:
            assert taken == token
        engine.dispose()


def test_another_stream_of_the_same_database_has_its_own_holder(engine: sa.Engine) -> None:
    with sole_writer(engine, "tape"), sole_writer(engine, "other", patience_s=0) as token:
        assert token == 1


def test_who_lost_the_stream_writes_nothing_more(engine: sa.Engine, make_event: MakeEvent, contents: Contents) -> None:
    """The token is looked at inside the batch's transaction: all of the batch is refused, and every later one."""
    first, again = (SinkWriter(engine, "tape", take(engine, "tape")) for _ in range(2))
    for seq in (1, 2):
        with pytest.raises(FencedError, match=f"process {os.getpid()} on .* took over tape; this run writes no more"):
            first.write(Batch(events=(make_event(seq=seq),)))
    assert contents(engine)["plan_events"] == contents(engine)["streams"] == []
    assert again.write(Batch(events=(make_event(),))).events == 1


def test_all_writers_of_one_run_share_its_token(engine: sa.Engine, make_event: MakeEvent) -> None:
    token = take(engine, "tape")
    for plan_id in ("P1", "P2"):
        assert SinkWriter(engine, "tape", token).write(Batch(events=(make_event(plan_id),))).events == 1


def test_a_failure_is_told_of_the_run_that_holds_the_stream_and_of_no_other(engine: sa.Engine) -> None:
    """The next run begins without one."""
    lost = take(engine, "tape")
    token = take(engine, "tape")
    for who, told in ((lost, None), (token, "the disk is full")):
        set_failure(engine, "tape", who, "the disk is full")
        with engine.connect() as connection:
            assert failure_of(connection, "tape") == told
    take(engine, "tape")
    with engine.connect() as connection:
        assert failure_of(connection, "tape") is None


@pytest.mark.postgres
def test_a_lock_that_the_server_dropped_leaves_the_first_fenced(postgresql_url: str, make_event: MakeEvent) -> None:
    """The first does not notice that its connection is gone; the second is let in, and the first writes no more."""
    from sinks.schema import ensure_schema

    engine, second = open_database(postgresql_url), open_database(postgresql_url)
    ensure_schema(engine)
    with sole_writer(engine, "tape") as token:
        with second.begin() as connection:
            held = (
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            )
            assert connection.execute(sa.text(held)).scalars().all() == [True]
        with sole_writer(second, "tape", patience_s=60), pytest.raises(FencedError):
            SinkWriter(engine, "tape", token).write(Batch(events=(make_event(),)))
    engine.dispose()
    second.dispose()


def test_a_folder_that_cannot_hold_the_lock_is_named(tmp_path: Path, sqlite_url: str) -> None:
    from sinks.schema import ensure_schema

    engine = open_database(sqlite_url)
    ensure_schema(engine)
    (tmp_path / "fancy.db.tape-lock").mkdir()
    with (
        pytest.raises(DatabaseError, match=r"tape-lock: it cannot be locked \(Is a directory\)"),
        sole_writer(engine, "tape"),
    ):
        pytest.fail("it was let in")
    engine.dispose()
