"""`fancy-trader db backup|restore`: a copy of one instant, put back whole, caught up from the tape."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from flows.tape.command_feed import commands_to_tape
from flows.tape.segments.payloads import read_command
from flows.tape.segments.record import Kind
from flows.tape.segments.writer import TapeWriter
from operators.times import SECOND_NS
from sinks import schema
from sinks.database import open_database
from sinks.schema import HEAD, REVISIONS
from tests.conftest import execute
from tests.flows.made import (
    OPEN_NS,
    Command,
    Said,
    check_whole,
    market_tape,
    plans_around,
    rows_of,
    simple_plan,
    speaker,
    write_plans,
)
from tests.flows.made_tape import as_frames, market_prints, with_clock, write_records
from tests.flows.tape_segments.made_records import everything

FAILURE = 1
NOON = "2013-10-08T12:00:00-04:00"


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in this process."""
    return speaker(capsys)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Where the copy goes; its folder holds nothing else."""
    (tmp_path / "copies").mkdir()
    return tmp_path / "copies" / "copy.db"


@pytest.fixture
def replay(tmp_path: Path, sqlite_url: str, command: Command) -> Callable[..., Said]:
    """Replays a day, or its beginning, into the database."""
    tape = market_tape(tmp_path, ["AAA", "BBB", "CCC"], 800)
    plans = write_plans(tmp_path, plans_around(tape, 80))
    return lambda *more: command("replay", tape, "--plans", plans, "--db", sqlite_url, *more)


def digest(command: Command, url: str) -> str:
    said = command("digest", "--db", url)
    assert said.code == 0
    return said.out


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_an_older_database_catches_up_from_the_file_to_the_same_digest(
    sqlite_url: str, command: Command, replay: Callable[..., Said], copy: Path
) -> None:
    """Copied at noon, lost in the evening, put back: noon again; then the same command gives the same evening."""
    assert replay("--to", NOON).code == 0
    noon = digest(command, sqlite_url)
    assert command("db", "backup", copy, "--db", sqlite_url).code == 0
    assert replay().code == 0
    evening = digest(command, sqlite_url)
    assert evening != noon
    assert command("db", "restore", copy, "--db", sqlite_url, "--force").code == 0
    assert digest(command, sqlite_url) == noon
    assert replay().code == 0
    assert digest(command, sqlite_url) == evening
    assert rows_of(sqlite_url, "SELECT divergences FROM streams") == [(0,)]
    check_whole(sqlite_url)


def test_an_older_database_catches_up_from_a_tape(tmp_path: Path, command: Command, copy: Path) -> None:
    """The log that a live session leaves: put back where no database is left, it comes to the same digest."""
    prints = market_prints(("AAA", "BBB"), 900, seed=9, seconds=9_000)
    tape = write_records(tmp_path / "tape", with_clock(as_frames(prints)))
    flat = market_tape(tmp_path, ["AAA", "BBB"], 900, seed=9, seconds=9_000)
    lost, again = f"sqlite:///{tmp_path}/lost.db", f"sqlite:///{tmp_path}/again.db"
    arguments = ("replay", tape, "--plans", write_plans(tmp_path, plans_around(flat, 60)), "--no-scan")
    assert command(*arguments, "--db", lost, "--to", "2013-10-08T10:30:00-04:00").code == 0
    early = digest(command, lost)
    assert command("db", "backup", copy, "--db", lost).code == 0
    assert command(*arguments, "--db", lost).code == 0
    assert digest(command, lost) != early
    assert command("db", "restore", copy, "--db", again).code == 0
    assert digest(command, again) == early
    assert command(*arguments, "--db", again).code == 0
    assert digest(command, again) == digest(command, lost)


def test_a_copy_taken_while_another_writes_holds_whole_transactions(
    sqlite_url: str, command: Command, replay: Callable[..., Said], copy: Path
) -> None:
    """In the middle of a transaction the copy waits for nobody and holds none of it, and the writer goes on."""
    assert replay().code == 0
    before = digest(command, sqlite_url)
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as writer:
        writer.execute("PRAGMA cache_size = 1")  # so that unfinished pages stand in the log of writes
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM plan_events")
        assert command("db", "backup", copy, "--db", sqlite_url).code == 0
        writer.execute("COMMIT")
    check_whole(f"sqlite:///{copy}")
    assert digest(command, f"sqlite:///{copy}") == before
    assert rows_of(sqlite_url, "SELECT count(*) FROM plan_events") == [(0,)]


def test_a_copy_is_one_file_that_needs_nothing_beside_it(
    sqlite_url: str, command: Command, replay: Callable[..., Said], copy: Path
) -> None:
    """Even while the newest rows stand in the source's log of writes only."""
    assert replay().code == 0
    path = sqlite_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("UPDATE streams SET divergences = 7")
        assert Path(f"{path}-wal").stat().st_size > 0
        assert command("db", "backup", copy, "--db", sqlite_url).code == 0
    assert names(copy.parent) == ["copy.db"]
    copy.chmod(0o400)
    assert digest(command, f"sqlite:///{copy}") == digest(command, sqlite_url)
    assert rows_of(f"sqlite:///{copy}", "SELECT divergences FROM streams") == [(7,)]


def test_nothing_is_overwritten_unasked(
    sqlite_url: str, command: Command, replay: Callable[..., Said], copy: Path
) -> None:
    """Neither a file by a copy, nor a database by what is put back."""
    assert replay().code == 0
    assert command("db", "backup", copy, "--db", sqlite_url).code == 0
    before = copy.read_bytes(), digest(command, sqlite_url)
    said = command("db", "backup", copy, "--db", sqlite_url)
    assert (said.code, said.out) == (FAILURE, "")
    assert "there is a file already, and a copy replaces none; choose another name" in said.only_line
    said = command("db", "restore", copy, "--db", sqlite_url)
    assert (said.code, said.out) == (FAILURE, "")
    assert "it holds something; --force gives it up for the copy" in said.only_line
    said = command("db", "restore", copy, "--db", f"sqlite:///{copy}", "--force")
    assert "it cannot be put in its own place" in said.only_line
    assert (copy.read_bytes(), digest(command, sqlite_url)) == before
    assert names(copy.parent) == ["copy.db"]


@pytest.mark.parametrize("ending", ["-wal", "-journal"])
def test_what_a_lost_database_left_beside_it_joins_no_copy(
    sqlite_url: str, command: Command, replay: Callable[..., Said], copy: Path, ending: str
) -> None:
    assert replay().code == 0
    copy.with_name(copy.name + ending).write_bytes(b"old")
    assert command("db", "backup", copy, "--db", sqlite_url).code == FAILURE
    assert not copy.exists()


def test_a_database_that_another_program_has_open_is_not_replaced(
    sqlite_url: str, command: Command, replay: Callable[..., Said], copy: Path
) -> None:
    """A flow that goes on would write what follows on rows that are gone."""
    assert replay().code == 0
    assert command("db", "backup", copy, "--db", sqlite_url).code == 0
    before = digest(command, sqlite_url)
    engine = open_database(sqlite_url)
    said = command("db", "restore", copy, "--db", sqlite_url, "--force")
    assert said.code == FAILURE
    assert "another program has it open; stop that program first" in said.only_line
    engine.dispose()
    assert digest(command, sqlite_url) == before
    assert command("db", "restore", copy, "--db", sqlite_url, "--force").code == 0


def damaged(path: Path) -> None:
    """Overwrite all pages but the first two."""
    content = path.read_bytes()
    path.write_bytes(content[:32_768] + b"\xff" * (len(content) - 32_768))


def test_a_damaged_database_is_not_copied_and_can_be_replaced(
    sqlite_url: str, command: Command, replay: Callable[..., Said], copy: Path
) -> None:
    assert replay().code == 0
    assert command("db", "backup", copy, "--db", sqlite_url).code == 0
    before = digest(command, sqlite_url)
    damaged(Path(sqlite_url.removeprefix("sqlite:///")))
    said = command("db", "backup", copy.with_name("other.db"), "--db", sqlite_url)
    assert said.code == FAILURE
    assert "the file is damaged" in said.only_line
    assert names(copy.parent) == ["copy.db"]
    assert command("db", "restore", copy, "--db", sqlite_url, "--force").code == 0
    assert digest(command, sqlite_url) == before


def test_a_damaged_copy_is_not_put_back(
    sqlite_url: str, command: Command, replay: Callable[..., Said], copy: Path
) -> None:
    assert replay().code == 0
    assert command("db", "backup", copy, "--db", sqlite_url).code == 0
    before = digest(command, sqlite_url)
    damaged(copy)
    said = command("db", "restore", copy, "--db", sqlite_url, "--force")
    assert said.code == FAILURE
    assert "the file is damaged" in said.only_line
    assert digest(command, sqlite_url) == before


KILLED_MIDWAY = """
import os, signal, sqlite3, sys
from pathlib import Path
from sinks import backup

class Dying(sqlite3.Connection):
    def backup(self, target, **_):
        def die(_status, left, _total):
            if left < 3:
                os.kill(os.getpid(), signal.SIGKILL)
        super().backup(target, pages=1, progress=die)

real = sqlite3.connect
copied = backup._copy_out
def copy_out(*given):
    done = copied(*given)
    backup.sqlite3.connect = lambda path, **options: real(path, factory=Dying, **options)
    return done
backup._copy_out = copy_out
backup.restore(Path(sys.argv[1]), sys.argv[2], 0, overwrite=True)
"""


def test_a_kill_while_a_copy_is_put_back_leaves_the_database_as_it_was(
    sqlite_url: str, command: Command, replay: Callable[..., Said], copy: Path
) -> None:
    """Most of its pages are written by then."""
    assert replay("--to", NOON).code == 0
    assert command("db", "backup", copy, "--db", sqlite_url).code == 0
    assert replay().code == 0
    before = digest(command, sqlite_url)
    killed = subprocess.run([sys.executable, "-c", KILLED_MIDWAY, str(copy), sqlite_url], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert replay().code == 0  # whoever opens it for writing next takes the half-written pages back
    assert digest(command, sqlite_url) == before
    check_whole(sqlite_url)
    assert command("db", "restore", copy, "--db", sqlite_url, "--force").code == 0


def test_a_command_after_a_restore_is_not_taken_for_one_before_it(
    tmp_path: Path, sqlite_url: str, command: Command, copy: Path
) -> None:
    """The tape knows commands by number: those asked for since the copy are on it, and their numbers come no more."""

    def ask(plan_id: str, at_ns: int) -> None:
        plans = write_plans(tmp_path, [simple_plan(plan_id)])
        assert command("plans", "add", plans, "--db", sqlite_url).code == 0
        engine = open_database(sqlite_url)
        with TapeWriter(tmp_path / "tape") as writer:
            commands_to_tape(engine, writer, lambda: at_ns)
        engine.dispose()

    ask("P1", OPEN_NS)
    assert command("db", "backup", copy, "--db", sqlite_url).code == 0
    ask("P2", OPEN_NS + SECOND_NS)
    for number in (3, 4):
        assert command("db", "restore", copy, "--db", sqlite_url, "--force").code == 0
        ask(f"P{number}", OPEN_NS + number * SECOND_NS)
    told = [read_command(each.payload) for each in everything(tmp_path / "tape") if each.kind is Kind.COMMAND]
    assert [(each.plan or {})["plan_id"] for each in told] == ["P1", "P2", "P3", "P4"]
    assert len({each.id for each in told}) == len(told)


def test_a_copy_of_an_older_program_is_upgraded_after_it_is_back(
    sqlite_url: str, command: Command, replay: Callable[..., Said], copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy that somebody makes before `db upgrade` is what they go back to."""
    assert replay().code == 0
    monkeypatch.setattr(schema, "REVISIONS", (*REVISIONS, "9998"))
    monkeypatch.setattr(schema, "HEAD", "9998")
    assert command("db", "backup", copy, "--db", sqlite_url).code == 0
    said = command("db", "restore", copy, "--db", sqlite_url, "--force")
    assert f"its tables are of revision {HEAD}: run `fancy-trader db upgrade`" in said.out


UNUSABLE = {
    "a server": ("backup", "postgresql://me:secret@localhost/plans", "use pg_dump and pg_restore", 2),
    "memory": ("backup", "sqlite://", "a database in memory is seen by one connection only", 2),
    "options": ("backup", "sqlite:///file:x.db?uri=true", "it names no plain file", 2),
    "no database": ("backup", "sqlite:///{}/none.db", "there is no such file", 3),
    "no folder": ("restore", "sqlite:///{}/none/plans.db", "it cannot be written", 1),
    "a folder": ("restore", "sqlite:///{}/copies", "it holds something", 1),
    "another engine": ("restore", "mysql://localhost/plans", "mysql is not supported", 2),
}


@pytest.mark.parametrize("case", UNUSABLE.values(), ids=UNUSABLE)
def test_what_cannot_be_copied_is_said(
    tmp_path: Path, sqlite_url: str, command: Command, copy: Path, case: tuple[str, str, str, int]
) -> None:
    """In one line, without the password: 2 for a wrong URL, 3 for no such file; no file appears."""
    name, url, text, code = case
    if name == "restore":
        assert command("db", "upgrade", "--db", sqlite_url).code == 0
        assert command("db", "backup", copy, "--db", sqlite_url).code == 0
    before = sorted(tmp_path.rglob("*"))
    said = command("db", name, copy, "--db", url.format(tmp_path))
    assert (said.code, said.out) == (code, "")
    assert text in said.only_line
    assert "secret" not in said.only_line
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("content", [None, b"", b"no database at all, but long enough for a header" * 9])
def test_what_is_no_copy_is_not_put_back(
    tmp_path: Path, sqlite_url: str, command: Command, copy: Path, content: bytes | None
) -> None:
    """A file that is missing, empty, or something else; no database appears."""
    if content is not None:
        copy.write_bytes(content)
    assert command("db", "restore", copy, "--db", sqlite_url).code == (3 if content is None else FAILURE)
    assert not list(tmp_path.glob("fancy.db*"))


def test_a_full_disk_leaves_no_copy(
    tmp_path: Path, sqlite_url: str, command: Command, replay: Callable[..., Said]
) -> None:
    """A real one, of a hundred kilobytes."""
    assert replay().code == 0
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small file system")
    try:
        said = command("db", "backup", disk / "copy.db", "--db", sqlite_url)
        left = names(disk)
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert said.code == FAILURE
    assert "the disk is full" in said.only_line
    assert left == []


NUMBER_ON = (
    "SELECT setval(pg_get_serial_sequence('commands', 'id'), (extract(epoch FROM clock_timestamp()) * 1000)::bigint)"
)
"""What the README tells to run after `pg_restore`."""


@pytest.mark.postgres
def test_on_postgresql_the_documented_way_catches_up_as_well(
    tmp_path: Path, postgresql_server: sa.URL, postgresql_url: str, command: Command, copy: Path
) -> None:
    """The server's own tools, and one statement for the numbers of commands."""
    tape = market_tape(tmp_path, ["AAA", "BBB"], 400)
    plain_url = postgresql_url.replace("+psycopg", "")
    arguments = ("replay", tape, "--plans", write_plans(tmp_path, plans_around(tape, 30)), "--db", postgresql_url)
    assert command(*arguments, "--to", NOON).code == 0
    noon = digest(command, postgresql_url)
    postgresql_tool(postgresql_server, "pg_dump", "--format=custom", "--file", copy, plain_url)
    assert command(*arguments).code == 0
    evening = digest(command, postgresql_url)
    postgresql_tool(postgresql_server, "pg_restore", "--clean", "--single-transaction", "--dbname", plain_url, copy)
    execute(sa.make_url(postgresql_url), NUMBER_ON)
    assert digest(command, postgresql_url) == noon != evening
    assert command(*arguments).code == 0
    assert digest(command, postgresql_url) == evening
    assert command("plans", "cancel", "P0001", "--db", postgresql_url).code == 0
    assert rows_of(postgresql_url, "SELECT min(id) > 1700000000000 FROM commands") == [(True,)]


def postgresql_tool(server: sa.URL, name: str, *arguments: object) -> None:
    """Run a tool of the server's own version."""
    (folder,) = rows_of(server.render_as_string(), "SELECT setting FROM pg_config WHERE name = 'BINDIR'")[0]
    subprocess.run([f"{folder}/{name}", *map(str, arguments)], check=True)
