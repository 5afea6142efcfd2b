"""The vendor's trades layout: its columns and their types, and a day written as its flat file is.

Times are ns since the epoch, UTC; prices are dollars per share; sizes are shares and may be fractional.
"""

import gzip
from io import BytesIO
from pathlib import Path
from typing import Final

import polars as pl

COLUMNS: Final[dict[str, pl.DataType]] = {
    "ticker": pl.String(),
    "conditions": pl.String(),
    "correction": pl.Int32(),
    "exchange": pl.Int32(),
    "id": pl.String(),
    "participant_timestamp": pl.Int64(),
    "price": pl.Float64(),
    "sequence_number": pl.Int64(),
    "sip_timestamp": pl.Int64(),
    "size": pl.Float64(),
    "tape": pl.Int32(),
    "trf_id": pl.Int32(),
    "trf_timestamp": pl.Int64(),
}
"""`conditions` is a list as text ("12,37"), null when regular; `trf_id` and `trf_timestamp` are 0 on an exchange."""

PLACES: Final = 6
"""Decimal places of prices and sizes in the vendor's files since sizes may be fractional."""
COMPRESS_LEVEL: Final = 5


def by_ticker(frame: pl.DataFrame) -> pl.DataFrame:
    """Return prints in the order of the vendor's file: by ticker, then as they came."""
    return frame.sort("ticker", maintain_order=True)


def write_flat_file(frame: pl.DataFrame, path: Path) -> None:
    """Write prints as a flat file, CSV.gz sorted by ticker.  Equal prints give equal bytes: no name, no time inside."""
    text = BytesIO()
    by_ticker(frame).write_csv(text, float_precision=PLACES)
    with path.open("wb") as file, gzip.GzipFile("", "wb", COMPRESS_LEVEL, file, mtime=0) as packed:
        packed.write(text.getbuffer())
