"""Databases that cannot be used: one line that says which and why, exit code 1, and nothing half-written."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from flows.cli import run
from sinks import database
from tests.conftest import execute
from tests.flows.made import (
    Command,
    Said,
    check_whole,
    climb,
    digest_of,
    market_tape,
    plans_around,
    rows_of,
    simple_plan,
    speaker,
    write_plans,
    write_tape,
)

FAILURE = 1
DATA_MISSING = 3


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in this process."""
    return speaker(capsys)


@pytest.fixture
def replay(tmp_path: Path, command: Command) -> Callable[[str], Said]:
    """Replays a small day into a database."""
    tape, plans = write_tape(tmp_path, climb()), write_plans(tmp_path, [simple_plan()])
    return lambda url: command("replay", tape, "--plans", plans, "--db", url)


UNUSABLE: dict[str, tuple[str, int, str]] = {
    "a folder": ("sqlite:///{}", 1, "it is a folder; name a file in it"),
    "in no folder": ("sqlite:///{}/none/plans.db", 1, "/none does not exist; create it or choose another file"),
    "another file": ("sqlite:///{}/plans.json", 1, "the file is not a SQLite database; choose another"),
    "another engine": ("mysql://me:secret@host/plans", 2, "mysql is not supported; use sqlite:///FILE or postgresql"),
    "no URL": ("plans.db", 2, "'plans.db' is not a database URL; use sqlite:///FILE or postgresql"),
    "options of another form": ("sqlite:///{}/plans.db?mode=ro", 2, "options need a URI"),
    "in memory": ("sqlite:///:memory:", 2, "a database in memory is seen by one connection only; use sqlite:///FILE"),
    "a server that is not there": (
        "postgresql://me:secret@127.0.0.1:1/plans",
        1,
        "it cannot be reached (connection failed",
    ),
}
COMMANDS = ["replay", "digest", "plans list", "explain", "db upgrade"]


@pytest.mark.parametrize("case", UNUSABLE.values(), ids=UNUSABLE)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_database_that_cannot_be_opened_is_said(
    tmp_path: Path, command: Command, replay: Callable[[str], Said], name: str, case: tuple[str, int, str]
) -> None:
    """By every command, in one line, without the password: 2 when the URL is wrong, else 1; no file appears."""
    url, code, text = case
    url, before = url.format(tmp_path), sorted(tmp_path.iterdir())
    words = [*name.split(), *(["P1"] if name == "explain" else [])]
    said = replay(url) if name == "replay" else command(*words, "--db", url)
    assert said.code == code
    assert text in said.only_line
    assert "secret" not in said.only_line
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", ["digest", "plans list", "explain P1", "plans cancel P1"])
def test_reading_creates_no_database(tmp_path: Path, command: Command, name: str) -> None:
    """A name that is misspelt does not become an empty file: data are missing."""
    said = command(*name.split(), "--db", f"sqlite:///{tmp_path}/none.db")
    assert said.code == DATA_MISSING
    assert "there is no such file; check the name" in said.only_line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["digest", "plans list", "explain P1"])
def test_reading_an_empty_database_says_what_fills_it(database_url: str, command: Command, name: str) -> None:
    """It is not filled with tables by looking at it."""
    if database_url.startswith("sqlite"):
        Path(database_url.removeprefix("sqlite:///")).touch()
    said = command(*name.split(), "--db", database_url)
    assert said.code == DATA_MISSING
    assert "it is empty; let `fancy-trader replay`" in said.only_line


@pytest.mark.parametrize("name", COMMANDS)
def test_tables_of_a_newer_program_are_left_alone(
    database_url: str, command: Command, replay: Callable[[str], Said], name: str
) -> None:
    """On both engines: refused by every command, with the advice to update."""
    assert replay(database_url).code == 0
    before = rows_of(database_url, "SELECT count(*), max(stream_seq) FROM plan_events")
    execute(_driver(database_url), "UPDATE alembic_version SET version_num = '9999'")
    words = [*name.split(), *(["P1"] if name == "explain" else [])]
    said = replay(database_url) if name == "replay" else command(*words, "--db", database_url)
    assert said.code == FAILURE
    assert "revision 9999, which this program does not know; update it" in said.only_line
    assert rows_of(database_url, "SELECT count(*), max(stream_seq) FROM plan_events") == before


def test_tables_of_another_program_are_left_alone(database_url: str, replay: Callable[[str], Said]) -> None:
    execute(_driver(database_url), "CREATE TABLE orders (id INTEGER)")
    said = replay(database_url)
    assert said.code == FAILURE
    assert "it holds tables of another program (orders)" in said.only_line


def test_a_read_only_database_is_said(sqlite_url: str, replay: Callable[[str], Said], command: Command) -> None:
    """Reading it works, writing does not."""
    assert replay(sqlite_url).code == 0
    path = sqlite_url.removeprefix("sqlite:///")
    read_only = f"sqlite:///file:{path}?mode=ro&uri=true"
    before = rows_of(sqlite_url, "SELECT * FROM streams")
    said = replay(read_only)
    assert said.code == FAILURE
    assert "it is read-only; make the file and its folder writable" in said.only_line
    assert rows_of(sqlite_url, "SELECT * FROM streams") == before
    assert command("digest", "--db", read_only).out == command("digest", "--db", sqlite_url).out


def test_a_locked_database_is_said(
    sqlite_url: str, replay: Callable[[str], Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program that does not let go: waited for, then named."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    assert replay(sqlite_url).code == 0
    engine = sa.create_engine(sqlite_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        said = replay(sqlite_url)
    assert said.code == FAILURE
    assert "another program holds its lock" in said.only_line
    assert replay(sqlite_url).code == 0


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A day and enough plans to fill some pages."""
    folder = tmp_path_factory.mktemp("big")
    tape = market_tape(folder, ["AAA", "BBB", "CCC"], 1_500)
    return tape, write_plans(folder, plans_around(tape, 120))


@pytest.fixture(scope="module")
def roomy_url(big: tuple[Path, Path]) -> str:
    """That day in a database where there is room."""
    tape, plans = big
    url = f"sqlite:///{tape.parent}/roomy.db"
    assert run(["replay", str(tape), "--plans", str(plans), "--quiet", "--db", url]) == 0
    return url


@pytest.fixture(scope="module")
def roomy(roomy_url: str) -> str:
    """Its digest."""
    return digest_of(roomy_url)


@pytest.fixture(scope="module")
def pages(big: tuple[Path, Path], roomy_url: str) -> tuple[int, int]:
    """How many pages a database has before anything is written, and after that day."""
    empty = f"sqlite:///{big[0].parent}/empty.db"
    assert run(["db", "upgrade", "--db", empty]) == 0
    before, after = (rows_of(url, "PRAGMA page_count")[0][0] for url in (empty, roomy_url))
    return before, after


@pytest.mark.parametrize("room", [-0.5, 0.0, 0.2, 0.4, 0.6, 0.8, 0.95])
def test_a_full_database_holds_whole_transactions_and_is_finished_later(
    sqlite_url: str,
    capfd: pytest.CaptureFixture[str],
    big: tuple[Path, Path],
    roomy: str,
    pages: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
    room: float,
) -> None:
    """Room for a part of the day, or not even for the tables: one line, none of the engine; given room, it finishes."""
    command, (tape, plans) = speaker(capfd), big
    empty, whole = pages
    most = int(empty + room * (whole - empty))
    url = sqlite_url
    arguments = ("replay", tape, "--plans", plans, "--batch-size", 100, "--db")
    with monkeypatch.context() as patch:
        patch.setattr(database, "WRITER_PRAGMAS", (*database.WRITER_PRAGMAS, f"max_page_count = {most}"))
        said = command(*arguments, url)
    assert said.code == FAILURE
    assert "the disk is full; free some space and run again, nothing is half written" in said.only_line
    if rows_of(url, "SELECT name FROM sqlite_master WHERE name = 'streams'"):
        check_progress(url)
    assert command(*arguments, url).code == 0
    check_whole(url)
    assert digest_of(url) == roomy


def check_progress(url: str) -> None:
    """What is written so far belongs together; the stream does not count as complete."""
    assert rows_of(url, "SELECT complete FROM streams") in ([], [(0,)])
    if rows_of(url, "SELECT count(*) FROM plan_events") != [(0,)]:
        check_whole(url)


def test_a_full_disk_is_said_and_the_replay_finished_elsewhere(
    small_disk: Path, tmp_path: Path, command: Command, big: tuple[Path, Path], roomy: str
) -> None:
    """A real one: what is on it is whole; copied to a place with room, the same command finishes."""
    tape, plans = big
    arguments = ("replay", tape, "--plans", plans, "--batch-size", 100, "--db")
    said = command(*arguments, f"sqlite:///{small_disk}/plans.db")
    assert said.code == FAILURE
    assert "free" in said.only_line
    assert "space" in said.only_line
    for file in small_disk.iterdir():
        (tmp_path / f"copy-{file.name}").write_bytes(file.read_bytes())
    url = f"sqlite:///{tmp_path}/copy-plans.db"
    assert command(*arguments, url).code == 0
    check_whole(url)
    assert digest_of(url) == roomy


def _driver(url: str) -> sa.URL:
    parsed = sa.make_url(url)
    return parsed.set(drivername="postgresql+psycopg") if parsed.get_backend_name() == "postgresql" else parsed
