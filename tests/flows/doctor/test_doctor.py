"""`fancy-trader doctor`: what would go wrong here is said before it does, with what to do; nothing is changed."""

import json
import socket
import sqlite3
from pathlib import Path

import pytest

from flows.doctor.finding import Finding, Grade
from flows.doctor.machine import calendar, memory, open_files, packages, python, sqlite, time_zone
from flows.doctor.places import answers, run_of, space
from flows.feed.api_key import VARIABLES
from flows.tape.segments.record import Kind, Record
from flows.tape.segments.writer import TapeWriter
from operators.times import SECOND_NS, parse_instant
from sinks.pulse_reader import Counts, Pulse
from tests.flows.made import Command, market_tape, speaker

NOW_NS = parse_instant("2026-11-29T12:00:00Z")
SECRET = "canary-key-5f1d"


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in this process."""
    return speaker(capsys)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key is set, so that a sound machine has nothing to say."""
    monkeypatch.setenv(VARIABLES[0], SECRET)


def by_name(out: str) -> dict[str, dict[str, str]]:
    """The findings of `--json`."""
    return {each["name"]: each for each in json.loads(out)["findings"]}


def contents(folder: Path) -> dict[Path, bytes]:
    """All files but those that SQLite lays beside a database for whoever reads it."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path: path.read_bytes() for path in files if not path.name.endswith(("-shm", "-wal"))}


@pytest.mark.parametrize(
    ("finding", "grade", "says"),
    [
        (python((3, 13)), Grade.FAIL, "3.13"),
        (packages("no-such-project"), Grade.FAIL, "not installed"),
        (time_zone("America/Nowhere"), Grade.FAIL, "America/Nowhere"),
        (calendar(parse_instant("2028-02-01T12:00:00Z")), Grade.FAIL, "2028-02-01"),
        (calendar(parse_instant("2027-12-01T12:00:00Z")), Grade.WARN, "2028-01-31"),
        (calendar(NOW_NS), Grade.OK, "2026-11-29"),
        (sqlite((3, 34, 1)), Grade.FAIL, "3.34.1"),
        (open_files(256), Grade.WARN, "256"),
        (open_files(-1), Grade.OK, "no limit"),
        (memory(1 << 30), Grade.WARN, "1.0 GiB"),
        (run_of(Pulse(running=True, tape_ns=NOW_NS - 90 * SECOND_NS), NOW_NS), Grade.OK, "90 s behind"),
        (run_of(Pulse(running=True, tape_ns=1, failure="disk full"), NOW_NS), Grade.FAIL, "disk full"),
        (answers(Counts({}, 5, 2, 0, 0, 0)), Grade.FAIL, "2 divergences"),
        (answers(Counts({}, 5, 0, 3, 0, 1)), Grade.WARN, "3 dead letters, 1 plans that may lack prints"),
        (answers(Counts({}, 5, 0, 0, 0, 0)), Grade.OK, "no divergence"),
    ],
)
def test_what_is_amiss_is_named_with_what_to_do(finding: Finding, grade: Grade, says: str) -> None:
    """Every finding that is not ok has a remedy; one that is ok has none."""
    assert (finding.grade, says in finding.found) == (grade, True), finding
    assert bool(finding.remedy) == (grade is not Grade.OK)


def test_a_sound_place_is_left_as_it_was(command: Command, tmp_path: Path) -> None:
    """A replay's database and a tape: all ok, exit code 0, not a byte changed, and the key is nowhere."""
    url = f"sqlite:///{tmp_path / 'plans.db'}"
    assert command("replay", market_tape(tmp_path, ["AAA"], 20), "--db", url).code == 0
    with TapeWriter(tmp_path / "tape") as writer:
        writer.append([Record(Kind.CLOCK, NOW_NS)])
    before = contents(tmp_path)
    said = command("doctor", "--db", url, "--tape", tmp_path / "tape", "--json")
    assert (said.code, said.err) == (0, "")
    found = by_name(said.out)
    assert {each["grade"] for each in found.values()} == {"ok"}, found
    assert found["tape"]["found"].endswith("1 segments, the last of 2026-11-29")
    assert {"database", "run", "answers", "database's disk", "tape", "tape's disk", "key"} < set(found)
    assert contents(tmp_path) == before
    assert SECRET not in said.out


def test_what_is_not_there_yet_is_fine_where_it_can_be_made(command: Command, tmp_path: Path) -> None:
    said = command("doctor", "--db", f"sqlite:///{tmp_path}/new.db", "--tape", tmp_path / "a" / "tape")
    assert (said.code, list(tmp_path.iterdir())) == (0, [])
    assert "not there yet; the first run makes it" in said.out
    assert "empty; the first run begins it" in said.out


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:///{folder}/missing/new.db", "not there, or may not be written"),
        ("sqlite:///{folder}/text.db", "is not a SQLite database"),
        ("sqlite:///{folder}/other.db", "tables of another program"),
        ("mysql://somewhere/db", "not supported"),
        ("postgresql://127.0.0.1:9/plans", "127.0.0.1"),
    ],
)
def test_a_database_that_would_stop_a_run_is_told_with_exit_code_1(
    command: Command, tmp_path: Path, url: str, says: str
) -> None:
    (tmp_path / "text.db").write_text("no database, only text\n" * 100)
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE strangers (name TEXT)")
    connection.close()
    said = command("doctor", "--db", url.format(folder=tmp_path), "--json")
    found = by_name(said.out)["database"]
    assert (said.code, found["grade"], says in found["found"]) == (1, "fail", True), found


def test_a_tape_that_could_not_be_written_is_told(command: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "shopping.txt").write_text("milk")
    assert "name a folder" in command("doctor", "--tape", tmp_path / "file").out
    said = command("doctor", "--tape", tmp_path / "notes")
    assert (said.code, "holds other files and no tape" in said.out) == (0, True)


def test_folders_without_rights_are_told(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's answer is made up here: tests may run as root, who may write anywhere."""
    monkeypatch.setattr("flows.doctor.places.os.access", lambda *_: False)
    said = command("doctor", "--tape", tmp_path / "tape", "--db", f"sqlite:///{tmp_path}/new.db")
    assert (said.code, said.out.count("may not be written")) == (1, 2)


def test_a_missing_key_is_a_warning_and_a_missing_server_a_failure(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        said = command("doctor", "--feed-url", f"ws://127.0.0.1:{port}", "--json")
    found = by_name(said.out)
    assert (said.code, found["key"]["grade"], found["feed"]["grade"]) == (0, "warn", "ok")
    said = command("doctor", "--feed-url", f"ws://127.0.0.1:{port}")
    assert (said.code, "Connection refused" in said.out) == (1, True)
    assert command("doctor", "--feed-url", "http://x").code == 2


def test_a_disk_that_is_nearly_full_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.doctor.places.FREE_BYTES", 1 << 62)
    assert space("disk", tmp_path / "not" / "there").grade is Grade.WARN
