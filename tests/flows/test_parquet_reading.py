"""Parquet with the vendor's columns: whatever types a writer chose, the prints are those of the CSV file."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from flows.errors import BadInputError, CommandError
from flows.tape import parquet_reader
from flows.tape.files import find_tape_files
from flows.tape.reader import TapeReader
from flows.tape.scan import ROW, ScanFilter
from operators.coding import Coder
from operators.conditions import Flag
from operators.times import SECOND_NS
from tests.flows.made import DAY, OPEN_NS, climb, read_back, read_plainly, vendor_row, walk, write_tape
from tests.flows.test_csv_reading import filters, keeps

Change = Callable[[pl.DataFrame], pl.DataFrame]
TIMES = ("sip_timestamp", "participant_timestamp", "trf_timestamp")


@pytest.fixture
def rows() -> list[str]:
    """Prints of two symbols."""
    return [*walk("AAA", 300, 1), *walk("BBB", 300, 2)]


def as_parquet(tmp_path: Path, rows: list[str], change: Change, name: str = f"{DAY}.parquet") -> tuple[Path, Path]:
    """Write lines as CSV, and changed as Parquet."""
    plain = write_tape(tmp_path, rows, f"plain-{DAY}.csv")
    frame = pl.read_csv(plain, schema_overrides={"conditions": pl.String, "price": pl.Float64})
    path = tmp_path / name
    change(frame).write_parquet(path)
    return plain, path


def lists(frame: pl.DataFrame) -> pl.DataFrame:
    """Conditions as the vendor's REST answers have them."""
    split = pl.col("conditions").str.split(",").list.eval(pl.element().cast(pl.Int32))
    return frame.with_columns(conditions=split.fill_null([]))


def in_utc(frame: pl.DataFrame) -> pl.DataFrame:
    """Times as instants, one of them with a zone."""
    frame = frame.with_columns(pl.from_epoch(name, time_unit="ns") for name in TIMES[:2])
    zoned = pl.col("sip_timestamp").dt.replace_time_zone("UTC").dt.convert_time_zone("America/New_York")
    return frame.with_columns(zoned)


CHANGES: dict[str, Change] = {
    "as polars reads CSV": lambda frame: frame,
    "categories": lambda frame: frame.with_columns(pl.col("ticker", "conditions").cast(pl.Categorical)),
    "enumerations": lambda frame: frame.with_columns(pl.col("ticker").cast(pl.Enum(["BBB", "AAA"]))),
    "lists of conditions": lists,
    "instants": in_utc,
    "float sizes": lambda frame: frame.with_columns(pl.col("size").cast(pl.Float64)),
    "decimals": lambda frame: frame.with_columns(pl.col("price").cast(pl.Decimal(18, 6))),
    "small whole numbers": lambda frame: frame.with_columns(pl.col("correction", "tape").cast(pl.Int8)),
    "unsigned times": lambda frame: frame.with_columns(pl.col(*TIMES).cast(pl.UInt64)),
    "other order": lambda frame: frame.select(reversed(frame.columns)),
    "no more than needed": lambda frame: frame.drop("exchange", "id", "sequence_number", "tape", "trf_id"),
    "our names": lambda frame: frame.rename({"ticker": "symbol", "sip_timestamp": "sip_ns"}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_file_reads_as_its_csv_does(tmp_path: Path, rows: list[str], change: Change) -> None:
    """Every decisive column, row numbers from 1, whatever the types."""
    plain, path = as_parquet(tmp_path, rows, change)
    assert read_back(path) == (read_plainly(plain), [])


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_flags_and_symbols_are_those_of_the_csv(tmp_path: Path, rows: list[str], change: Change) -> None:
    """What a print may do does not depend on how its conditions were written."""
    plain, path = as_parquet(tmp_path, rows, change)
    (one,), (other,) = (TapeReader(find_tape_files([each])[0], ["AAA", "BBB"]).pieces() for each in (plain, path))
    for name in ("code", "sip_ns", "price", "flags"):
        assert list(getattr(one.frame, name)) == list(getattr(other.frame, name))


def test_tickers_that_look_like_nothing_are_tickers(tmp_path: Path) -> None:
    names = ["BAPA", "BApA", "NA", "NAN", "NULL", "None", "nan", "null"]
    rows = [vendor_row(name, 1, OPEN_NS, "10.5") for name in names]
    plain, path = as_parquet(tmp_path, rows, lambda frame: frame)
    assert [row[1] for row in read_back(path)[0]] == names
    assert read_back(path) == (read_plainly(plain), [])


@pytest.mark.parametrize("piece_rows", [1, 7, 100, 1_000_000])
def test_pieces_may_be_of_any_size(
    tmp_path: Path, rows: list[str], monkeypatch: pytest.MonkeyPatch, piece_rows: int
) -> None:
    """Prints, row numbers and dead letters stay, bad rows among them."""
    bad = pl.int_range(pl.len()) % 100 == 50

    def spoil(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(price=pl.when(bad).then(-1.0).otherwise("price"))

    plain, path = as_parquet(tmp_path, rows, spoil)
    monkeypatch.setattr(parquet_reader, "PIECE_ROWS", piece_rows)
    monkeypatch.setattr(parquet_reader, "BATCH_ROWS", piece_rows)
    found, letters = read_back(path)
    assert found == [row for row in read_plainly(plain) if row[0] % 100 != 51]
    assert [letter.row for letter in letters] == [51, 151, 251, 351, 451, 551]


@pytest.mark.parametrize(
    ("wanted", "ends"),
    [
        (ScanFilter(), [50, 250, 450, 600]),
        (ScanFilter(symbols=frozenset({"AAA"})), [50, 250, 300]),
        (ScanFilter(first_row=101), [150, 350, 550, 600]),
    ],
    ids=["all", "one symbol", "what is left"],
)
def test_pieces_span_as_many_rows_of_the_file_whoever_reads_it_and_the_first_is_small(
    tmp_path: Path, rows: list[str], monkeypatch: pytest.MonkeyPatch, wanted: ScanFilter, ends: list[int]
) -> None:
    """No row is lost between them."""
    monkeypatch.setattr(parquet_reader, "BATCH_ROWS", 1)
    monkeypatch.setattr(parquet_reader, "PIECE_ROWS_FOR_BARS", 200)
    plain, path = as_parquet(tmp_path, rows, lambda frame: frame)
    (file,), _ = find_tape_files((path,))
    coder = Coder(("AAA", "BBB"), for_bars=True)
    pieces = [piece.ticks.get_column(ROW).to_list() for piece in parquet_reader.read_parquet(file, wanted, coder)]
    expected = [row[0] for row in read_plainly(plain) if keeps(wanted, row) and row[0] >= wanted.first_row]
    assert [row for piece in pieces for row in piece] == expected
    assert len(pieces) == len(ends)
    assert all(piece[-1] <= end and end - piece[-1] < 5 for piece, end in zip(pieces, ends, strict=True))


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_filters_keep_what_filtering_afterwards_would(tmp_path: Path, rows: list[str], change: Change) -> None:
    """Row numbers are those of the whole file."""
    plain, path = as_parquet(tmp_path, rows, change)
    everything = read_plainly(plain)
    for wanted in filters(everything):
        assert read_back(path, wanted) == ([row for row in everything if keeps(wanted, row)], [])


UNUSABLE: dict[str, tuple[str, object, str, str]] = {
    "zero": ("price", 0.0, "price", "got 0; must be dollars above 0"),
    "negative": ("price", -1.5, "price", "got -1.5; must be dollars above 0"),
    "NaN": ("price", float("nan"), "price", "got nan; must be dollars above 0"),
    "infinite": ("price", float("inf"), "price", "got inf; must be dollars above 0"),
    "no price": ("price", None, "price", "is missing"),
    "no symbol": ("ticker", None, "symbol", "is missing"),
    "no time": ("sip_timestamp", None, "sip_ns", "is missing"),
    "no size": ("size", None, "size", "is missing"),
    "a negative size": ("size", -1, "size", "got -1; must be shares, 0 or more"),
    "milliseconds": ("sip_timestamp", OPEN_NS // 10**6, "sip_ns", "13 digits are not ns since 1970"),
    "the day after": ("sip_timestamp", OPEN_NS + 86_400 * SECOND_NS, "sip_ns", f"outside the file's day {DAY}"),
}


@pytest.mark.parametrize("case", UNUSABLE.values(), ids=UNUSABLE)
def test_a_row_that_is_no_print_is_a_dead_letter(tmp_path: Path, case: tuple[str, object, str, str]) -> None:
    """File, row, field, reason and what stood there; the other prints stay."""
    column, value, field, reason = case

    def spoil(frame: pl.DataFrame) -> pl.DataFrame:
        here = pl.int_range(pl.len()) == 41
        return frame.with_columns(pl.when(here).then(pl.lit(value)).otherwise(column).alias(column))

    plain, path = as_parquet(tmp_path, climb(100), spoil)
    found, (letter,) = read_back(path)
    assert found == [row for row in read_plainly(plain) if row[0] != 42]
    assert (letter.source, letter.row, letter.field) == (str(path), 42, field)
    assert reason in letter.reason
    assert letter.raw.startswith("{'symbol': ")


@pytest.mark.parametrize("others_bad", [False, True])
def test_an_empty_symbol_is_a_dead_letter_whatever_stands_beside_it(tmp_path: Path, others_bad: bool) -> None:
    """Not only when another row of the same piece is bad."""

    def spoil(frame: pl.DataFrame) -> pl.DataFrame:
        price = pl.when(others_bad & (pl.int_range(pl.len()) == 9)).then(0.0).otherwise("price")
        empty = pl.when(pl.int_range(pl.len()) == 4).then(pl.lit("")).otherwise("ticker")
        return frame.with_columns(ticker=empty, price=price)

    _, path = as_parquet(tmp_path, climb(20), spoil)
    assert [letter.row for letter in read_back(path)[1]] == ([5, 10] if others_bad else [5])


def test_a_correction_beyond_32_bits_is_still_a_correction(tmp_path: Path) -> None:
    """Never guessed to be none: such a print may touch nothing."""
    _, path = as_parquet(tmp_path, climb(3), lambda frame: frame.with_columns(correction=pl.lit(3_000_000_000)))
    (piece,) = TapeReader(find_tape_files([path])[0], ["AAA"]).pieces()
    assert [Flag(int(flags)) for flags in piece.frame.flags if Flag.LAST in Flag(int(flags))] == []


@pytest.mark.parametrize("column", ["correction", "conditions", "trf_timestamp"])
def test_a_column_without_any_value_says_nothing(tmp_path: Path, column: str) -> None:
    """Writers give a column that is empty throughout the type null; CSV takes it empty as well."""
    plain, path = as_parquet(tmp_path, climb(3), lambda frame: frame.with_columns(pl.lit(None).alias(column)))
    place = {"conditions": 6, "trf_timestamp": 7, "correction": 8}[column]
    assert read_back(path)[0] == [(*row[:place], None, *row[place + 1 :]) for row in read_plainly(plain)]


def test_times_that_lost_their_nanoseconds_are_refused(tmp_path: Path) -> None:
    """A float cannot hold ns since 1970: what cannot be converted without loss is refused, not rounded."""
    _, path = as_parquet(tmp_path, climb(3), lambda frame: frame.with_columns(pl.col("sip_timestamp").cast(pl.Float64)))
    with pytest.raises(BadInputError, match="sip_timestamp holds Float64"):
        read_back(path)


def test_one_time_that_is_none_of_ours_costs_only_its_row(tmp_path: Path) -> None:
    """Unsigned 64 bits hold more than times: a row beyond is a dead letter, not the end of the file."""

    def spoil(frame: pl.DataFrame) -> pl.DataFrame:
        beyond = pl.when(pl.int_range(pl.len()) == 1).then(pl.lit(2**64 - 1, dtype=pl.UInt64))
        return frame.with_columns(sip_timestamp=beyond.otherwise(pl.col("sip_timestamp").cast(pl.UInt64)))

    _, path = as_parquet(tmp_path, climb(3), spoil)
    try:
        found, letters = read_back(path)
    except CommandError as error:
        pytest.fail(f"one bad row ended the file: {error}")
    assert ([row[0] for row in found], [letter.row for letter in letters]) == ([1, 3], [2])


def test_a_filter_hides_no_row_that_is_no_print(tmp_path: Path) -> None:
    """A time in milliseconds lies outside every --from: it is a dead letter all the same, as it is in CSV."""
    rows = climb(20)
    rows[9] = vendor_row("AAA", 10, OPEN_NS // 10**6, "100.09")
    plain, path = as_parquet(tmp_path, rows, lambda frame: frame)
    (wanted, *_) = filters(read_plainly(plain))
    assert [letter.row for letter in read_back(plain, wanted)[1]] == [10]
    assert [letter.row for letter in read_back(path, wanted)[1]] == [10]


@pytest.mark.parametrize(
    ("column", "given"),
    [
        *((each, pl.String) for each in ("price", "size", "sip_timestamp", "correction")),
        ("price", pl.Float32),
        ("sip_timestamp", pl.Float64),
    ],
)
def test_a_column_that_cannot_hold_what_it_must_is_refused(
    tmp_path: Path, column: str, given: type[pl.DataType]
) -> None:
    """Text where numbers must be, and numbers too coarse; the line names file, column, what it holds and must hold."""
    _, path = as_parquet(tmp_path, climb(3), lambda frame: frame.with_columns(pl.col(column).cast(given)))
    with pytest.raises(BadInputError, match=rf"{DAY}\.parquet: column {column} holds {given()}; must hold"):
        read_back(path)
