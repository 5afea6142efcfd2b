"""Which files a replay reads: given by name, or found in folders; what is something else is said."""

from collections.abc import Callable
from pathlib import Path

import pytest

from flows.errors import BadInputError, CommandError, DataMissingError
from flows.tape.files import find_tape_files
from flows.tape.reader import TapeReader
from operators.times import SECOND_NS
from tests.flows.made import (
    OPEN_NS,
    VENDOR,
    climb,
    rows_of,
    simple_plan,
    speaker,
    vendor_row,
    write_plans,
    write_tape,
)

OTHERS = {
    "quotes_v1": ("ticker,ask_exchange,ask_price,ask_size,bid_exchange,bid_price,bid_size,sip_timestamp", "quotes"),
    "minute_aggs_v1": ("ticker,volume,open,close,high,low,window_start,transactions", "aggregates"),
}


def names(paths: list[Path]) -> list[str]:
    """The names of the files found, in order."""
    return [file.path.name for file in find_tape_files(paths)[0]]


def test_a_folder_gives_its_days_in_order_however_deep(tmp_path: Path) -> None:
    """As the vendor lays them out, with several files of one day, CSV and CSV.gz side by side."""
    for folder, name in (
        ("2013/10", "2013-10-08.csv.gz"),
        ("2012/12", "2012-12-31.b.csv"),
        ("2012/12", "2012-12-31.a.csv.gz"),
        ("2013/10", "2013-10-07.csv"),
        (".", "undated.csv"),
    ):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        write_tape(tmp_path / folder, climb(1), name)
    (tmp_path / "README.txt").write_text("not a recording")
    days = ["2012-12-31.a.csv.gz", "2012-12-31.b.csv", "2013-10-07.csv", "2013-10-08.csv.gz", "undated.csv"]
    assert names([tmp_path]) == days


def test_a_link_that_leads_nowhere_is_no_day_to_leave_out(tmp_path: Path) -> None:
    """A recording that was moved away: an answer without that day would pass for the whole."""
    write_tape(tmp_path, climb(3))
    (tmp_path / "2013-10-09.csv.gz").symlink_to(tmp_path / "gone.csv.gz")
    with pytest.raises(DataMissingError, match=r"2013-10-09\.csv\.gz: leads to no file"):
        find_tape_files([tmp_path])


def test_files_of_one_day_stay_in_the_order_they_were_given(tmp_path: Path) -> None:
    first, second = (write_tape(tmp_path, climb(1), f"2013-10-08.{name}.csv") for name in "zb")
    earlier = write_tape(tmp_path, climb(1), "2013-10-07.csv")
    assert names([first, second, earlier]) == ["2013-10-07.csv", "2013-10-08.z.csv", "2013-10-08.b.csv"]


@pytest.mark.parametrize("dataset", OTHERS)
def test_another_dataset_in_a_folder_is_passed_over_with_a_note(tmp_path: Path, dataset: str) -> None:
    header, what = OTHERS[dataset]
    other = write_tape(tmp_path, [], f"{dataset}-2013-10-08.csv.gz", header=header)
    write_tape(tmp_path, climb(1))
    files, notes = find_tape_files([tmp_path])
    assert [file.path.name for file in files] == ["2013-10-08.csv"]
    assert notes == [f"{other}: passed over, these are {what}"]


def test_the_note_is_told_and_the_replay_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line for each file on stderr, exit code 0."""
    folder = tmp_path / "day"
    folder.mkdir()
    for dataset, (header, _) in OTHERS.items():
        write_tape(folder, [], f"{dataset}-2013-10-08.csv.gz", header=header)
    write_tape(folder, climb())
    plans, url = write_plans(tmp_path, [simple_plan()]), f"sqlite:///{tmp_path}/plans.db"
    said = speaker(capsys)("replay", folder, "--plans", plans, "--db", url)
    assert said.code == 0
    assert [line.rpartition("are ")[2] for line in said.err.splitlines()] == ["aggregates", "quotes"]
    assert rows_of(url, "SELECT phase FROM plan_states") == [("completed",)]


@pytest.mark.parametrize("dataset", OTHERS)
def test_another_dataset_given_by_name_is_refused(tmp_path: Path, dataset: str) -> None:
    """The line says what it is."""
    header, what = OTHERS[dataset]
    path = write_tape(tmp_path, [], "2013-10-08.csv", header=header)
    with pytest.raises(BadInputError, match=f"these are {what}, not trades"):
        find_tape_files([path])


def test_the_whole_shared_recording_is_found(shared_data: Path) -> None:
    """Trades, quotes and aggregates in one tree: the trades are taken, every other file is named."""
    files, notes = find_tape_files([shared_data / "flatfiles" / "us_stocks_sip"])
    assert [file.path.name for file in files] == [
        "2012-06-21.AMZN.csv.gz",
        "2013-10-07.csv.gz",
        "2013-10-08.csv.gz",
        "2018-01-02.XXX.csv.gz",
    ]
    assert len(notes) == 19
    assert all("passed over, these are aggregates" in note for note in notes)


def empty_folder(folder: Path) -> Path:
    """A folder without recordings."""
    (folder / "empty").mkdir()
    (folder / "empty" / "notes.txt").write_text("nothing")
    return folder / "empty"


def only_aggregates(folder: Path) -> Path:
    """A folder with another dataset alone."""
    (folder / "other").mkdir()
    return write_tape(folder / "other", [], "2013-10-08.csv", header=OTHERS["minute_aggs_v1"][0]).parent


def missing(folder: Path) -> Path:
    """A name that nothing bears."""
    return folder / "2013-10-08.csv"


def nothing(folder: Path) -> Path:
    """A file without a byte."""
    (folder / "2013-10-08.csv").write_bytes(b"")
    return folder / "2013-10-08.csv"


def unlike(folder: Path) -> Path:
    """A file that is no recording by its name."""
    (folder / "plans.json").write_text("[]")
    return folder / "plans.json"


def lacking(folder: Path) -> Path:
    """A trades file without prices."""
    return write_tape(folder, [], header=VENDOR.replace("price,", ""))


NOT_THERE: dict[str, tuple[Callable[[Path], Path], type[CommandError], str]] = {
    "an empty folder": (empty_folder, DataMissingError, r"no trades here; looked for \.csv\.gz, \.csv, \.parquet"),
    "a folder of aggregates": (only_aggregates, DataMissingError, "no trades here"),
    "no such file": (missing, DataMissingError, "no such file or directory"),
    "an empty file": (nothing, DataMissingError, "is empty"),
    "another kind of file": (unlike, BadInputError, "not a recording; must end in"),
    "a column too few": (lacking, BadInputError, "no column price; a trades file has"),
}


@pytest.mark.parametrize("case", NOT_THERE.values(), ids=NOT_THERE)
@pytest.mark.parametrize("beside", ["alone", "before a good file", "after a good file"])
def test_what_cannot_be_read_is_said_wherever_it_stands(
    tmp_path: Path, case: tuple[Callable[[Path], Path], type[CommandError], str], beside: str
) -> None:
    """The error names the path, also when other paths are good: a replay must not silently lack a day."""
    make, error, text = case
    bad, good = make(tmp_path), write_tape(tmp_path, climb(1), "2013-10-07.csv")
    paths = {"alone": [bad], "before a good file": [bad, good], "after a good file": [good, bad]}[beside]
    with pytest.raises(error, match=text) as caught:
        find_tape_files(paths)
    assert str(caught.value).startswith(f"{bad}: ")
    assert "\n" not in str(caught.value)


def test_several_days_are_one_tape(tmp_path: Path) -> None:
    """In order of days, whatever the order of the arguments."""
    day_ns = 86_400 * SECOND_NS
    earlier = [vendor_row("AAA", n, OPEN_NS - day_ns + n, "99.5") for n in range(1, 4)]
    paths = [write_tape(tmp_path, climb(3)), write_tape(tmp_path, earlier, "2013-10-07.csv.gz")]
    pieces = list(TapeReader(find_tape_files(paths)[0], ["AAA"]).pieces())
    assert [float(price) for piece in pieces for price in piece.frame.price] == [
        99.5,
        99.5,
        99.5,
        100.0,
        100.01,
        100.02,
    ]
    assert [piece.dead_letters for piece in pieces] == [[], []]


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    """By its name and through its folder: its prints are no prints that go back in time."""
    path = write_tape(tmp_path, climb(3))
    assert names([path, tmp_path, path]) == ["2013-10-08.csv"]
