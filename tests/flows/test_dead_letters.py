"""L9: what cannot be used is kept with its reason, and costs nothing but itself."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from operators.times import SECOND_NS, iso
from tests.flows.conftest import Replayed, ReplayRunner
from tests.flows.made import (
    DAY,
    OPEN_NS,
    climb,
    read_back,
    read_plainly,
    rows_of,
    simple_plan,
    speaker,
    vendor_row,
    walk,
    write_plans,
    write_tape,
)

AT_NS = OPEN_NS + 400 * SECOND_NS
"""When the 401st print of `climb` was."""
AT = 401


def instead(price: object = "104.00", at_ns: object = AT_NS, symbol: str = "AAA", **fields: object) -> str:
    """Write the 401st print otherwise."""
    row = vendor_row(symbol, AT, AT_NS, price, **fields)
    return row.replace(f",{AT},{AT_NS},", f",{AT},{at_ns},")


OUTSIDE = f"outside the file's day {DAY}"
UNUSABLE: dict[str, tuple[str, str, str]] = {
    "text for a price": (instead("12.3O"), "price", "got '12.3O'; must be a number"),
    "a price with underscores": (instead("1_04.00"), "price", "got '1_04.00'; must be a number"),
    "a price in digits of another script": (instead("\u0661\u0660\u0664.00"), "price", "must be a number"),
    "markup for a price": (instead("[/b]"), "price", "got '[/b]'; must be a number"),
    "NaN": (instead("NaN"), "price", "got nan; must be dollars above 0"),
    "infinity": (instead("inf"), "price", "got inf; must be dollars above 0"),
    "more than a float holds": (instead("1e400"), "price", "got inf; must be dollars above 0"),
    "a price of zero": (instead("0.000000"), "price", "got 0; must be dollars above 0"),
    "a negative price": (instead("-104.00"), "price", "got -104; must be dollars above 0"),
    "a negative size": (instead(size=-100), "size", "got -100; must be shares, 0 or more"),
    "an infinite size": (instead(size="inf"), "size", "got inf; must be shares, 0 or more"),
    "text for a size": (instead(size="many"), "size", "got 'many'; must be a number"),
    "no price": (instead(""), "price", "is missing"),
    "no symbol": (instead(symbol=""), "symbol", "is missing"),
    "no time": (instead(at_ns=""), "sip_ns", "is missing"),
    "no size": (instead(size=""), "size", "is missing"),
    "text for a time": (instead(at_ns="09:36:40"), "sip_ns", "got '09:36:40'; must be a whole number"),
    "a time with places": (instead(at_ns=f"{AT_NS}.0"), "sip_ns", f"got '{AT_NS}.0'; must be a whole number"),
    "a time of 20 digits": (instead(at_ns=AT_NS * 10), "sip_ns", f"got '{AT_NS}0'; must be a whole number"),
    "milliseconds": (
        instead(at_ns=AT_NS // 10**6),
        "sip_ns",
        f"got {AT_NS // 10**6}; {OUTSIDE}; 13 digits are not ns since 1970",
    ),
    "the day after": (
        instead(at_ns=AT_NS + 86_400 * SECOND_NS),
        "sip_ns",
        f"got {iso(AT_NS + 86_400 * SECOND_NS)}; {OUTSIDE}",
    ),
    "text for a correction": (instead(correction="none"), "correction", "got 'none'; must be a whole number"),
    "a line cut short": (f"AAA,,0,11,{AT},{AT_NS},104.00", "row", "has 7 fields; the header has 13"),
    "a line cut in the size": (
        f"AAA,,0,11,{AT},{AT_NS},104.00,{AT},{AT_NS},10",
        "row",
        "has 10 fields; the header has 13",
    ),
    "a field too many": (instead() + ",9", "row", "has 14 fields; the header has 13"),
    "a field too many in the middle": (instead("104,00"), "row", "has 14 fields; the header has 13"),
    "another kind of line": ("# restarted", "row", "has 1 fields; the header has 13"),
    "a quote that never closes": (instead(conditions='"12'), "row", "has 2 fields; the header has 13"),
    "bytes of no text": (instead("\udcff\udcfe"), "price", "must be a number"),
}


def spoiled(line: str, count: int = 3_000) -> list[str]:
    """Write a day in which one line of many became another."""
    rows = climb(count)
    rows[AT - 1] = line
    return rows


def write_bytes_tape(folder: Path, rows: Sequence[str]) -> Path:
    """Write a tape whose lines may hold single bytes (as surrogates) that are no UTF-8."""
    path = write_tape(folder, [])
    path.write_bytes(path.read_bytes() + "".join(f"{row}\n" for row in rows).encode("utf-8", "surrogateescape"))
    return path


@pytest.mark.parametrize("case", UNUSABLE.values(), ids=UNUSABLE)
def test_a_bad_line_costs_only_itself(tmp_path: Path, case: tuple[str, str, str]) -> None:
    """One dead letter with file, row, field, reason and the line; every other print is read, with its number."""
    line, field, reason = case
    path = write_bytes_tape(tmp_path, spoiled(line))
    found, letters = read_back(path)
    assert [(letter.source, letter.row, letter.field) for letter in letters] == [(str(path), AT, field)]
    assert letters[0].reason.endswith(reason)
    assert letters[0].raw == line.replace("\udcff\udcfe", "\ufffd\ufffd")
    good = write_tape(tmp_path, climb(3_000), "good.csv")
    assert found == [row for row in read_plainly(good) if row[0] != AT]


def test_every_kind_of_bad_line_at_once(tmp_path: Path) -> None:
    """Spread over a file, each is named by its own row; all good prints stay."""
    rows, wanted = climb(3_000), {}
    for place, (line, field, _) in enumerate(UNUSABLE.values()):
        row = 50 + 100 * place
        rows[row - 1] = line
        wanted[row] = field
    found, letters = read_back(write_bytes_tape(tmp_path, rows))
    assert {letter.row: letter.field for letter in letters} == wanted
    assert [row[0] for row in found] == [n for n in range(1, 3_001) if n not in wanted]


@pytest.mark.parametrize("empty", [False, True], ids=["zeros", "nothing"])
def test_a_field_too_few_and_one_too_many_do_not_make_up_for_each_other(tmp_path: Path, empty: bool) -> None:
    """Two bad lines of one block, far apart, where the last column is a number or always empty."""
    rows = [row.removesuffix("0") for row in climb(3_000)] if empty else climb(3_000)
    rows[99], rows[2_899] = rows[99].rpartition(",")[0], rows[2_899] + ",1"
    found, letters = read_back(write_tape(tmp_path, rows))
    assert [(letter.row, letter.field) for letter in letters] == [(100, "row"), (2_900, "row")]
    assert len(found) == 2_998


@pytest.mark.parametrize("mark", ["\f", "\v", "\x1c", "\x85", "\u2028", "\r"])
def test_only_a_newline_ends_a_line(tmp_path: Path, mark: str) -> None:
    """Other marks that some readers take for line ends are part of a bad field, and move no row number."""
    path = write_tape(tmp_path, spoiled(instead(f"10{mark}4.00")))
    found, letters = read_back(path)
    assert [(letter.row, letter.field) for letter in letters] == [(AT, "price")]
    assert [row[0] for row in found] == [n for n in range(1, 3_001) if n != AT]


def test_a_field_of_enormous_length_is_one_bad_line(tmp_path: Path) -> None:
    """Longer than the standard library's reader takes; the dead letter keeps its beginning."""
    path = write_tape(tmp_path, spoiled(instead("9" * 200_000 + "x")))
    found, (letter,) = read_back(path)
    assert (letter.row, len(letter.raw)) == (AT, 301)
    assert len(found) == 2_999


def test_a_correction_beyond_32_bits_is_still_a_correction(tmp_path: Path) -> None:
    """Neither the end of the replay nor a print that counts: it reads as a correction, or as a dead letter."""
    path = write_tape(tmp_path, spoiled(instead(correction=3_000_000_000)))
    found, letters = read_back(path)
    assert [letter.row for letter in letters] == [AT] or dict(enumerate(found, 1))[AT][-1] != 0


def test_a_line_reads_the_same_whatever_stands_beside_it(tmp_path: Path) -> None:
    """Lines near a bad one are read one by one: spaces around a ticker must not make another ticker of it there."""
    rows = climb(3_000)
    rows[399] = rows[399].replace("AAA", " AAA")
    alone, _ = read_back(write_tape(tmp_path, rows, f"{DAY}.a.csv"))
    rows[AT - 1] = instead("x")
    beside, letters = read_back(write_tape(tmp_path, rows, f"{DAY}.b.csv"))
    assert [letter.row for letter in letters if letter.row != 400] == [AT]
    assert beside == [row for row in alone if row[0] != AT]


def test_empty_lines_are_nothing_and_count_as_rows(tmp_path: Path) -> None:
    """A row number is a line number: an editor finds it."""
    rows = climb(3_000)
    rows[10] = rows[1_000] = ""
    found, letters = read_back(write_tape(tmp_path, rows))
    assert [row[0] for row in found] == [n for n in range(1, 3_001) if n not in (11, 1_001)]
    assert letters == []


def replay_spoiled(tmp_path: Path, replayed: ReplayRunner, **options: Any) -> tuple[Replayed, list[Any]]:
    """Replay a climbing day with bad lines in it; return the result and what its database keeps of them."""
    rows = climb(600)
    rows[0], rows[250], rows[599] = instead("x"), "", "AAA,,0"
    rows.insert(300, vendor_row("AAA", 0, OPEN_NS, "999.00"))
    path = write_tape(tmp_path, rows)
    result = replayed([path], [simple_plan()], **options)
    return result, rows_of(result.database, "SELECT row, field, reason FROM dead_letters ORDER BY row")


@pytest.mark.parametrize("options", [{}, {"batch_rows": 7}, {"speed": 1e6}], ids=str)
def test_good_prints_still_move_plans(tmp_path: Path, replayed: ReplayRunner, options: dict[str, Any]) -> None:
    """The plan goes its way past bad lines and a wild print of the past; the letters are in the database once."""
    result, letters = replay_spoiled(tmp_path, replayed, **options)
    kinds = [str(event.kind) for event in result.events]
    assert kinds == ["registered", "entered", "target_hit", "target_hit", "completed"]
    assert [event.price for event in result.events][1:] == [101.0, 103.0, 105.0, 105.0]
    assert [(row, field) for row, field, _ in letters] == [(1, "price"), (301, "sip_ns"), (601, "row")]
    assert result.meter.dead_letters == 3


def test_dead_letters_are_kept_once_and_leave_the_digest_alone(
    tmp_path: Path, replayed: ReplayRunner, database_url: str
) -> None:
    """Replayed again, they are known; a day without them has the same digest."""
    first, letters = replay_spoiled(tmp_path, replayed, database=database_url)
    again, letters_again = replay_spoiled(tmp_path, replayed, database=database_url)
    assert letters_again == letters
    assert again.meter.dead_letters == 0
    clean = climb(600)
    path = write_tape(tmp_path, [*clean[1:250], *clean[251:599]])
    assert replayed([path], [simple_plan()]).digest == first.digest == again.digest


def test_the_report_counts_what_the_database_keeps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As a number, and by reason; bad plans among them.  What stands in the data is shown as it is."""
    rows = walk("AAA", 900, 1)
    rows[10], rows[20], rows[30] = instead("[/b]"), instead("[/b]"), instead("[red]1")
    tape, plans = write_tape(tmp_path, rows), write_plans(tmp_path, [simple_plan(), simple_plan("bad", stop=-1)])
    url = f"sqlite:///{tmp_path}/plans.db"
    said = speaker(capsys)("replay", tape, "--plans", plans, "--db", url, "--json")
    totals = json.loads(said.out)["totals"]
    kept = rows_of(url, "SELECT reason, count(*) FROM dead_letters GROUP BY reason")
    assert totals["dead_letter_reasons"] == dict(kept)
    assert totals["dead_letters"] == sum(count for _, count in kept) == 4
    shown = speaker(capsys)("replay", tape, "--plans", plans, "--db", url)
    assert "unusable 2: got '[/b]'; must be a number" in shown.out
    assert "unusable 1: got '[red]1'; must be a number" in shown.out
