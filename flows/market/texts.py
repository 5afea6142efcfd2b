"""Prints as the vendor writes them: on the WebSocket in ms and short names, on REST in ns and long ones.

Corrections are told by REST alone, and later: on the day itself nobody hears of them.
"""

from functools import lru_cache
from typing import Final

import polars as pl

from flows.market.day import MarketDay

CHUNK_ROWS: Final = 1 << 15
MS_NS: Final = 1_000_000


class Texts:
    """The JSON of a day's prints, written a chunk at a time and kept while it is in use."""

    def __init__(self, day: MarketDay) -> None:
        self._prints = day.prints
        self._chunk = lru_cache(maxsize=4)(self._write)

    def events(self, first: int, last: int) -> list[str]:
        """Return the WebSocket's events of the prints in [first, last)."""
        texts: list[str] = []
        for number in range(first // CHUNK_ROWS, -(-last // CHUNK_ROWS)):
            start = number * CHUNK_ROWS
            texts += self._chunk(number)[max(0, first - start) : last - start]
        return texts

    def _write(self, number: int) -> list[str]:
        rows = self._prints.slice(number * CHUNK_ROWS, CHUNK_ROWS)
        return rows.select(_object(_EVENT)).to_series().to_list()


def rest_rows(prints: pl.DataFrame, told_ns: int = 0) -> list[str]:
    """Return REST's rows of some prints; of those before `told_ns`, ns UTC, it is told whether they were corrected."""
    told = (pl.col("sip_timestamp") < told_ns) & (pl.col("correction") != 0)
    correction = {"correction": pl.when(told).then(_number(pl.col("correction")))}
    return prints.select(_object(correction | _ROW)).to_series().to_list()


def _object(fields: dict[str, pl.Expr]) -> pl.Expr:
    """Write a JSON object per row; a field that is null is left out."""
    parts = [pl.concat_str(pl.lit(f'"{name}":'), value) for name, value in fields.items()]
    return pl.concat_str(pl.lit("{"), pl.concat_str(parts, separator=",", ignore_nulls=True), pl.lit("}"))


def _text(value: pl.Expr) -> pl.Expr:
    escaped = value.str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)
    return pl.concat_str(pl.lit('"'), escaped, pl.lit('"'))


def _number(value: pl.Expr) -> pl.Expr:
    return value.cast(pl.String)


def _ms(name: str) -> pl.Expr:
    return _number(pl.col(name) // MS_NS)


def _off_exchange(value: pl.Expr) -> pl.Expr:
    """Return a value where a TRF reported the print, else null."""
    return pl.when(pl.col("trf_id") > 0).then(value)


_CONDITIONS: Final = pl.concat_str(pl.lit("["), pl.col("conditions").replace("", None), pl.lit("]"))
_ID: Final = _text(pl.col("id").replace("", None))

_EVENT: Final = {
    "ev": pl.lit('"T"'),
    "sym": _text(pl.col("ticker")),
    "x": _number(pl.col("exchange")),
    "i": _ID,
    "z": _number(pl.col("tape")),
    "p": _number(pl.col("price")),
    "s": _number(pl.col("size").round().cast(pl.Int64)),
    "ds": _text(_number(pl.col("size"))),
    "c": _CONDITIONS,
    "t": _ms("sip_timestamp"),
    "pt": _ms("participant_timestamp"),
    "q": _number(pl.col("sequence_number")),
    "trfi": _off_exchange(_number(pl.col("trf_id"))),
    "trft": _off_exchange(_ms("trf_timestamp")),
}
_ROW: Final = {
    "conditions": _CONDITIONS,
    "exchange": _number(pl.col("exchange")),
    "id": _ID,
    "participant_timestamp": _number(pl.col("participant_timestamp")),
    "price": _number(pl.col("price")),
    "sequence_number": _number(pl.col("sequence_number")),
    "sip_timestamp": _number(pl.col("sip_timestamp")),
    "size": _number(pl.col("size").round().cast(pl.Int64)),
    "decimal_size": _text(_number(pl.col("size"))),
    "tape": _number(pl.col("tape")),
    "trf_id": _off_exchange(_number(pl.col("trf_id"))),
    "trf_timestamp": _off_exchange(_number(pl.col("trf_timestamp"))),
}
