"""Input that cannot be used: one line on stderr, an exit code, and no database file left behind."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tests.flows.made import (
    DAY,
    VENDOR,
    Command,
    Said,
    climb,
    rows_of,
    simple_plan,
    speaker,
    walk,
    write_plans,
    write_tape,
)

BAD_INPUT, DATA_MISSING = 2, 3


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in this process."""
    return speaker(capsys)


Refused = Callable[..., Said]


@pytest.fixture
def refused(tmp_path: Path, command: Command) -> Refused:
    """Replays what cannot be replayed; checks that there is one readable line and no database."""

    def run(*arguments: object, tape: Path | None = None, plans: Path | None = None) -> Said:
        tape = tape or write_tape(tmp_path, climb(3), f"{DAY}.good.csv")
        plans = plans or write_plans(tmp_path, [simple_plan()], "good.json")
        said = command("replay", tape, "--plans", plans, "--db", f"sqlite:///{tmp_path}/left.db", *arguments)
        assert said.only_line.isprintable()
        assert said.out == ""
        assert list(tmp_path.glob("left.db*")) == []
        return said

    return run


def zipped(folder: Path) -> tuple[Path, bytes]:
    """A good recording, compressed."""
    path = write_tape(folder, walk("AAA", 3_000, 1), f"{DAY}.csv.gz")
    return path, path.read_bytes()


def spoil(path: Path, data: bytes) -> Path:
    """Write other bytes."""
    path.write_bytes(data)
    return path


def cut_at(part: float) -> Callable[[Path], Path]:
    """Return a recording that lacks its end."""

    def make(folder: Path) -> Path:
        path, data = zipped(folder)
        return spoil(path, data[: int(len(data) * part)])

    return make


def torn_at(part: float) -> Callable[[Path], Path]:
    """Return a recording with other bytes somewhere inside."""

    def make(folder: Path) -> Path:
        path, data = zipped(folder)
        place = int(len(data) * part)
        return spoil(path, data[:place] + bytes(64) + data[place + 64 :])

    return make


def renamed(name: str, content: bytes) -> Callable[[Path], Path]:
    """Return a file of that name and content."""
    return lambda folder: spoil(folder / name, content)


def with_header(header: str, name: str = f"{DAY}.csv") -> Callable[[Path], Path]:
    """Return a recording below another header."""
    return lambda folder: write_tape(folder, climb(3), name, header)


def parquet_cut(folder: Path) -> Path:
    """A Parquet file without its end."""
    path = folder / f"{DAY}.parquet"
    pl.read_csv(write_tape(folder, climb(100), "plain.csv")).write_parquet(path)
    return spoil(path, path.read_bytes()[:-100])


def folder_of_nothing(folder: Path) -> Path:
    """A folder without recordings."""
    (folder / "empty").mkdir()
    return folder / "empty"


NOISE = bytes(range(256)) * 20
TAPES: dict[str, tuple[Callable[[Path], Path], int, str]] = {
    "missing": (lambda folder: folder / "none.csv", DATA_MISSING, "no such file or directory"),
    "empty": (renamed(f"{DAY}.csv", b""), DATA_MISSING, "is empty"),
    "empty gz": (renamed(f"{DAY}.csv.gz", b""), DATA_MISSING, "is empty"),
    "gz of nothing": (renamed(f"{DAY}.csv.gz", gzip.compress(b"")), DATA_MISSING, "is empty"),
    "only newlines": (renamed(f"{DAY}.csv", b"\n\n\n"), DATA_MISSING, "is empty"),
    "only a header": (renamed(f"{DAY}.csv", VENDOR.encode()), DATA_MISSING, "no usable print"),
    "gz cut early": (cut_at(0.1), DATA_MISSING, "ends too early; is the download complete?"),
    "gz cut late": (cut_at(0.99), DATA_MISSING, "ends too early; is the download complete?"),
    "gz cut in its last bytes": (cut_at(0.9999), DATA_MISSING, "ends too early"),
    "garbage called gz": (renamed(f"{DAY}.csv.gz", NOISE), DATA_MISSING, "not a gzip file, or damaged"),
    "plain text called gz": (renamed(f"{DAY}.csv.gz", VENDOR.encode()), DATA_MISSING, "not a gzip file"),
    "gz torn early": (torn_at(0.3), DATA_MISSING, "not a gzip file, or damaged"),
    "gz torn in the middle": (torn_at(0.5), DATA_MISSING, "not a gzip file, or damaged"),
    "gz torn late": (torn_at(0.9), DATA_MISSING, "not a gzip file, or damaged"),
    "garbage": (renamed(f"{DAY}.csv", NOISE), BAD_INPUT, "no column ticker, sip_timestamp, price"),
    "no price column": (with_header(VENDOR.replace("price", "value")), BAD_INPUT, "no column price; a trades file"),
    "semicolons": (with_header(VENDOR.replace(",", ";")), BAD_INPUT, "no column ticker"),
    "no header": (with_header(climb(1)[0]), BAD_INPUT, "no column ticker"),
    "quotes": (with_header("ticker,ask_price,bid_price,sip_timestamp"), BAD_INPUT, "these are quotes, not trades"),
    "no Parquet": (renamed(f"{DAY}.parquet", NOISE), DATA_MISSING, "not a Parquet file, or damaged"),
    "empty Parquet": (renamed(f"{DAY}.parquet", b""), DATA_MISSING, "not a Parquet file, or damaged"),
    "Parquet cut": (parquet_cut, DATA_MISSING, "not a Parquet file, or damaged"),
    "an empty folder": (folder_of_nothing, DATA_MISSING, "no trades here; looked for"),
    "another kind of file": (renamed("tape.txt", b"x"), BAD_INPUT, "not a recording; must end in .csv.gz, .csv"),
}


@pytest.mark.parametrize("case", TAPES.values(), ids=TAPES)
def test_a_recording_that_cannot_be_read_is_refused(
    tmp_path: Path, refused: Refused, case: tuple[Callable[[Path], Path], int, str]
) -> None:
    """Before anything is written: the line names the file and what is wrong with it."""
    make, code, text = case
    tape = make(tmp_path)
    said = refused(tape=tape)
    assert said.code == code
    assert said.only_line.startswith(f"{tape}: ")
    assert text in said.only_line


def test_a_recording_of_nothing_usable_is_no_success(tmp_path: Path, command: Command) -> None:
    """Every line of another day: the exit code says that data is missing, the database why."""
    tape, plans = write_tape(tmp_path, climb(3), "2013-10-09.csv"), write_plans(tmp_path, [simple_plan()])
    url = f"sqlite:///{tmp_path}/plans.db"
    said = command("replay", tape, "--plans", plans, "--db", url)
    assert said.code == DATA_MISSING
    assert "no usable print in 3 rows (see dead_letters)" in said.only_line
    assert rows_of(url, "SELECT count(*) FROM dead_letters") == [(3,)]


def test_a_good_and_a_damaged_recording_give_nothing(tmp_path: Path, refused: Refused) -> None:
    """All files are read to their end before the first print is replayed."""
    damaged = torn_at(0.9)(tmp_path)
    assert refused(damaged).code == DATA_MISSING


PLANS: dict[str, tuple[object, str]] = {
    "stop on the wrong side": (simple_plan(stop=102.0), "stop: got 102.00; for a long must be below entry 101.00"),
    "stop of a short": (
        simple_plan(direction="short", stop=99.0, targets=[98.0]),
        "stop: got 99.00; for a short must be above entry 101.00",
    ),
    "targets the wrong way": (simple_plan(targets=[105.0, 103.0]), "targets[2]: got 103.00; for a long must be above"),
    "NaN": (simple_plan(stop=float("nan")), "stop: got nan; must be dollars above 0"),
    "infinity": (simple_plan(targets=[float("inf")]), "targets[1]: got inf; must be dollars above 0"),
    "style": (simple_plan(style="yolo"), "style: got 'yolo'; must be one of scalp, intraday, swing, leap"),
    "six targets": (simple_plan(targets=[102, 103, 104, 105, 106, 107]), "targets: got 6; must be 1 to 5"),
    "no targets": (simple_plan(targets=[]), "targets: got 0; must be 1 to 5"),
    "unknown field": (simple_plan(stopp=1), "stopp: is not a field here; a plan has plan_id"),
    "missing field": ({"plan_id": "P1"}, "symbol: is missing; a plan must have it"),
    "text for a number": (simple_plan(stop="99"), "stop: got '99'; must be a number"),
    "plan_id": (simple_plan("P 1"), "plan_id: got 'P 1'; must be 1 to 64 of"),
    "naive time": (
        simple_plan(valid_from="2013-10-08T09:30:00"),
        "valid_from: got '2013-10-08T09:30:00'; must be RFC 3339 with an offset",
    ),
    "a number": (5, "plan: got 5; must be"),
    "nothing": (None, "plan: got None; must be"),
}


@pytest.mark.parametrize("case", PLANS.values(), ids=PLANS)
def test_a_file_of_only_bad_plans_is_refused(tmp_path: Path, refused: Refused, case: tuple[object, str]) -> None:
    """The line names file, plan, field, value and what is allowed."""
    plan, text = case
    path = write_plans(tmp_path, [plan])
    said = refused(plans=path)
    assert said.code == BAD_INPUT
    assert said.only_line.startswith(f"{path}: plan 1 (")
    assert text in said.only_line


@pytest.mark.parametrize("case", PLANS.values(), ids=PLANS)
def test_one_bad_plan_is_named_and_the_good_ones_run(
    tmp_path: Path, command: Command, refused: Refused, case: tuple[object, str]
) -> None:
    """On stderr and as a dead letter with its place in the file; with --strict, it refuses the run."""
    plan, text = case
    path = write_plans(tmp_path, [simple_plan("good"), plan])
    tape = write_tape(tmp_path, climb())
    assert text in refused("--strict", tape=tape, plans=path).only_line
    url = f"sqlite:///{tmp_path}/plans.db"
    said = command("replay", tape, "--plans", path, "--db", url)
    assert said.code == 0
    assert said.only_line.startswith(f"{path}: plan 2 (")
    assert text in said.only_line
    ((source, row, told),) = rows_of(url, "SELECT source, row, field || ': ' || reason FROM dead_letters")
    assert (source, row) == (str(path), 2)
    assert text in told
    assert rows_of(url, "SELECT plan_id, phase FROM plan_states") == [("good", "completed")]


FILES: dict[str, tuple[bytes | None, int, str]] = {
    "missing": (None, DATA_MISSING, "no such file"),
    "empty": (b"", BAD_INPUT, "is empty; must be a JSON array of plans"),
    "blank": (b" \n ", BAD_INPUT, "is empty; must be a JSON array of plans"),
    "no plan": (b"[]", BAD_INPUT, "holds no plan"),
    "cut": (b'[{"plan_id": "P1"', BAD_INPUT, "not valid JSON"),
    "not JSON": (b"plan_id,symbol\nP1,AAA\n", BAD_INPUT, "not valid JSON"),
    "not text": (b"\xff\xfe\x00[", BAD_INPUT, "not valid JSON"),
    "text that is not UTF-8": (b'[{"plan_id": "\xff"}]', BAD_INPUT, "not valid JSON"),
    "nested without end": (b"[" * 100_000, BAD_INPUT, "not valid JSON"),
    "a line that is none": (b'{"plan_id": "P1"\n', BAD_INPUT, "is not valid JSON"),
}


@pytest.mark.parametrize("case", FILES.values(), ids=FILES)
def test_a_plans_file_that_is_none_is_refused(
    tmp_path: Path, refused: Refused, case: tuple[bytes | None, int, str]
) -> None:
    content, code, text = case
    path = tmp_path / "plans.json"
    if content is not None:
        path.write_bytes(content)
    said = refused(plans=path)
    assert said.code == code
    assert said.only_line.startswith(f"{path}: ")
    assert text in said.only_line


def test_plans_may_stand_one_per_line_with_a_mark_before_them(tmp_path: Path, command: Command) -> None:
    """And a line that is no JSON is a bad plan among good ones, with its number."""
    path = tmp_path / "plans.jsonl"
    lines = [json.dumps(simple_plan(name)) for name in ("A", "B")]
    path.write_text("\ufeff" + "\n".join([lines[0], '{"plan_id": ', lines[1]]))
    url = f"sqlite:///{tmp_path}/plans.db"
    said = command("replay", write_tape(tmp_path, climb(3)), "--plans", path, "--db", url)
    assert said.code == 0
    assert "plan 2 (no plan_id): plan: is not valid JSON" in said.only_line
    assert rows_of(url, "SELECT plan_id FROM plan_states ORDER BY plan_id") == [("A",), ("B",)]
