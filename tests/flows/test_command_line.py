"""What the commands print, for people and for machines, and the exit codes that scripts live by."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.flows.made import (
    Command,
    climb,
    market_tape,
    plans_around,
    rows_of,
    simple_plan,
    speaker,
    write_plans,
    write_tape,
)

DIVERGED = 4
SCRIPT = Path(sys.executable).parent / "fancy-trader"


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in this process."""
    return speaker(capsys)


@pytest.fixture
def day(tmp_path: Path) -> tuple[Path, Path]:
    """A day of three symbols, and plans around it."""
    tape = market_tape(tmp_path, ["AAA", "BBB", "CCC"], 800)
    return tape, write_plans(tmp_path, plans_around(tape, 80))


def no_constants(name: str) -> float:
    """Refuse what JSON has no word for."""
    msg = f"{name} is no JSON"
    raise AssertionError(msg)


def strictly(text: str) -> Any:
    """Read JSON as a strict reader does."""
    return json.loads(text, parse_constant=no_constants)


def test_replay_prints_json_for_machines(database_url: str, command: Command, day: tuple[Path, Path]) -> None:
    """One document: every plan with its state, and totals that agree with the database."""
    tape, plans = day
    said = command("replay", tape, "--plans", plans, "--no-scan", "--db", database_url, "--json")
    assert (said.code, said.err) == (0, "")
    document = strictly(said.out)
    assert set(document) == {"plans", "totals"}
    states = rows_of(database_url, "SELECT plan_id, phase, realized_r, last_seq FROM plan_states ORDER BY plan_id")
    shown = [tuple(plan[name] for name in ("plan_id", "phase", "realized_r", "last_seq")) for plan in document["plans"]]
    assert shown == states
    totals = document["totals"]
    assert totals["rows"] == 2_400
    assert totals["plans"] == totals["states"] == len(states) == 80
    assert totals["events"] == totals["last_stream_seq"] == sum(last for *_, last in states)
    assert totals["divergences"] == totals["dead_letters"] == 0
    assert totals["stopped_early"] is False
    assert sum(totals["phases"].values()) == 80
    for plan in document["plans"]:
        finished = plan["phase"] not in ("waiting", "open", "scaled")
        assert (plan["ended_ns"] is not None) == finished
        assert {"symbol", "version", "style", "direction", "exit_price", "fill_price", "gate"} <= set(plan)


def test_output_in_a_pipe_is_plain(tmp_path: Path, day: tuple[Path, Path]) -> None:
    """No escape codes, no progress; stderr stays empty.  One line per plan, however narrow the screen was."""
    tape, plans = day
    url = f"sqlite:///{tmp_path}/plans.db"
    environment = {"PATH": "/usr/bin:/bin", "TERM": "xterm-256color", "COLUMNS": "40"}
    done = subprocess.run(
        [SCRIPT, "replay", tape, "--plans", plans, "--no-scan", "--db", url],
        capture_output=True,
        env=environment,
        check=True,
    )
    assert done.stderr == b""
    assert b"\x1b" not in done.stdout
    assert b"\r" not in done.stdout
    lines = done.stdout.decode().splitlines()
    assert lines[0].split()[:4] == ["plan", "symbol", "side", "phase"]
    assert [line.split()[0] for line in lines[1:61]] == [f"P{number:04d}" for number in range(60)]
    assert lines[61].startswith("… and 20 more: ")
    assert [line.split()[0] for line in lines[-3:]] == ["plans", "realized", "tape"]


def test_a_reader_that_stops_reading_is_no_error_worth_a_traceback(
    tmp_path: Path, command: Command, day: tuple[Path, Path]
) -> None:
    """As in `fancy-trader plans list | head -1`."""
    tape, plans = day
    url = f"sqlite:///{tmp_path}/plans.db"
    assert command("replay", tape, "--plans", plans, "--db", url).code == 0
    line = f"{shlex.quote(str(SCRIPT))} plans list --json --db {shlex.quote(url)} | head -c 1"
    done = subprocess.run(["sh", "-c", line], capture_output=True, check=True)
    assert done.stdout == b"{"
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


def test_plans_list_shows_where_plans_stand(tmp_path: Path, command: Command, day: tuple[Path, Path]) -> None:
    """All of them, or those of a symbol; as a table or as JSON."""
    tape, plans = day
    url = f"sqlite:///{tmp_path}/plans.db"
    replayed = strictly(command("replay", tape, "--plans", plans, "--db", url, "--json").out)
    assert strictly(command("plans", "list", "--db", url, "--json").out) == {"plans": replayed["plans"]}
    of_one = [plan for plan in replayed["plans"] if plan["symbol"] == "BBB"]
    assert strictly(command("plans", "list", "--db", url, "--symbol", "BBB", "--json").out) == {"plans": of_one}
    header, *lines = command("plans", "list", "--db", url, "--symbol", "BBB").out.splitlines()
    assert header.split()[:2] == ["plan", "symbol"]
    assert [line.split()[:4] for line in lines] == [
        [plan["plan_id"], plan["symbol"], plan["direction"], plan["phase"]] for plan in of_one
    ]
    assert strictly(command("plans", "list", "--db", url, "--symbol", "ZZZ", "--json").out) == {"plans": []}


def test_a_symbol_is_shown_as_it_is(tmp_path: Path, command: Command) -> None:
    """Not read as markup, nor as the name of a picture."""
    names = ["[red]", ":smile:", "A/B"]
    tape = write_tape(tmp_path, [row for name in names for row in climb(3, name)])
    plans = write_plans(tmp_path, [simple_plan(f"P{n}", name) for n, name in enumerate(names)])
    said = command("replay", tape, "--plans", plans, "--db", f"sqlite:///{tmp_path}/plans.db")
    assert [line.split()[1] for line in said.out.splitlines()[1:4]] == names


def test_digest_prints_64_hex_characters(database_url: str, command: Command, day: tuple[Path, Path]) -> None:
    tape, plans = day
    command("replay", tape, "--plans", plans, "--db", database_url)
    said = command("digest", "--db", database_url)
    assert (said.code, said.err) == (0, "")
    assert re.fullmatch(r"[0-9a-f]{64}\n", said.out)


def test_db_upgrade_makes_an_empty_database_ready_and_changes_nothing_twice(
    database_url: str, command: Command, day: tuple[Path, Path]
) -> None:
    for _ in range(2):
        assert command("db", "upgrade", "--db", database_url).out == "schema is up to date\n"
    assert rows_of(database_url, "SELECT count(*) FROM plan_events") == [(0,)]
    assert command("replay", day[0], "--plans", day[1], "--db", database_url).code == 0
    before = command("digest", "--db", database_url).out
    assert command("db", "upgrade", "--db", database_url).code == 0
    assert command("digest", "--db", database_url).out == before


def everything(url: str) -> list[list[Any]]:
    """All rows of all tables that a replay writes."""
    tables = ("plans", "plan_states", "plan_events", "dead_letters", "progress", "streams", "market_events")
    return [sorted(rows_of(url, f"SELECT * FROM {table}"), key=repr) for table in tables]


def test_replaying_twice_into_one_database_changes_nothing(
    database_url: str, command: Command, day: tuple[Path, Path]
) -> None:
    """Not a row, not a position of the stream, and it is no divergence."""
    arguments = ("replay", day[0], "--plans", day[1], "--no-scan", "--db", database_url)
    assert command(*arguments).code == 0
    before = everything(database_url)
    again = command(*arguments)
    assert (again.code, again.err) == (0, "")
    assert everything(database_url) == before
    for other in (("--batch-size", 50), ("--speed", "1e6")):
        assert command(*arguments, *other).code == 0
        assert everything(database_url) == before


def test_a_database_of_another_content_is_a_divergence(tmp_path: Path, database_url: str, command: Command) -> None:
    """A plan changed under its old id and version: exit code 4, one line that says what, the stored stays."""
    tape = write_tape(tmp_path, climb())
    arguments = ("replay", tape, "--db", database_url, "--plans")
    assert command(*arguments, write_plans(tmp_path, [simple_plan()])).code == 0
    before = [rows_of(database_url, f"SELECT * FROM {table}") for table in ("plans", "plan_events")]
    said = command(*arguments, write_plans(tmp_path, [simple_plan(targets=[102.0, 105.0])]))
    assert said.code == DIVERGED
    assert said.only_line.startswith("diverged: plan P1 version 1: stored registered at 2013-10-08T08:00:00Z, now")
    assert said.only_line.endswith("; its body differs in targets")
    assert "DIVERGED" in said.out
    assert [rows_of(database_url, f"SELECT * FROM {table}") for table in ("plans", "plan_events")] == before


def test_after_a_divergence_states_still_belong_to_the_stored_events(
    tmp_path: Path, database_url: str, command: Command
) -> None:
    """The stored stays: a plan's state must not tell of events that the database does not hold."""
    tape = write_tape(tmp_path, climb())
    arguments = ("replay", tape, "--db", database_url, "--plans")
    assert command(*arguments, write_plans(tmp_path, [simple_plan()])).code == 0
    before = command("digest", "--db", database_url).out
    assert command(*arguments, write_plans(tmp_path, [simple_plan(targets=[102.0, 105.0])])).code == DIVERGED
    assert command("digest", "--db", database_url).out == before


def test_another_tape_is_a_divergence(tmp_path: Path, database_url: str, command: Command) -> None:
    """The same plans on other prices."""
    plans = write_plans(tmp_path, [simple_plan()])
    one, other = write_tape(tmp_path, climb()), write_tape(tmp_path, climb()[1::2], "2013-10-08.other.csv")
    assert command("replay", one, "--plans", plans, "--db", database_url).code == 0
    said = command("replay", other, "--plans", plans, "--db", database_url, "--json")
    assert said.code == DIVERGED
    assert said.only_line.startswith("diverged: plan P1 seq ")
    assert strictly(said.out)["totals"]["divergences"] > 0


def test_the_usual_database_is_plans_db_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    """Without --db, replay writes it and explain reads it."""
    monkeypatch.chdir(tmp_path)
    tape, plans = write_tape(tmp_path, climb()), write_plans(tmp_path, [simple_plan()])
    assert command("replay", tape.name, "--plans", plans.name).code == 0
    assert (tmp_path / "plans.db").is_file()
    assert command("explain", "P1").out.startswith("P1 v1, long AAA (scalp): completed as of")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
@pytest.mark.parametrize(
    "arguments",
    [
        ("digest",),
        ("plans", "list", "--json"),
        ("replay", "TAPE", "--plans", "PLANS", "--no-scan", "--json"),
        ("openapi",),
    ],
    ids=" ".join,
)
def test_output_that_finds_no_room_is_one_line_and_a_failure(
    command: Command, day: tuple[Path, Path], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tape, plans), url = day, f"sqlite:///{tmp_path}/x.db"
    assert command("replay", tape, "--plans", plans, "--no-scan", "--db", url).code == 0
    named = {"TAPE": str(tape), "PLANS": str(plans)}
    database = () if arguments == ("openapi",) else ("--db", url)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [SCRIPT, *(named.get(each, each) for each in arguments), *database],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "fancy-trader: output: No space left on device\n")
