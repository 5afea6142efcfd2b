"""Prints that go back in their symbol's time cannot have been the last when they were known: dead letters."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

import polars as pl
import pytest

from flows.tape import csv_reader, files
from flows.tape.files import find_tape_files
from flows.tape.reader import TapeReader
from flows.tape.scan import ScanFilter
from operators.rows import DeadLetter
from operators.times import SECOND_NS, iso
from tests.flows.made import OPEN_NS, vendor_row, write_tape


def backwards(
    path: Path, watched: Sequence[str], to_ns: int | None = None
) -> tuple[list[tuple[str, int]], list[DeadLetter]]:
    """Read a tape: prints kept (symbol, SIP time), and those that go back."""
    kept, letters = [], list[DeadLetter]()
    for piece in TapeReader(tuple(find_tape_files([path])[0]), watched, ScanFilter(to_ns=to_ns)).pieces():
        letters += piece.dead_letters
        codes = piece.frame.code.tolist()
        times = piece.frame.sip_ns.tolist()
        kept += [(watched[code], at) for code, at in zip(codes, times, strict=True) if code < len(watched)]
    return kept, letters


@pytest.mark.parametrize("piece", [400, 1 << 22])
def test_a_print_that_goes_back_in_its_symbols_time_is_a_dead_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    """Held against the latest print of the same symbol before it, across blocks; equal times and others stay."""
    monkeypatch.setattr(files, "READ_BYTES", piece)
    monkeypatch.setattr(csv_reader, "BLOCK_BYTES", piece)
    rng, latest = Random(3), dict.fromkeys("ABC", 0)
    rows, kept, wanted = [], [], []
    for number in range(1, 1_001):
        symbol, at_ns = rng.choice("ABC"), OPEN_NS + (number + rng.choice((0, 0, 0, -9))) // 4 * SECOND_NS
        rows.append(vendor_row(symbol, number, at_ns, "10.5"))
        if symbol == "C":
            continue
        if at_ns >= latest[symbol]:
            kept.append((symbol, at_ns))
            latest[symbol] = at_ns
        else:
            reason = f"{symbol} goes back in time, after {iso(latest[symbol])}"
            wanted.append((number, "sip_ns", reason, f"{symbol} {at_ns} 10.5"))
    found, letters = backwards(write_tape(tmp_path, rows), ["A", "B"])
    assert [(letter.row, letter.field, letter.reason, letter.raw) for letter in letters] == wanted
    assert len(wanted) > 50
    assert found == kept


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_l5_a_reading_up_to_an_instant_keeps_and_refuses_what_the_whole_one_does(tmp_path: Path, suffix: str) -> None:
    """Also where what a print goes back behind is later than the instant."""
    rng = Random(5)
    times = [OPEN_NS + (number + rng.choice((0, 0, -9))) // 4 * SECOND_NS for number in range(1, 301)]
    rows = [vendor_row(rng.choice("AB"), number, at_ns, "10.5") for number, at_ns in enumerate(times, 1)]
    path = write_tape(tmp_path, rows)
    if suffix == ".parquet":
        pl.read_csv(path, schema_overrides={"conditions": pl.String}).write_parquet(path.with_suffix(suffix))
    (kept, letters) = backwards(path.with_suffix(suffix), ["A", "B"])
    for to_ns in (OPEN_NS - 1, *sorted(set(times))[::7], times[-1] + 1):
        found = backwards(path.with_suffix(suffix), ["A", "B"], to_ns)
        assert found[0] == [each for each in kept if each[1] <= to_ns]
        assert found[1] == [each for each in letters if int(each.raw.split()[1]) <= to_ns]
    assert len(letters) > 50
