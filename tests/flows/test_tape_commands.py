"""`fancy-trader tape` and `plans add|cancel`, and the way of commands onto the tape."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.errors import ExitCode
from flows.simulation.vendor import COLUMNS
from flows.tape.command_feed import commands_to_tape, universe_to_tape
from flows.tape.segments.errors import TapeError
from flows.tape.segments.payloads import GapMark, gap, read_command
from flows.tape.segments.record import Kind, Record
from flows.tape.segments.segment import segments
from flows.tape.segments.writer import TapeWriter
from operators.times import SECOND_NS
from sinks.commands import unapplied
from sinks.database import open_database
from sinks.schema import ensure_schema
from tests.flows.conftest import ReplayRunner
from tests.flows.made import OPEN_NS, Command, plans_around, rows_of, simple_plan, speaker, write_plans, write_tape
from tests.flows.made_tape import (
    as_csv,
    as_frames,
    as_pages,
    in_order,
    market_prints,
    registering,
    with_clock,
    write_records,
)
from tests.flows.tape_segments.made_records import everything

PRINTS = market_prints(("AAA", "BBB"), 900, seed=9, seconds=4_000)
BAD = Record(Kind.FRAME, OPEN_NS + 5, b'[{"ev":"T","sym":"AAA"},{"ev":"status"}]', 1)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    return speaker(capsys)


@pytest.fixture
def plans(tmp_path: Path) -> list[dict[str, Any]]:
    return plans_around(write_tape(tmp_path, as_csv(PRINTS), "flat.csv"), 40, seed=2)


@pytest.fixture
def folder(tmp_path: Path, plans: list[dict[str, Any]]) -> Path:
    """A tape with everything on it: commands, clock marks, a mended gap, repeats, a bad frame; several segments."""
    lost, back = OPEN_NS + 3_000 * SECOND_NS, OPEN_NS + 3_300 * SECOND_NS
    held = [each for each in PRINTS if lost - 10 * SECOND_NS <= int(each["sip_timestamp"]) < back + 10 * SECOND_NS]
    before, after = (
        [each for each in PRINTS if (int(each["sip_timestamp"]) < lost) is early] for early in (True, False)
    )
    after = [each for each in after if int(each["sip_timestamp"]) >= back]
    first = in_order(
        as_frames(before),
        [registering(plan, OPEN_NS + 60 * SECOND_NS + number) for number, plan in enumerate(plans)],
        [BAD],
    )
    middle = [
        gap(GapMark("1", "open", lost), back),
        *as_pages(held, back),
        gap(GapMark("1", "close", lost, back), back),
    ]
    last = gap(GapMark("2", "lost", back, back + 1, ("BBB",), "no entitlement"), back + SECOND_NS)
    records = [*with_clock(first), *middle, *with_clock(as_frames(after)), last]
    return write_records(tmp_path / "tape", records, batch=100, segment_bytes=60_000)


def test_compacting_changes_no_answer(
    command: Command, replayed: ReplayRunner, folder: Path, plans: list[dict[str, Any]]
) -> None:
    """Nor what is counted, nor the dead letters and where they stand."""
    extra = [simple_plan("X", "BBB")]
    before = replayed([folder], extra, scan=True)
    size = sum(path.stat().st_size for path in folder.iterdir())
    last = segments(folder)[-1].path
    assert command("tape", "compact", folder).code == 0
    assert [each.path for each in segments(folder) if not each.compacted] == [last]
    assert replayed([folder], extra, scan=True).digest == before.digest
    said = command("tape", "compact", folder, "--all")
    assert said.code == 0
    assert [each.compacted for each in segments(folder)] == [True] * (len(segments(folder)) - 1) + [False]
    assert sum(path.stat().st_size for path in folder.iterdir()) < size
    after = replayed([folder], extra, scan=True)
    assert len(after.events) > 100
    assert after.digest == before.digest
    for query in ("SELECT * FROM dead_letters ORDER BY source, row", "SELECT * FROM progress ORDER BY symbol"):
        assert rows_of(after.database, query) == rows_of(before.database, query)
    assert rows_of(after.database, "SELECT count(*) FROM dead_letters") > [(3,)]
    assert after.meter.rows == before.meter.rows


def test_a_segment_that_was_put_back_among_compacted_ones_is_not_passed_over(
    command: Command, replayed: ReplayRunner, folder: Path, tmp_path: Path
) -> None:
    """Copies of an older state beside a newer one: nothing is read until they are compacted alike."""
    before = replayed([folder], [simple_plan("X", "BBB")])
    first = segments(folder)[0].path
    kept = first.read_bytes()
    assert command("tape", "compact", folder).code == 0
    assert len(segments(folder)) > 2
    first.write_bytes(kept)
    url = f"sqlite:///{tmp_path}/none.db"
    for asked in (("tape", "verify", folder), ("tape", "info", folder), ("replay", folder, "--db", url)):
        said = command(*asked)
        assert (said.code, "`fancy-trader tape compact` mends that" in said.only_line) == (3, True), asked
    assert command("tape", "compact", folder).code == 0
    assert replayed([folder], [simple_plan("X", "BBB")]).digest == before.digest


@pytest.mark.parametrize("name", ["info", "cat", "compact"])
def test_what_works_on_folders_says_so_of_a_topic(command: Command, name: str) -> None:
    said = command("tape", name, "kafka://127.0.0.1:9/tape")
    assert (said.code, said.only_line.startswith("kafka://127.0.0.1:9/tape: is a topic")) == (2, True)


def test_a_compacted_tape_goes_on(replayed: ReplayRunner, command: Command, tmp_path: Path) -> None:
    frames = as_frames(PRINTS)
    folder = write_records(tmp_path / "tape", frames[:900])
    assert command("tape", "compact", folder, "--all").code == 0
    write_records(folder, frames[900:])
    whole = write_records(tmp_path / "whole", frames)
    assert replayed([folder], [simple_plan()]).digest == replayed([whole], [simple_plan()]).digest


def test_compacted_prints_have_the_vendors_columns(command: Command, tmp_path: Path) -> None:
    folder = write_records(tmp_path / "tape", as_frames(PRINTS))
    assert command("tape", "compact", folder, "--all").code == 0
    prints = pl.read_parquet(folder / "000001-2013-10-08.parquet")
    assert dict(list(prints.schema.items())[: len(COLUMNS)]) == COLUMNS
    for name in ("ticker", "price", "size", "id", "sip_timestamp", "participant_timestamp", "conditions"):
        given = [
            type(value)(each[name]) if each[name] else None for each, value in zip(PRINTS, prints[name], strict=True)
        ]
        assert prints[name].to_list() == given
    assert prints["receive_timestamp"].is_sorted()


def test_a_damaged_segment_is_not_given_up(command: Command, folder: Path) -> None:
    path = segments(folder)[1].path
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    said = command("tape", "compact", folder)
    assert said.code == ExitCode.DATA_MISSING
    assert path.read_bytes() == bytes(content)
    assert "it stays as it is" in said.only_line
    said = command("tape", "verify", folder)
    assert said.code == ExitCode.DATA_MISSING
    assert path.name in said.only_line


def test_verify_counts_what_is_whole(command: Command, folder: Path) -> None:
    count = len(everything(folder))
    said = command("tape", "verify", folder)
    assert (said.code, said.out) == (0, f"{count:,} records in {len(segments(folder))} segments are whole\n")
    path = segments(folder)[-1].path
    path.write_bytes(path.read_bytes()[:-1])
    assert "ends in an unfinished record at" in command("tape", "verify", folder).out


def test_info_tells_what_is_there(command: Command, folder: Path, plans: list[dict[str, Any]]) -> None:
    found = json.loads(command("tape", "info", folder, "--json").out)
    assert found["records"]["command"] == len(plans)
    assert found["segments"] == len(segments(folder))
    assert [mark["gap"] for mark in found["standing_gaps"]] == ["2"]
    said = command("tape", "info", folder)
    assert "gap      BBB from 2013-10-08T14:25:00Z to 2013-10-08T14:25:00.000000001Z: no entitlement" in said.out
    command("tape", "compact", folder)
    again = json.loads(command("tape", "info", folder, "--json").out)
    assert again["records"] == found["records"]
    assert again["compacted"] == found["segments"] - 1


def test_cat_prints_records_from_any_offset(command: Command, folder: Path, plans: list[dict[str, Any]]) -> None:
    lines = [json.loads(line) for line in command("tape", "cat", folder).out.splitlines()]
    assert len(lines) == len(everything(folder))
    after = command("tape", "cat", folder, "--from", lines[9]["until"], "--limit", 5).out.splitlines()
    assert [json.loads(line) for line in after] == lines[10:15]
    asked = [json.loads(line) for line in command("tape", "cat", folder, "--kind", "command").out.splitlines()]
    assert [line["payload"]["plan"]["plan_id"] for line in asked] == [plan["plan_id"] for plan in plans]
    assert {line["kind"] for line in lines} == {"frame", "command", "clock", "gap", "repair"}


@pytest.mark.parametrize("words", [("cat", "--from", "x"), ("cat", "--kind", "noise")])
def test_bad_options_are_refused(command: Command, folder: Path, words: tuple[str, ...]) -> None:
    assert command("tape", words[0], folder, *words[1:]).code == ExitCode.BAD_INPUT


@pytest.mark.parametrize("name", ["info", "verify", "cat", "compact"])
def test_no_tape_is_said(command: Command, tmp_path: Path, name: str) -> None:
    said = command("tape", name, tmp_path)
    assert (said.code, said.only_line) == (ExitCode.DATA_MISSING, f"{tmp_path}: no tape here")


def test_diff_of_equals_and_of_others(command: Command, replayed: ReplayRunner, folder: Path) -> None:
    one = replayed([folder], [simple_plan()])
    other = replayed([folder], [simple_plan()])
    said = command("tape", "diff", one.database, other.database)
    assert (said.code, said.out) == (0, f"{len(one.events):,} events, all equal\n")
    rerun = command("tape", "diff", one.database, folder)
    assert rerun.code == ExitCode.DIVERGENCE  # the replay of the tape alone has no plan P1
    assert "plan P1 seq 1: only the first has it: registered" in rerun.only_line


def test_diff_of_a_day_and_its_replay(command: Command, replayed: ReplayRunner, folder: Path, tmp_path: Path) -> None:
    day = replayed([folder], [simple_plan()])
    file = write_plans(tmp_path, [simple_plan()], "again.json")
    assert command("tape", "diff", day.database, folder, "--plans", file).code == 0


def test_commands_reach_the_tape_in_their_order(command: Command, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/plans.db"
    file = write_plans(tmp_path, [simple_plan("P1"), simple_plan("P2", "BRK.A")])
    assert command("plans", "add", file, "--db", database).out == "asked for 2 plans (commands 1 to 2)\n"
    assert command("plans", "cancel", "P2", "--db", database).code == 0
    engine = open_database(database)
    with TapeWriter(tmp_path / "tape") as writer:
        assert len(commands_to_tape(engine, writer, lambda: OPEN_NS)) == 3
        assert commands_to_tape(engine, writer, lambda: OPEN_NS + 1) == []
    found = everything(tmp_path / "tape")
    engine.dispose()
    assert {record.receive_ns for record in found} == {OPEN_NS}
    told = [read_command(record.payload) for record in found]
    asked = rows_of(database, "SELECT id, created_ns FROM commands ORDER BY id")
    assert [each.id for each in told] == [f"commands:{number}:{created_ns}" for number, created_ns in asked]
    assert [(each.kind, each.plan_id, each.symbol) for each in told] == [
        ("register", None, None),
        ("register", None, None),
        ("cancel", "P2", "BRK.A"),
    ]
    assert told[0].plan == simple_plan("P1")
    assert rows_of(database, "SELECT DISTINCT applied_ns FROM commands") == [(OPEN_NS,)]


def test_a_death_between_tape_and_table_applies_nothing_twice(
    command: Command, replayed: ReplayRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commands are on the tape, the table does not know: they come again, and count once."""
    database = f"sqlite:///{tmp_path}/plans.db"
    plan = simple_plan("P1", version=1, entry={"type": "stop", "price": 5_000.0}, stop=1.0, targets=[6_000.0])
    command("plans", "add", write_plans(tmp_path, [plan]), "--db", database)
    engine = open_database(database)
    folder = tmp_path / "tape"

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with TapeWriter(folder) as writer:
        writer.append(as_frames(PRINTS)[:10])
        with monkeypatch.context() as patched:
            patched.setattr("flows.tape.command_feed.mark_applied", die)
            with pytest.raises(KeyboardInterrupt):
                commands_to_tape(engine, writer, lambda: OPEN_NS + 600 * SECOND_NS)
        assert len(commands_to_tape(engine, writer, lambda: OPEN_NS + 601 * SECOND_NS)) == 1
        writer.append([each for each in as_frames(PRINTS) if each.receive_ns > OPEN_NS + 602 * SECOND_NS])
    engine.dispose()
    assert sum(record.kind is Kind.COMMAND for record in everything(folder)) == 2
    result = replayed([folder], [simple_plan("other", "BBB")])
    registered = [event for event in result.events if event.plan_id == "P1"]
    assert [(event.seq, event.at_ns) for event in registered][:1] == [(1, OPEN_NS + 600 * SECOND_NS)]
    assert rows_of(result.database, "SELECT count(*) FROM dead_letters WHERE source LIKE 'command%'") == [(0,)]


def test_commands_of_a_restored_or_new_database_are_others_than_those_on_the_tape(
    command: Command, replayed: ReplayRunner, tmp_path: Path
) -> None:
    """Such a database gives out numbers that the tape has met already; nothing that is asked for is passed over."""
    with TapeWriter(tmp_path / "tape") as writer:
        writer.append(as_frames(PRINTS)[:10])
        for number, name in enumerate(("first", "second"), start=1):
            database = f"sqlite:///{tmp_path}/{name}.db"
            plan = simple_plan(name, entry={"type": "stop", "price": 5_000.0}, stop=1.0, targets=[6_000.0])
            assert command("plans", "add", write_plans(tmp_path, [plan]), "--db", database).code == 0
            engine = open_database(database)
            commands_to_tape(engine, writer, lambda number=number: OPEN_NS + number * SECOND_NS)  # type: ignore[misc]
            engine.dispose()
    result = replayed([tmp_path / "tape"], [simple_plan("other", "BBB")])
    assert {event.plan_id for event in result.events} >= {"first", "second"}


def test_a_tape_that_refuses_leaves_commands_waiting(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = f"sqlite:///{tmp_path}/plans.db"
    command("plans", "add", write_plans(tmp_path, [simple_plan()]), "--db", database)
    engine = open_database(database)
    ensure_schema(engine)

    def refuse(*_: object) -> None:
        raise TapeError("full")

    with TapeWriter(tmp_path / "tape") as writer:
        monkeypatch.setattr(TapeWriter, "append", refuse)
        with pytest.raises(TapeError):
            commands_to_tape(engine, writer, lambda: OPEN_NS)
    with engine.connect() as connection:
        assert len(unapplied(connection, 10)) == 1
    engine.dispose()


def test_what_cannot_be_asked_for_is_refused(command: Command, tmp_path: Path) -> None:
    """All or nothing, in one line."""
    database = f"sqlite:///{tmp_path}/plans.db"
    file = write_plans(tmp_path, [simple_plan("P1"), simple_plan("P2", stop=500.0)])
    said = command("plans", "add", file, "--db", database)
    assert said.code == ExitCode.BAD_INPUT
    assert "plan 2 (P2): stop" in said.only_line
    assert command("plans", "add", write_plans(tmp_path, []), "--db", database).code == ExitCode.BAD_INPUT
    assert command("plans", "cancel", "P1", "--db", database).code == ExitCode.DATA_MISSING
    assert rows_of(database, "SELECT count(*) FROM commands") == [(0,)]


def test_symbols_are_added_by_name_and_once_on_a_tape(command: Command, tmp_path: Path) -> None:
    """A feed that begins, on this tape or a new one, tells again of those that were added."""
    database = f"sqlite:///{tmp_path}/plans.db"
    said = command("universe", "add", "NVDA", "BRK.B", "NVDA", "--db", database)
    assert (said.code, said.out) == (0, "asked to watch NVDA, BRK.B (commands 1 to 2)\n")
    engine = open_database(database)
    with TapeWriter(tmp_path / "tape") as writer:
        universe_to_tape(engine, writer, lambda: OPEN_NS)
        assert [each.symbol for each in commands_to_tape(engine, writer, lambda: OPEN_NS + 1)] == ["NVDA", "BRK.B"]
        universe_to_tape(engine, writer, lambda: OPEN_NS + 2)
    engine.dispose()
    told = [(read_command(record.payload), record.receive_ns) for record in everything(tmp_path / "tape")]
    assert [(each.id, each.kind, each.symbol, at_ns) for each, at_ns in told] == [
        (f"watch:{symbol}", "watch", symbol, at_ns)
        for at_ns in (OPEN_NS + 1, OPEN_NS + 2)
        for symbol in ("NVDA", "BRK.B")
    ]


@pytest.mark.parametrize("symbol", ["*", "A,B", "A B", "X" * 33])
def test_what_is_no_symbol_adds_nothing(command: Command, tmp_path: Path, symbol: str) -> None:
    database = f"sqlite:///{tmp_path}/plans.db"
    said = command("universe", "add", "NVDA", symbol, "--db", database)
    assert (said.code, "must be one ticker" in said.only_line) == (ExitCode.BAD_INPUT, True)
    assert rows_of(database, "SELECT count(*) FROM commands") == [(0,)]
