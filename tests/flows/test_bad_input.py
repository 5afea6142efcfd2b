"""Input that cannot be used: one line on stderr, an exit code, and no database file left behind."""

import gzip
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tests.flows.made import (
    DAY,
    OPEN_NS,
    VENDOR,
    Command,
    Said,
    climb,
    market_tape,
    rows_of,
    simple_plan,
    speaker,
    vendor_row,
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


def parquet_of_text(folder: Path) -> Path:
    """A Parquet file whose prices were written as text."""
    path = folder / f"{DAY}.parquet"
    prints = pl.read_csv(write_tape(folder, climb(3), "plain.csv"))
    prints.with_columns(pl.col("price").cast(pl.String)).write_parquet(path)
    return path


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
    "only a header": (renamed(f"{DAY}.csv", VENDOR.encode()), DATA_MISSING, "holds no print"),
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
    "Parquet of text": (parquet_of_text, BAD_INPUT, "column price holds String; must hold Float64"),
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


def test_a_window_without_prints_says_what_to_look_at(tmp_path: Path, command: Command) -> None:
    """There are no dead letters to look into."""
    tape, plans = write_tape(tmp_path, climb(3)), write_plans(tmp_path, [simple_plan()])
    later = ("--from", f"{DAY}T15:00:00-04:00", "--no-scan", "--db", f"sqlite:///{tmp_path}/plans.db")
    said = command("replay", tape, "--plans", plans, *later)
    assert said.code == DATA_MISSING
    assert "no print of what was asked for (--symbols, --from, --to)" in said.only_line


@pytest.mark.parametrize("span", [("--from", f"{DAY}T23:30:00-04:00"), ("--to", f"{DAY}T00:30:00-04:00")])
@pytest.mark.parametrize("verb", ["replay", "backtest"])
def test_a_window_without_prints_says_the_same_where_only_the_scan_watches(
    tmp_path: Path, command: Command, verb: str, span: tuple[str, str]
) -> None:
    """Nobody asked for symbols, so none are at fault."""
    said = command(verb, write_tape(tmp_path, climb(3)), *span, "--db", f"sqlite:///{tmp_path}/plans.db")
    assert said.code == DATA_MISSING
    assert "no print of what was asked for (--symbols, --from, --to)" in said.only_line


def test_dead_letters_are_not_at_fault_where_the_window_is(tmp_path: Path, command: Command) -> None:
    """The good prints are later than asked for, and what is told as unusable is not all there is."""
    bad = vendor_row("AAA", 1, OPEN_NS, "-1.00")
    tape, plans = write_tape(tmp_path, [bad, *climb(3)]), write_plans(tmp_path, [simple_plan()])
    url = f"sqlite:///{tmp_path}/plans.db"
    said = command("replay", tape, "--plans", plans, "--to", f"{DAY}T04:00:00-04:00", "--db", url)
    assert said.code == DATA_MISSING
    assert "no print of what was asked for (--symbols, --from, --to)" in said.only_line


def test_a_good_and_a_damaged_recording_give_nothing(tmp_path: Path, refused: Refused) -> None:
    """All files are read to their end before the first print is replayed."""
    damaged = torn_at(0.9)(tmp_path)
    assert refused(damaged).code == DATA_MISSING


@pytest.mark.parametrize("workers", [1, 2])
def test_parquet_damaged_within_ends_the_replay_in_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], workers: int
) -> None:
    """Its pages are read only as it goes: exit code 3, whichever process met the damage; what is written is whole."""
    frame = pl.read_csv(market_tape(tmp_path, ["AAA", "BBB"], 2_000), schema_overrides={"conditions": pl.String})
    path, url = tmp_path / f"{DAY}.parquet", f"sqlite:///{tmp_path}/plans.db"
    frame.write_parquet(path, row_group_size=500)
    data = path.read_bytes()
    spoil(path, data[: len(data) * 3 // 5] + bytes(2_000) + data[len(data) * 3 // 5 + 2_000 :])
    plans = write_plans(tmp_path, [simple_plan(name, name, entry="market", stop=1.0) for name in ("AAA", "BBB")])
    said = speaker(capfd)("replay", path, "--plans", plans, "--db", url, "--workers", workers)
    assert f"{path}: cannot be read to its end (" in said.only_line
    assert said.code == DATA_MISSING
    assert rows_of(url, "SELECT complete FROM streams") == [(0,)]
