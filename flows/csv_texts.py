"""CSV bodies as columns of text.  Rule: a line that is no row is a dead letter, and the lines around it are read."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from flows.tape.csv_line import fields_of
from flows.tape.scan import ROW, dead_letter
from operators.rows import DeadLetter

SUFFIXES: Final = (".csv", ".csv.gz")
DAY_IN_NAME: Final = re.compile(r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)")

RAW: Final = "raw_"
"""What stands before a column's name where its text is kept beside its value."""

REASON: Final = "reason"
"""Extra column: what keeps a row from being used, as `finding` says it; null when nothing does."""


def header_of(data: bytes) -> list[str]:
    """Return the names in the first line."""
    first = data.split(b"\n", 1)[0].decode("utf-8-sig", errors="replace")
    return [name.strip().strip('"') for name in first.strip().split(",")]


def rows_of(path: Path, body: bytes, width: int, before: int = 0) -> tuple[pl.DataFrame, list[DeadLetter]]:
    """Read whole lines without their header: ROW, column_1 to column_`width` as text, and the lines that are no rows.

    `before`: how many lines of the file stand between its header and these.
    """
    frame = _parsed(body, width, before)
    return _line_by_line(path, body, width, before) if frame is None else (frame, [])


def _parsed(body: bytes, width: int, before: int) -> pl.DataFrame | None:
    """Parse lines at once; None when some line is no row, which a look at each will tell."""
    if b"\n\n" in body or b"\n\r\n" in body or not body.strip():
        return None
    schema = {f"column_{place + 1}": pl.String() for place in range(width)}
    try:
        frame = pl.read_csv(
            body, has_header=False, schema=schema, quote_char=None, row_index_name=ROW, row_index_offset=before + 1
        )
    except pl.exceptions.PolarsError:
        return None
    lines = body.count(b"\n") + (not body.endswith(b"\n"))
    commas = body.count(b",")
    return frame if frame.height == lines and commas == lines * (width - 1) else None


def _line_by_line(path: Path, body: bytes, width: int, before: int) -> tuple[pl.DataFrame, list[DeadLetter]]:
    rows: list[tuple[object, ...]] = []
    letters = []
    for number, text in enumerate(body.split(b"\n"), before + 1):
        line = text.decode("utf-8", errors="replace").rstrip("\r")
        fields = fields_of(line)
        if line.strip() and len(fields) == width:
            rows.append((number, *fields))
        elif line.strip():
            reason = f"has {len(fields)} fields; the header has {width}"
            letters.append(dead_letter(str(path), number, "row", reason, line))
    schema = {ROW: pl.UInt32(), **{f"column_{place + 1}": pl.String() for place in range(width)}}
    return pl.DataFrame(rows, schema=schema, orient="row"), letters


def finding(found: pl.Expr, field: str, reason: str, value: pl.Expr | None = None) -> pl.Expr:
    """Return "field: reason", naming the value that was got, where something is found; else null."""
    text = pl.lit(f"{field}: {reason}") if value is None else pl.format(f"{field}: got {{}}; {reason}", value)
    return pl.when(found).then(text)


def letters_of(path: Path, bad: pl.DataFrame, columns: Sequence[str]) -> list[DeadLetter]:
    """Write rows that have a REASON as dead letters.  `columns`: those whose RAW text shows the row."""
    letters = []
    for row in bad.iter_rows(named=True):
        field, _, reason = str(row[REASON]).partition(": ")
        raw = ",".join(str(row[f"{RAW}{name}"] or "") for name in columns)
        letters.append(dead_letter(str(path), int(row[ROW]), field, reason, raw))
    return letters
