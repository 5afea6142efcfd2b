"""Vendor flat files as CSV and CSV.gz: every layout they came in reads as the standard library reads it."""

import csv
import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from threading import enumerate as threads

import pytest

from flows.tape import csv_reader, files
from flows.tape.files import TapeFile, decompressed, find_tape_files
from flows.tape.layout import read_layout
from flows.tape.reader import TapePiece, TapeReader
from flows.tape.scan import ScanFilter
from operators.times import SECOND_NS
from tests.flows.made import (
    DAY,
    OPEN_NS,
    VENDOR,
    VENDOR_NAMES,
    Row,
    climb,
    read_back,
    read_plainly,
    vendor_row,
    walk,
    write_tape,
)

OWN_NAMES = ("symbol", "sip_ns", "participant_ns", "price", "size", "conditions", "trf_ns", "correction")
OLD = "ticker,conditions,correction,exchange,price,sequence_number,sip_timestamp,size,tape,trf_id"
SUFFIXES = [".csv", ".csv.gz"]


def decimal_sizes(rows: list[str]) -> list[str]:
    """As files are since 2026: sizes and prices with six places."""
    return [vendor_row("AAPL", n, OPEN_NS + n, "115.030000", size=f"{n}.250000") for n in range(1, len(rows))]


def empty_fields(_: list[str]) -> list[str]:
    """No condition, correction, participant or TRF time, and a row where each is there."""
    return [
        f"AAPL,,,11,1,,115.03,1,{OPEN_NS},100,1,,",
        f'AAPL,"12,37",0,11,2,{OPEN_NS},115.04,2,{OPEN_NS + 1},100,1,4,{OPEN_NS}',
        f'AAPL,"",1,11,3,0,115.05,3,{OPEN_NS + 2},0,1,0,0',
    ]


def like_nothing(_: list[str]) -> list[str]:
    """Tickers that some readers take for a missing value, and two that differ in case alone."""
    names = ["BAPA", "BApA", "NA", "NAN", "NULL", "NaN", "None", "TRUE", "inf", "nan", "null"]
    return [vendor_row(name, 1, OPEN_NS, "10.5", conditions="14,41") for name in names]


def as_walked(rows: list[str]) -> list[str]:
    """Whole sizes, quoted lists of conditions, late and corrected prints."""
    return rows


@pytest.fixture
def walked() -> list[str]:
    """Prints of two symbols."""
    return [*walk("AAA", 300, 1), *walk("BBB", 300, 2)]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("content", [as_walked, decimal_sizes, empty_fields, like_nothing])
def test_a_file_reads_as_the_standard_library_reads_it(
    tmp_path: Path, walked: list[str], suffix: str, content: Callable[[list[str]], list[str]]
) -> None:
    """Every print, every decisive column, row numbers from 1, and nothing left over."""
    path = write_tape(tmp_path, content(walked), f"{DAY}{suffix}")
    assert read_back(path) == (read_plainly(path), [])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_oldest_layout_lacks_times_and_still_reads(tmp_path: Path, suffix: str) -> None:
    """2003: no id, participant or TRF time; whole seconds.  Without those times no print is late."""
    rows = [f"IBM,,0,10,{90 + n}.25,{n},{OPEN_NS + n * SECOND_NS},100,1,0" for n in range(50)]
    path = write_tape(tmp_path, rows, f"{DAY}{suffix}", header=OLD)
    assert read_back(path) == (read_plainly(path), [])
    pieces = list(TapeReader(find_tape_files([path])[0], ["IBM"]).pieces())
    assert {int(flags) for piece in pieces for flags in piece.frame.flags} == {0b1110111}


def test_times_of_zero_mean_that_there_is_none(tmp_path: Path) -> None:
    """The 2003 files of today's layout: participant and TRF time 0, which makes no print late."""
    path = write_tape(tmp_path, [vendor_row("IBM", 1, OPEN_NS, "90.25", participant=0)])
    assert read_back(path) == (read_plainly(path), [])
    (piece,) = TapeReader(find_tape_files([path])[0], ["IBM"]).pieces()
    assert list(piece.frame.flags) == [0b1110111]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_marks_of_other_systems_change_nothing(
    tmp_path: Path, walked: list[str], suffix: str, newline: str, last: bool, mark: str
) -> None:
    """CRLF, no newline at the end, a byte order mark before the header."""
    plain = read_plainly(write_tape(tmp_path, walked, "plain.csv"))
    text = (mark + newline.join([VENDOR, *walked]) + (newline if last else "")).encode()
    path = tmp_path / f"{DAY}{suffix}"
    path.write_bytes(gzip.compress(text) if suffix.endswith("gz") else text)
    assert read_back(path) == (plain, [])


def test_columns_may_stand_in_any_order_and_bear_our_names(tmp_path: Path, walked: list[str]) -> None:
    """Reversed, shuffled, and with a column that nobody knows."""
    plain = read_plainly(write_tape(tmp_path, walked, "plain.csv"))
    for seed in range(3):
        order = Random(seed).sample(range(13), 13)
        names = [VENDOR.split(",")[place] for place in order]
        lines = [_reordered(row, order) + ",x" for row in walked]
        path = write_tape(tmp_path, lines, f"{DAY}.{seed}.csv", header=",".join([*names, "remark"]))
        assert read_back(path) == (plain, [])
        ours = dict(zip(VENDOR_NAMES, OWN_NAMES, strict=True))
        header = ",".join(ours.get(name, name) for name in [*names, "remark"])
        path = write_tape(tmp_path, lines, f"{DAY}.{seed}.csv.gz", header=header)
        assert read_back(path) == (plain, [])


def _reordered(row: str, order: list[int]) -> str:
    """Take the fields of a line in another order."""
    fields = next(csv.reader([row]))
    return ",".join(f'"{fields[place]}"' if "," in fields[place] else fields[place] for place in order)


@pytest.mark.parametrize("sample", ["rows_2024_2026/us_stocks_sip_trades_v1.csv", "stock_trades_sample.csv.gz"])
def test_the_vendors_own_samples_read_plainly(shared_data: Path, sample: str) -> None:
    """Nanoseconds of 2023, a TRF print hours late, empty corrections."""
    path = shared_data / "polygon_samples" / sample
    assert read_back(path) == (read_plainly(path), [])


def test_a_recorded_day_reads_plainly(shared_data: Path) -> None:
    """39 470 prints of one stock with odd lots, Form T and official prices."""
    path = shared_data / "flatfiles/us_stocks_sip/trades_v1/2018/01/2018-01-02.XXX.csv.gz"
    found, letters = read_back(path)
    assert len(found) == 39_470
    assert found == read_plainly(path)
    assert letters == []


SPOILED = {7: "AAA,x", 300: "", 301: "nonsense", 302: '"AAA,,', 450: vendor_row("", 450, OPEN_NS, 10), 600: ",,,"}


def spoiled() -> list[str]:
    """Write 600 prints, of which a few lines became something else."""
    rows = [*walk("AAA", 300, 1), *walk("BBB", 300, 2)]
    for number, line in SPOILED.items():
        rows[number - 1] = line
    return rows


@pytest.mark.parametrize("few", [1, 3, 256])
@pytest.mark.parametrize("piece", [200, 377, 4_096, 1 << 22])
def test_blocks_may_be_cut_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int, few: int) -> None:
    """Cuts between any two lines leave prints, row numbers and dead letters as they are, bad lines among them."""
    path = write_tape(tmp_path, spoiled(), f"{DAY}.csv.gz")
    whole = read_back(path)
    assert [letter.row for letter in whole[1]] == [7, 301, 302, 450, 600]
    assert len(whole[0]) == 600 - len(SPOILED)
    monkeypatch.setattr(files, "READ_BYTES", piece)
    monkeypatch.setattr(csv_reader, "BLOCK_BYTES", piece // 2)
    monkeypatch.setattr(csv_reader, "FEW_ROWS", few)
    assert read_back(path) == whole


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_filters_keep_what_filtering_afterwards_would(tmp_path: Path, walked: list[str], suffix: str) -> None:
    """From and to are inclusive; a symbol that is not there gives nothing."""
    path = write_tape(tmp_path, walked, f"{DAY}{suffix}")
    everything = read_plainly(path)
    for wanted in filters(everything):
        assert read_back(path, wanted) == ([row for row in everything if keeps(wanted, row)], [])


def filters(rows: list[Row]) -> list[ScanFilter]:
    """Bounds on prints, beside them, and around all."""
    first, middle, last = sorted(row[2] for row in rows)[:: len(rows) // 2 - 1]
    return [
        ScanFilter(from_ns=middle),
        ScanFilter(to_ns=middle),
        ScanFilter(middle, middle),
        ScanFilter(middle + 1, last - 1),
        ScanFilter(first, last, frozenset({"BBB"})),
        ScanFilter(symbols=frozenset({"AAA", "BBB", "CCC"})),
        ScanFilter(symbols=frozenset({"CCC"})),
    ]


def keeps(wanted: ScanFilter, row: Row) -> bool:
    """Whether a filter keeps a print."""
    symbol, sip_ns = row[1], row[2]
    in_time = (wanted.from_ns or 0) <= sip_ns <= (wanted.to_ns or sip_ns)
    return in_time and (wanted.symbols is None or symbol in wanted.symbols)


def test_a_file_without_a_day_in_its_name_belongs_to_the_day_of_most_of_its_prints(tmp_path: Path) -> None:
    """A print of the day after is a dead letter then, too."""
    rows = climb(50)
    rows[20] = vendor_row("AAA", 21, OPEN_NS + 86_400 * SECOND_NS, "100.20")
    found, letters = read_back(write_tape(tmp_path, rows, "trades.csv"))
    assert len(found) == 49
    assert [(letter.row, letter.field) for letter in letters] == [(21, "sip_ns")]


def test_a_file_is_decompressed_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No piece is larger than asked for, whatever the file's size."""
    path = write_tape(tmp_path, climb(2_000), f"{DAY}.csv.gz")
    monkeypatch.setattr(files, "READ_BYTES", 1_000)
    pieces = list(decompressed(path))
    assert max(map(len, pieces)) <= 1_000
    assert b"".join(pieces) == gzip.decompress(path.read_bytes())


def test_an_endless_file_gives_its_first_prints_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading is lazy and bounded: a few pieces ahead, and none any more once the reader is closed."""
    drawn = 0

    def endless(_: Path) -> Iterator[bytes]:
        nonlocal drawn
        yield VENDOR.encode() + b"\n"
        while True:
            drawn += 1
            yield "".join(f"{row}\n" for row in climb(100)).encode()

    monkeypatch.setattr(csv_reader, "decompressed", endless)
    monkeypatch.setattr(csv_reader, "BLOCK_BYTES", 1_000)
    file = TapeFile(Path("endless.csv"), read_layout("endless.csv", VENDOR.split(",")), None)
    pieces = TapeReader([file], ["AAA"]).pieces()
    first: list[TapePiece] = [next(pieces) for _ in range(3)]
    assert [piece.rows for piece in first] == [100, 100, 100]
    assert drawn <= 10
    pieces.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threads() if thread.name == "prefetch"]
