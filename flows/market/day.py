"""The day that a practice market serves: prints in order of SIP time across symbols, recorded or simulated.

Rule: nothing is served before its time.  Rows are found by position, so that a moment is a number of rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from flows.errors import DataMissingError
from flows.market.taped import taped_prints
from flows.simulation.vendor import COLUMNS
from flows.tape.files import TapeFile, find_tape_files
from operators import ticks
from operators.columnar import Ints
from operators.nyse import nyse_calendar
from operators.tickers import TICKER

TICKERS: Final = rf"^{TICKER}$"


@dataclass(frozen=True)
class MarketDay:
    """Prints in the vendor's columns (`simulation.vendor.COLUMNS`), ascending in SIP time; at least one.

    `label`: what people are told that this is.
    """

    prints: pl.DataFrame
    label: str

    @cached_property
    def sip_ns(self) -> Ints:
        """SIP times, ns UTC, ascending."""
        return self.prints.get_column("sip_timestamp").to_numpy()

    @cached_property
    def tickers(self) -> dict[str, int]:
        """Every ticker and its code, in order of names."""
        return {name: code for code, name in enumerate(sorted(self.prints.get_column("ticker").unique()))}

    @cached_property
    def codes(self) -> Ints:
        """The code of each print's ticker."""
        names = pl.Series(list(self.tickers))
        numbers = pl.Series(list(self.tickers.values()), dtype=pl.Int64)
        return self.prints.get_column("ticker").replace_strict(names, numbers).to_numpy()

    @cached_property
    def _rows_of(self) -> list[Ints]:
        order = np.argsort(self.codes, kind="stable")
        edges = np.searchsorted(self.codes[order], np.arange(1, len(self.tickers)))
        return np.split(order, edges)

    def rows_by(self, at_ns: int) -> int:
        """Return how many prints are known at an instant, ns UTC."""
        return int(np.searchsorted(self.sip_ns, at_ns, side="right"))

    def rows_of(self, ticker: str, low_ns: int, high_ns: int) -> Ints:
        """Return the positions of a ticker's prints with SIP times in [low, high], ns UTC."""
        code = self.tickers.get(ticker)
        if code is None:
            return np.empty(0, dtype=np.int64)
        rows = self._rows_of[code]
        first, last = np.searchsorted(rows, (int(np.searchsorted(self.sip_ns, low_ns)), self.rows_by(high_ns)))
        return rows[first:last]


def simulated_day(seed: int) -> MarketDay:
    """Return the demo's market on its day: simulated symbols, simulated prices."""
    from flows.simulation.demo_day import DEMO_DAY, SHOCKS, SPECS
    from flows.simulation.market import simulate

    day = nyse_calendar().day_on_or_after(DEMO_DAY)
    return MarketDay(simulate(seed, day, SPECS, SHOCKS), f"SIMULATED day {DEMO_DAY}, seed {seed}")


def recorded_day(paths: Sequence[Path]) -> MarketDay:
    """Read recorded trades, all of them into memory; the label tells how many of them cannot be served.

    Raises DataMissingError when none can.
    """
    files, _ = find_tape_files(paths)
    prints = pl.concat([_read(file) for file in files])
    usable = prints.filter(
        pl.col("ticker").str.contains(TICKERS) & pl.col("sip_timestamp").is_not_null() & (pl.col("price") > 0)
    )
    if usable.is_empty():
        msg = f"{', '.join(str(file.path) for file in files)}: holds no print that could be served"
        raise DataMissingError(msg)
    names = ", ".join(file.path.name for file in files[:3]) + (", ..." if len(files) > 3 else "")
    left_out = len(prints) - len(usable)
    label = f"RECORDED {names}" + (f" without {left_out} prints that no feed could send" if left_out else "")
    return MarketDay(usable.sort("sip_timestamp", maintain_order=True), label)


def _read(file: TapeFile) -> pl.DataFrame:
    """Read one recording into the vendor's columns; what it does not have is empty."""
    if file.is_log:
        return taped_prints(file.path)
    raw = pl.scan_parquet(file.path) if file.is_parquet else pl.scan_csv(file.path, infer_schema=False)
    have = set(raw.collect_schema().names())
    columns = []
    for name, dtype in COLUMNS.items():
        found = next((each for each in (name, _OURS.get(name, name)) if each in have), None)
        source = pl.lit(None) if found is None else pl.col(found)
        if dtype.is_integer() and found is not None:
            source = source.cast(pl.Float64, strict=False) if name in _SMALL else source
        columns.append(source.cast(dtype, strict=False).alias(name))
    return raw.select(columns).collect()


_SMALL: Final = frozenset(("correction", "exchange", "tape", "trf_id"))
"""Whole numbers that some files write as 4.0."""
_OURS: Final = {
    "ticker": ticks.SYMBOL,
    "sip_timestamp": ticks.SIP_NS,
    "participant_timestamp": ticks.PARTICIPANT_NS,
    "sequence_number": ticks.SEQUENCE,
    "id": ticks.TRADE_ID,
    "trf_timestamp": ticks.TRF_NS,
}
