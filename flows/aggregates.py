"""Vendor aggregates, CSV or CSV.gz: ticker,volume,open,close,high,low,window_start,transactions.

A row is a bar or a dead letter with its reason; the rules are stated once, over columns.  Volume and prices are
decimals; `window_start` is ns since the epoch, UTC; `transactions` may be missing as a column, and is then unknown.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Final

import polars as pl

from flows.errors import BadInputError, DataMissingError
from flows.tape.csv_line import fields_of
from flows.tape.files import decompressed
from flows.tape.scan import ROW, dead_letter
from operators.rows import DeadLetter
from operators.times import EARLIEST_NS, LATEST_NS

TICKER: Final = "ticker"
START: Final = "window_start"
TRADES: Final = "transactions"
PRICES: Final = ("open", "high", "low", "close")
VOLUME: Final = "volume"
REQUIRED: Final = (TICKER, VOLUME, "open", "close", "high", "low", START)
COLUMNS: Final = (*REQUIRED, TRADES)

SCHEMA: Final[dict[str, pl.DataType]] = {
    ROW: pl.UInt32(),
    TICKER: pl.String(),
    **dict.fromkeys((VOLUME, "open", "close", "high", "low"), pl.Float64()),
    **dict.fromkeys((START, TRADES), pl.Int64()),
}
"""ROW and COLUMNS as they are read."""

_RAW: Final = "raw_"
_FIELD: Final = "field"
_REASON: Final = "reason"


def is_aggregates(path: Path) -> bool:
    """Whether a file's header is that of aggregates.  Raises DataMissingError for a damaged file."""
    return set(REQUIRED) <= set(_header(next(iter(decompressed(path)), b"")))


def read_aggregates(path: Path, symbols: Collection[str]) -> tuple[pl.DataFrame, list[DeadLetter]]:
    """Read a file's rows of some symbols: ROW and COLUMNS, typed, in its order, and what is no bar.

    A row whose ticker cannot be read is reported whatever the symbols.  Raises DataMissingError for a damaged file,
    BadInputError for one that lacks a column.
    """
    texts, letters = _texts(path)
    ticker = pl.col(TICKER)
    texts = texts.filter(ticker.is_null() | (ticker == "") | ticker.is_in(sorted(symbols)))
    typed = texts.with_columns(
        *(pl.col(name).alias(f"{_RAW}{name}") for name in COLUMNS),
        *(pl.col(name).cast(pl.Float64, strict=False) for name in (VOLUME, *PRICES)),
        *(pl.col(name).cast(pl.Int64, strict=False) for name in (START, TRADES)),
    ).with_columns(pl.coalesce(_findings()).alias(_REASON))
    bad = typed.filter(pl.col(_REASON).is_not_null())
    good = typed.filter(pl.col(_REASON).is_null()).select(ROW, *COLUMNS)
    return good, [*letters, *(_letter(path, row) for row in bad.iter_rows(named=True))]


def _letter(path: Path, row: dict[str, object]) -> DeadLetter:
    field, _, reason = str(row[_REASON]).partition(": ")
    raw = ",".join(str(row[f"{_RAW}{name}"] or "") for name in COLUMNS)
    return dead_letter(str(path), int(str(row[ROW])), field, reason, raw)


def _findings() -> list[pl.Expr]:
    """What may keep a row from being a bar, the first that does counts: "field: reason", null when it does not."""
    findings = [_when(pl.col(TICKER).fill_null("") == "", TICKER, "is missing")]
    for name in (VOLUME, *PRICES, START, TRADES):
        raw = pl.col(f"{_RAW}{name}")
        findings.append(_when(raw.fill_null("") == "", name, "is missing"))
        kind = "a whole number" if name in (START, TRADES) else "a number"
        findings.append(_when(pl.col(name).is_null(), name, f"must be {kind}", raw))
    for name in PRICES:
        value = pl.col(name)
        findings.append(_when(~(value.is_finite() & (value > 0)), name, "must be dollars above 0", value))
    volume, start, trades = pl.col(VOLUME), pl.col(START), pl.col(TRADES)
    findings.append(_when(~(volume.is_finite() & (volume >= 0)), VOLUME, "must be shares, 0 or more", volume))
    findings.append(_when(trades < 0, TRADES, "must be 0 or more", trades))
    ends = pl.col("open"), pl.col("close")
    findings.append(_when(pl.col("high") < pl.max_horizontal(*ends), "high", "is below open or close", pl.col("high")))
    findings.append(_when(pl.col("low") > pl.min_horizontal(*ends), "low", "is above open or close", pl.col("low")))
    outside = ~start.is_between(EARLIEST_NS, LATEST_NS, closed="left")
    findings.append(_when(outside, START, "must be ns since 1970, of 1993 to 2027", start))
    return findings


def _when(found: pl.Expr, field: str, reason: str, value: pl.Expr | None = None) -> pl.Expr:
    text = pl.lit(f"{field}: {reason}") if value is None else pl.format(f"{field}: got {{}}; {reason}", value)
    return pl.when(found).then(text)


def _header(data: bytes) -> list[str]:
    first = data.split(b"\n", 1)[0].decode("utf-8-sig", errors="replace")
    return [name.strip().strip('"') for name in first.strip().split(",")]


def _texts(path: Path) -> tuple[pl.DataFrame, list[DeadLetter]]:
    """Read a file's COLUMNS as text, with ROW, 1 for the first after the header; and the lines that are no rows."""
    data = b"".join(decompressed(path))
    header = _header(data)
    missing = [name for name in REQUIRED if name not in header]
    if not data.strip():
        msg = f"{path}: is empty"
        raise DataMissingError(msg)
    if missing:
        msg = f"{path}: no column {', '.join(missing)}; aggregates have {','.join(COLUMNS)}"
        raise BadInputError(msg)
    body = data.partition(b"\n")[2]
    letters: list[DeadLetter] = []
    frame = _parsed(body, len(header))
    if frame is None:
        frame, letters = _line_by_line(path, body, len(header))
    found = [pl.col(f"column_{header.index(name) + 1}").alias(name) for name in COLUMNS if name in header]
    unknown = [pl.lit("0").alias(name) for name in COLUMNS if name not in header]
    return frame.select(ROW, *found, *unknown).with_columns(pl.col(COLUMNS).str.strip_chars(' \r"')), letters


def _parsed(body: bytes, width: int) -> pl.DataFrame | None:
    """Parse lines at once; None when some line is no row, which a look at each will tell."""
    if b"\n\n" in body or b"\n\r\n" in body or not body.strip():
        return None
    schema = {f"column_{place + 1}": pl.String() for place in range(width)}
    try:
        frame = pl.read_csv(
            body, has_header=False, schema=schema, quote_char=None, row_index_name=ROW, row_index_offset=1
        )
    except pl.exceptions.PolarsError:
        return None
    lines = body.count(b"\n") + (not body.endswith(b"\n"))
    commas = body.count(b",")
    return frame if frame.height == lines and commas == lines * (width - 1) else None


def _line_by_line(path: Path, body: bytes, width: int) -> tuple[pl.DataFrame, list[DeadLetter]]:
    rows: list[tuple[object, ...]] = []
    letters = []
    for number, text in enumerate(body.split(b"\n"), 1):
        line = text.decode("utf-8", errors="replace").rstrip("\r")
        fields = fields_of(line)
        if line.strip() and len(fields) == width:
            rows.append((number, *fields))
        elif line.strip():
            reason = f"has {len(fields)} fields; the header has {width}"
            letters.append(dead_letter(str(path), number, "row", reason, line))
    schema = {ROW: pl.UInt32(), **{f"column_{place + 1}": pl.String() for place in range(width)}}
    return pl.DataFrame(rows, schema=schema, orient="row"), letters
