"""Vendor aggregates, CSV or CSV.gz: ticker,volume,open,close,high,low,window_start,transactions.

A row is a bar or a dead letter with its reason; the rules are stated once, over columns.  Volume and prices are
decimals; `window_start` is ns since the epoch, UTC; `transactions` may be missing as a column, and is then unknown.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Final

import polars as pl

from flows.csv_texts import RAW, REASON, finding, header_of, letters_of, rows_of
from flows.errors import BadInputError, DataMissingError
from flows.tape.files import decompressed
from flows.tape.scan import ROW
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


def is_aggregates(path: Path) -> bool:
    """Whether a file's header is that of aggregates.  Raises DataMissingError for a damaged file."""
    return set(REQUIRED) <= set(header_of(next(iter(decompressed(path)), b"")))


def read_aggregates(path: Path, symbols: Collection[str]) -> tuple[pl.DataFrame, list[DeadLetter]]:
    """Read a file's rows of some symbols: ROW and COLUMNS, typed, in its order, and what is no bar.

    A row whose ticker cannot be read is reported whatever the symbols.  Raises DataMissingError for a damaged file,
    BadInputError for one that lacks a column.
    """
    texts, letters = _texts(path)
    ticker = pl.col(TICKER)
    texts = texts.filter(ticker.is_null() | (ticker == "") | ticker.is_in(sorted(symbols)))
    typed = texts.with_columns(
        *(pl.col(name).alias(f"{RAW}{name}") for name in COLUMNS),
        *(pl.col(name).cast(pl.Float64, strict=False) for name in (VOLUME, *PRICES)),
        *(pl.col(name).cast(pl.Int64, strict=False) for name in (START, TRADES)),
    ).with_columns(pl.coalesce(_findings()).alias(REASON))
    bad = typed.filter(pl.col(REASON).is_not_null())
    good = typed.filter(pl.col(REASON).is_null()).select(ROW, *COLUMNS)
    return good, [*letters, *letters_of(path, bad, COLUMNS)]


def _findings() -> list[pl.Expr]:
    """What may keep a row from being a bar, the first that does counts: "field: reason", null when it does not."""
    findings = [finding(pl.col(TICKER).fill_null("") == "", TICKER, "is missing")]
    for name in (VOLUME, *PRICES, START, TRADES):
        raw = pl.col(f"{RAW}{name}")
        findings.append(finding(raw.fill_null("") == "", name, "is missing"))
        kind = "a whole number" if name in (START, TRADES) else "a number"
        findings.append(finding(pl.col(name).is_null(), name, f"must be {kind}", raw))
    for name in PRICES:
        value = pl.col(name)
        findings.append(finding(~(value.is_finite() & (value > 0)), name, "must be dollars above 0", value))
    volume, start, trades = pl.col(VOLUME), pl.col(START), pl.col(TRADES)
    findings.append(finding(~(volume.is_finite() & (volume >= 0)), VOLUME, "must be shares, 0 or more", volume))
    findings.append(finding(trades < 0, TRADES, "must be 0 or more", trades))
    ends = pl.col("open"), pl.col("close")
    findings.append(
        finding(pl.col("high") < pl.max_horizontal(*ends), "high", "is below open or close", pl.col("high"))
    )
    findings.append(finding(pl.col("low") > pl.min_horizontal(*ends), "low", "is above open or close", pl.col("low")))
    outside = ~start.is_between(EARLIEST_NS, LATEST_NS, closed="left")
    findings.append(finding(outside, START, "must be ns since 1970, of 1993 to 2027", start))
    return findings


def _texts(path: Path) -> tuple[pl.DataFrame, list[DeadLetter]]:
    """Read a file's COLUMNS as text, with ROW, 1 for the first after the header; and the lines that are no rows."""
    data = b"".join(decompressed(path))
    header = header_of(data)
    missing = [name for name in REQUIRED if name not in header]
    if not data.strip():
        msg = f"{path}: is empty"
        raise DataMissingError(msg)
    if missing:
        msg = f"{path}: no column {', '.join(missing)}; aggregates have {','.join(COLUMNS)}"
        raise BadInputError(msg)
    frame, letters = rows_of(path, data.partition(b"\n")[2], len(header))
    found = [pl.col(f"column_{header.index(name) + 1}").alias(name) for name in COLUMNS if name in header]
    unknown = [pl.lit("0").alias(name) for name in COLUMNS if name not in header]
    return frame.select(ROW, *found, *unknown).with_columns(pl.col(COLUMNS).str.strip_chars(' \r"')), letters
