"""Reading splits: our names and the vendor's, and every way to get it wrong."""

from datetime import date
from pathlib import Path

import pytest

from flows.errors import BadInputError, DataMissingError
from flows.split_files import load_splits
from operators.bars.splits import Split


def written(folder: Path, text: str) -> Path:
    file = folder / "splits.csv"
    file.write_text(text)
    return file


@pytest.mark.parametrize("header", ["symbol,ex_date,from,to", "ticker,execution_date,split_from,split_to"])
def test_splits_are_read_oldest_first(tmp_path: Path, header: str) -> None:
    rows = "AAPL,2020-08-31,1,4\nAAPL,2014-06-09,1,7\n\nXYZ,2015-01-02,1.5,1\nXYZ,2015-01-02,1.5,1\n"
    assert load_splits(written(tmp_path, f"{header}\n{rows}")) == (
        Split("AAPL", date(2014, 6, 9), 1, 7),
        Split("XYZ", date(2015, 1, 2), 1.5, 1),
        Split("AAPL", date(2020, 8, 31), 1, 4),
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("AAPL,2020-08-31,1", "row 1: has 3 fields; the header has 4"),
        (",2020-08-31,1,4", "row 1: symbol: is missing"),
        ("AAPL,31.8.2020,1,4", "row 1: ex_date: got '31.8.2020'; must be a date such as 2014-06-09"),
        ("AAPL,2020-08-31,one,4", "row 1: from: got 'one'; must be a number of shares"),
        ("AAPL,2020-08-31,1,0", "row 1: split of AAPL on 2020-08-31: got 1 to 0; must be above 0"),
        ("AAPL,2020-08-31,1,4\nAAPL,2020-08-31,1,5", "row 2: AAPL has another split on 2020-08-31 already"),
    ],
)
def test_a_bad_row_refuses_the_file(tmp_path: Path, row: str, reason: str) -> None:
    file = written(tmp_path, f"symbol,ex_date,from,to\n{row}\n")
    with pytest.raises(BadInputError) as caught:
        load_splits(file)
    assert str(caught.value) == f"{file}: {reason}"


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no column ex_date, to; must be symbol,ex_date,from,to"):
        load_splits(written(tmp_path, "symbol,from\n"))
    with pytest.raises(BadInputError, match="no column symbol"):
        load_splits(written(tmp_path, ""))
    with pytest.raises(DataMissingError, match="no such file"):
        load_splits(tmp_path / "other.csv")
