"""Bars built from the recorded prints against another vendor's minute bars of the same days."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from operators.bars.build import MinuteBuilder
from operators.bars.columns import COLUMNS, Bars
from operators.bars.prints import Prints
from operators.bars.summing import sum_prints
from operators.conditions import flags_of_text
from operators.sessions import SessionCalendar

FOLDER = Path("flatfiles/us_stocks_sip")
DAYS = ("2013-10-07", "2013-10-08")
FRAME_ROWS = 50_000
KEY = ["ticker", "window_start"]


@pytest.fixture(scope="module", params=DAYS)
def matched(request: pytest.FixtureRequest, shared_data: Path, calendar: SessionCalendar) -> pl.DataFrame:
    """Built bars beside the recorded ones, one row per minute that either has."""
    name = f"2013/10/{request.param}.csv.gz"
    trades = pl.read_csv(shared_data / FOLDER / "trades_v1" / name, schema_overrides={"conditions": pl.String})
    recorded = pl.read_csv(shared_data / FOLDER / "minute_aggs_v1" / name)
    code = pl.Series("phase", calendar.phase_codes(recorded["window_start"].to_numpy()))
    return recorded.with_columns(code).join(built(trades, calendar), on=KEY, how="full", coalesce=True, suffix="_built")


def built(trades: pl.DataFrame, calendar: SessionCalendar) -> pl.DataFrame:
    """Build the bars of a day's prints, a frame at a time."""
    symbols = sorted(trades["ticker"].unique().to_list())
    builders = [MinuteBuilder() for _ in symbols]
    bars: list[list[Bars]] = [[] for _ in symbols]
    for rows in trades.sort("sip_timestamp", maintain_order=True).iter_slices(FRAME_ROWS):
        for code, piece in sum_prints(*framed(rows, symbols, calendar)):
            bars[code].append(builders[code].extend(piece).closed)
    last_ns = int(trades["sip_timestamp"].max()) + 60_000_000_000  # type: ignore[arg-type]
    for builder, pieces in zip(builders, bars, strict=True):
        pieces.append(builder.close_until(last_ns))
    frames = [
        pl.DataFrame(dict(zip(COLUMNS, Bars.concat(pieces).columns(), strict=True))).with_columns(ticker=pl.lit(symbol))
        for symbol, pieces in zip(symbols, bars, strict=True)
    ]
    return pl.concat(frames).rename({"start_ns": "window_start"})


def framed(
    rows: pl.DataFrame, symbols: list[str], calendar: SessionCalendar
) -> tuple[Prints, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    flags = np.array([flags_of_text(text) for text in rows["conditions"].to_list()], dtype=np.uint8)
    code = np.array([symbols.index(symbol) for symbol in rows["ticker"].to_list()])
    order = np.argsort(code, kind="stable")
    sip_ns = rows["sip_timestamp"].to_numpy()[order]
    price, size = (rows[name].cast(pl.Float64).to_numpy()[order] for name in ("price", "size"))
    return Prints(sip_ns, price, size, flags[order], calendar.phase_codes(sip_ns)), code[order]


def agreement(matched: pl.DataFrame, field: str, within: float) -> float:
    """The share of minutes in which both have a bar and agree."""
    close = (pl.col(field) - pl.col(f"{field}_built")).abs() <= within
    return float(matched.select(close.fill_null(value=False).mean()).item())


def test_regular_minutes_agree(matched: pl.DataFrame) -> None:
    """Volume to the share in 99 %, prices within a cent in 97 % of the minutes."""
    regular = matched.filter((pl.col("phase") == 2) | (pl.col("phase_built") == 2))
    assert len(regular) >= 4 * 390 - 2
    assert agreement(regular, "volume", 0) >= 0.99
    for field in ("open", "high", "low", "close"):
        assert agreement(regular, field, 0.01 + 1e-9) >= 0.97, field


def test_form_t_prints_price_the_pre_market(matched: pl.DataFrame) -> None:
    """Without them there would be no bar at all before the open."""
    early = matched.filter((pl.col("phase") == 1) | (pl.col("phase_built") == 1))
    assert len(early) > 200
    for field in ("volume", "open", "high", "low", "close"):
        assert agreement(early, field, 0.01 + 1e-9) >= 0.99, field


def test_after_hours_bars_agree_mostly(matched: pl.DataFrame) -> None:
    """The other vendor also makes bars of minutes in which only average-price and out-of-sequence prints came."""
    late = matched.filter((pl.col("phase") == 3) | (pl.col("phase_built") == 3))
    assert len(late) > 300
    for field in ("volume", "open", "high", "low", "close"):
        assert agreement(late, field, 0.01 + 1e-9) >= 0.9, field
    assert late.filter(pl.col("volume").is_null()).is_empty()
