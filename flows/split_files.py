"""Splits from CSV: symbol,ex_date,from,to.  `from` shares became `to` with that New York date (1,4: four for one).

The vendor's names for the same columns (ticker, execution_date, split_from, split_to) will do as well.  One bad row
refuses the file: a level that misses a split is off by a multiple.
"""

import csv
import io
from datetime import date
from pathlib import Path
from typing import Final

from flows.errors import BadInputError, no_such_file
from operators.bars.splits import Split

NAMES: Final = {"symbol": "ticker", "ex_date": "execution_date", "from": "split_from", "to": "split_to"}


def load_splits(path: Path) -> tuple[Split, ...]:
    """Read a splits file, oldest first.  Raises BadInputError naming file, row, field, value and what is allowed."""
    splits: dict[tuple[str, date], Split] = {}
    for number, row in enumerate(_rows(path), 1):
        try:
            split = Split(_symbol(row), _date(row["ex_date"]), _count(row, "from"), _count(row, "to"))
        except ValueError as error:
            msg = f"{path}: row {number}: {error}"
            raise BadInputError(msg) from None
        if splits.setdefault((split.symbol, split.ex_date), split) != split:
            msg = f"{path}: row {number}: {split.symbol} has another split on {split.ex_date} already"
            raise BadInputError(msg)
    return tuple(sorted(splits.values(), key=lambda each: (each.ex_date, each.symbol)))


def _symbol(row: dict[str, str]) -> str:
    if not row["symbol"]:
        msg = "symbol: is missing"
        raise ValueError(msg)
    return row["symbol"]


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        msg = f"ex_date: got {text!r}; must be a date such as 2014-06-09"
        raise ValueError(msg) from None


def _count(row: dict[str, str], field: str) -> float:
    try:
        return float(row[field])
    except ValueError:
        msg = f"{field}: got {row[field]!r}; must be a number of shares"
        raise ValueError(msg) from None


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        lines = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    except FileNotFoundError:
        raise no_such_file(path) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        msg = f"{path}: cannot be read as CSV ({error})"
        raise BadInputError(msg) from None
    header = [name.strip() for name in lines[0]] if lines else []
    places = {name: header.index(each) for name, other in NAMES.items() for each in (name, other) if each in header}
    if len(places) < len(NAMES):
        msg = f"{path}: no column {', '.join(name for name in NAMES if name not in places)}; must be {','.join(NAMES)}"
        raise BadInputError(msg)
    rows = []
    for number, fields in enumerate(lines[1:], 1):
        if fields and len(fields) != len(header):
            msg = f"{path}: row {number}: has {len(fields)} fields; the header has {len(header)}"
            raise BadInputError(msg)
        rows += [{name: fields[place].strip() for name, place in places.items()}] if fields else []
    return rows
