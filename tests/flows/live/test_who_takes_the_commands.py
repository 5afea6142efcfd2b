"""The commands of a database go to one tape at a time."""

from pathlib import Path
from threading import Event

import pytest
import sqlalchemy as sa

from flows.live.ingest import ingest
from flows.live.options import LiveOptions
from flows.options import ReplayOptions
from flows.tape.command_feed import COMMANDS, commands_to_tape
from flows.tape.segments.writer import Sync, TapeWriter
from operators.times import SECOND_NS
from sinks.commands import append_watch, unapplied
from sinks.database import open_database
from sinks.fencing import FencedError, StreamTakenError, sole_writer, take
from sinks.schema import ensure_schema
from tests.flows.live.running_live import live, until
from tests.flows.made import OPEN_NS
from tests.flows.market.practice import KEY, START_NS, made_day, serving
from tests.flows.tape_segments.made_records import everything


def asked_for(database: str) -> sa.Engine:
    """A database in which one command waits."""
    engine = open_database(database)
    ensure_schema(engine)
    with engine.begin() as connection:
        append_watch(connection, "BRK.B", OPEN_NS)
    return engine


def test_a_second_feed_takes_nothing_from_the_first(database_url: str, tmp_path: Path) -> None:
    """It is refused before it takes a command or writes a record; whoever had them keeps them."""
    engine, tape = asked_for(database_url), tmp_path / "second"
    options = LiveOptions(ReplayOptions((tape,), None, database_url), tape, "ws://127.0.0.1:9", sync=Sync.NEVER)
    with sole_writer(engine, COMMANDS):
        with pytest.raises(StreamTakenError, match=r"is writing to it; stop that one, or choose another database$"):
            ingest(options, Event())
        with engine.connect() as connection:
            assert len(unapplied(connection, 10)) == 1
    assert not everything(tape)
    engine.dispose()


def test_who_lost_the_commands_takes_none_any_more(database_url: str, tmp_path: Path) -> None:
    """A lock can be lost without a word; then the token tells, before anything is put on the tape."""
    engine = asked_for(database_url)
    lost = take(engine, COMMANDS)
    token = take(engine, COMMANDS)
    with TapeWriter(tmp_path / "tape", Sync.NEVER) as writer:
        with pytest.raises(FencedError, match="took over commands; this run writes no more"):
            commands_to_tape(engine, writer, lambda: OPEN_NS + SECOND_NS, lost)
        assert not everything(tmp_path / "tape")
        assert len(commands_to_tape(engine, writer, lambda: OPEN_NS + SECOND_NS, token)) == 1
    engine.dispose()


def test_a_run_without_a_flow_keeps_a_second_one_off(sqlite_url: str, tmp_path: Path) -> None:
    """The second ends in a line that names the first, and tries no more; the first goes on."""
    engine = asked_for(sqlite_url)
    options = ("--no-flow", "--symbols", "AAA", "--db", sqlite_url)
    with (
        serving(made_day(20_000), speed=10.0, start_ns=START_NS) as market,
        live(market, tmp_path / "log", KEY, "--tape", tmp_path / "first", *options) as first,
    ):
        until(lambda: bool(first.said("streaming", subscriptions=2)))
        with live(market, tmp_path / "log-2", KEY, "--tape", tmp_path / "second", *options) as second:
            until(lambda: second.process.poll() is not None)
        assert second.process.returncode == 1
        (told,) = second.said("child_failed")
        (child,) = first.said("child_started")
        assert f"process {child['pid']} on " in told["why"]
        assert told["pointless"]
        assert first.process.poll() is None
        assert first.stop() == 0
    engine.dispose()
