"""A big tape for measuring: hundreds of symbols, millions of prints, one Parquet file, one chunk in memory at a time.

Rule: the tape depends on the seed, the counts and the day alone; every symbol's price walks on from chunk to chunk.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from polars.io.plugins import register_io_source

from flows.simulation.activity import Activity, ascending
from flows.simulation.prints import BarePrints, dress
from flows.simulation.universe import TAPE_STREAM, Listing, stream, universe
from flows.simulation.vendor import COLUMNS
from operators.columnar import Floats, Ints
from operators.sessions import SessionDay

CHUNK_ROWS: Final = 500_000
COMPRESSION: Final = "lz4"

Codes = npt.NDArray[np.uint16]


def write_tape(
    path: Path, n_ticks: int, n_symbols: int, seed: int, day: SessionDay, chunk_rows: int = CHUNK_ROWS
) -> None:
    """Write `n_ticks` prints of `universe(n_symbols, seed)`, in order of SIP time, in row groups of `chunk_rows`."""
    if n_ticks < 1 or chunk_rows < 1:
        msg = f"got {n_ticks} ticks in chunks of {chunk_rows}; both must be 1 or more"
        raise ValueError(msg)
    listings = universe(n_symbols, seed)

    def source(*_: object) -> Iterator[pl.DataFrame]:
        return chunks(listings, n_ticks, seed, day, chunk_rows)

    tape = register_io_source(source, schema=dict(COLUMNS))
    tape.sink_parquet(path, compression=COMPRESSION, row_group_size=chunk_rows, maintain_order=True)


def chunks(
    listings: Sequence[Listing], n_ticks: int, seed: int, day: SessionDay, chunk_rows: int = CHUNK_ROWS
) -> Iterator[pl.DataFrame]:
    """Yield the tape in the vendor's columns, `chunk_rows` at a time, in order of SIP time across symbols."""
    activity, walks = Activity.of(day), _Walks(listings, n_ticks)
    symbols = pl.Series([listing.symbol for listing in listings])
    tapes = np.array([listing.tape for listing in listings], dtype=np.int32)
    cumulative = np.cumsum([listing.share for listing in listings])
    starts = range(0, n_ticks, chunk_rows)
    last_ns = day.pre_ns
    for start, own in zip(starts, stream(seed, TAPE_STREAM).spawn(len(starts)), strict=True):
        rng, rows = np.random.default_rng(own), min(chunk_rows, n_ticks - start)
        code = np.searchsorted(cumulative[:-1], rng.random(rows), side="right").astype(np.uint16)
        sip_ns = _instants(rng, activity, start / n_ticks, (start + rows) / n_ticks, rows)
        sip_ns = ascending(np.append(last_ns, sip_ns))[1:]
        last_ns = int(sip_ns[-1])
        extended = (sip_ns < day.open_ns) | (sip_ns >= day.close_ns)
        frame = dress(rng, BarePrints(sip_ns, walks.on(rng, code), extended, tapes[code]))
        yield _numbered(frame, symbols.gather(pl.Series(code)), start)


def _instants(rng: np.random.Generator, activity: Activity, low: float, high: float, rows: int) -> Ints:
    """SIP times of prints between two shares of the day's prints, ascending, ns UTC."""
    waits = rng.standard_exponential(rows + 1).cumsum()
    return activity.instants(low + (high - low) * waits[:-1] / waits[-1])


def _numbered(frame: pl.DataFrame, tickers: pl.Series, start: int) -> pl.DataFrame:
    """Add tickers, and numbers that count on over all symbols."""
    number = pl.int_range(start + 1, start + frame.height + 1, dtype=pl.Int64, eager=True)
    frame = frame.with_columns(ticker=tickers, sequence_number=number, id=number.cast(pl.String))
    return frame.select(*COLUMNS)


class _Walks:
    """Where every symbol's price stands; each walks its own way, about its daily volatility in the whole tape."""

    def __init__(self, listings: Sequence[Listing], n_ticks: int) -> None:
        self._at: Floats = np.log([listing.price for listing in listings])
        expected = np.array([max(1.0, listing.share * n_ticks) for listing in listings])
        self._step: Floats = np.array([listing.volatility for listing in listings]) / np.sqrt(expected)

    def on(self, rng: np.random.Generator, code: Codes) -> Floats:
        """Walk on, one step per print, and return the price at each, dollars.  `code`: which symbol prints."""
        order = np.argsort(code, kind="stable")
        grouped = code[order]
        total = (rng.standard_normal(len(code)) * self._step[grouped]).cumsum()
        first = np.flatnonzero(np.append(True, grouped[1:] != grouped[:-1]))
        before = np.append(0.0, total[first[1:] - 1])
        present = grouped[first]
        walked = total + np.repeat(self._at[present] - before, np.diff(np.append(first, len(code))))
        self._at[present] = walked[np.append(first[1:], len(code)) - 1]
        mid = np.empty(len(code))
        mid[order] = np.exp(walked)
        return mid
