"""Regime days: trend, range, gap and reversal, up and down, with the history that a scan of them needs.

Rule: everything is simulated and says so; tickers hold a digit, as no listed one does.  A seed gives the same bytes.
The day's prints come as the vendor's trades, the two sessions before as minute aggregates, the year before as day ones.
"""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from flows.simulation.market import simulate
from flows.simulation.past import Past, daily_path
from flows.simulation.paths import Shape, SymbolSpec
from flows.simulation.vendor import COMPRESS_LEVEL, write_flat_file
from operators.nyse import nyse_calendar
from operators.sessions import SessionDay, new_york_day_ns
from operators.times import MINUTE_NS, SECOND_NS

REGIME_DAY: Final = date(2026, 6, 17)
PAST_SESSIONS: Final = 320
MINUTE_SESSIONS: Final = 2
TRADES: Final = 9_000
_LATE_NS: Final = SECOND_NS
_ASTRAY: Final = ("2", "10")
"""Average and derived prices, which set no bar."""


@dataclass(frozen=True, slots=True)
class Regime:
    """One symbol: its day, the night before (daily volatilities), and its past; `sign` -1: the past upside down.

    `price`: dollars, two sessions before; `volatility`: daily, fraction of price; `calm`: the part of it that is left
    in the session before, which lies inside the one before that when it is small; `reach`: in the regime day.
    """

    symbol: str
    shape: Shape
    past: Past = Past.DRIFT
    sign: int = 1
    price: float = 80.0
    volatility: float = 0.018
    night: float = 0.0
    calm: float = 0.8
    reach: float = 1.0


REGIMES: Final = (
    Regime("SIMR01", Shape.TREND_UP, Past.PULLBACK, price=120.0, reach=0.5),
    Regime("SIMR02", Shape.TREND_DOWN, Past.PULLBACK, sign=-1, price=60.0, reach=0.5),
    Regime("SIMR03", Shape.TREND_UP, calm=0.25, price=45.0, reach=0.8),
    Regime("SIMR04", Shape.TREND_DOWN, calm=0.25, price=210.0, reach=0.8),
    Regime("SIMR05", Shape.TREND_UP, Past.BASE, price=90.0),
    Regime("SIMR06", Shape.TREND_DOWN, Past.BASE, sign=-1, price=150.0),
    Regime("SIMR07", Shape.RANGE, price=75.0),
    Regime("SIMR08", Shape.RANGE, price=310.0),
    Regime("SIMR09", Shape.TREND_UP, night=-1.0, price=55.0),
    Regime("SIMR10", Shape.TREND_DOWN, night=1.0, price=130.0),
    Regime("SIMR11", Shape.GAP, night=1.2, price=70.0),
    Regime("SIMR12", Shape.GAP_DOWN, night=-1.2, price=175.0),
    Regime("SIMR13", Shape.REVERSAL, price=66.0),
    Regime("SIMR14", Shape.REVERSAL_DOWN, price=95.0),
    Regime("SIMR15", Shape.COIL_UP, calm=0.2, price=85.0),
    Regime("SIMR16", Shape.COIL_DOWN, calm=0.2, price=110.0),
    Regime("SIMR17", Shape.COIL_UP, calm=0.15, price=140.0),
    Regime("SIMR18", Shape.COIL_DOWN, calm=0.15, price=50.0),
)


@dataclass(frozen=True, slots=True)
class RegimeDay:
    """The day's prints in the vendor's trades layout; minute aggregates by session before it, ascending; day ones."""

    prints: pl.DataFrame
    minutes: Mapping[date, pl.DataFrame]
    days: pl.DataFrame


@dataclass(frozen=True, slots=True)
class RegimeFiles:
    """Where a regime day was written: its prints, and the folder of aggregates that lead up to it."""

    tape: Path
    bars: Path


def simulate_regimes(seed: int) -> RegimeDay:
    """Return the regime day of a seed, 0 or more, and its history."""
    calendar = nyse_calendar()
    at = calendar.days.index(calendar.day_on_or_after(REGIME_DAY))
    before, regime_day = calendar.days[at - MINUTE_SESSIONS : at], calendar.days[at]
    opens = {regime.symbol: regime.price for regime in REGIMES}
    minutes: dict[date, pl.DataFrame] = {}
    for number, day in enumerate(before):
        calm = number == MINUTE_SESSIONS - 1
        specs = [_quiet_day(regime, opens[regime.symbol], calm=calm) for regime in REGIMES]
        minutes[day.date] = minute_aggregates(simulate((seed, number), day, specs), day)
        opens = _closes(minutes[day.date], day)
    specs = [_regime_day(regime, opens[regime.symbol]) for regime in REGIMES]
    prints = simulate((seed, MINUTE_SESSIONS), regime_day, specs)
    past = calendar.days[at - MINUTE_SESSIONS - PAST_SESSIONS : at - MINUTE_SESSIONS]
    recent = [_day_aggregates(frame, day) for frame, day in zip(minutes.values(), before, strict=True)]
    return RegimeDay(prints, minutes, pl.concat([_past(seed, past, recent[0]), *recent]).sort("ticker", "window_start"))


def write_regimes(folder: Path, seed: int) -> RegimeFiles:
    """Write the regime day of a seed and its history into a folder."""
    made = simulate_regimes(seed)
    files = RegimeFiles(folder / f"{REGIME_DAY}.csv.gz", folder / "bars")
    files.bars.mkdir(parents=True, exist_ok=True)
    write_flat_file(made.prints, files.tape)
    for day, frame in made.minutes.items():
        write_aggregates(frame, files.bars / f"{day}.csv.gz")
    write_aggregates(made.days, files.bars / "days.csv.gz")
    (folder / "README.txt").write_text(_readme(seed), encoding="utf-8", newline="\n")
    return files


def write_aggregates(frame: pl.DataFrame, path: Path) -> None:
    """Write aggregates as the vendor's file is; equal rows give equal bytes."""
    text = BytesIO()
    frame.write_csv(text)
    with path.open("wb") as file, gzip.GzipFile("", "wb", COMPRESS_LEVEL, file, mtime=0) as packed:
        packed.write(text.getbuffer())


def minute_aggregates(prints: pl.DataFrame, day: SessionDay) -> pl.DataFrame:
    """Return the minute aggregates of simulated prints in the vendor's layout; what must not be believed sets none."""
    listed = pl.col("conditions").fill_null("").str.split(",")
    late = pl.col("sip_timestamp") - pl.col("participant_timestamp") > _LATE_NS
    astray = pl.any_horizontal(listed.list.contains(each) for each in _ASTRAY)
    sound = prints.filter(pl.col("correction") == 0, ~late, ~astray)
    start = pl.col("sip_timestamp") - (pl.col("sip_timestamp") - day.pre_ns) % MINUTE_NS
    return _aggregated(sound.with_columns(window_start=start), pl.col("price"))


def _aggregated(rows: pl.DataFrame, price: pl.Expr) -> pl.DataFrame:
    return (
        rows.group_by("ticker", "window_start", maintain_order=True)
        .agg(
            volume=pl.col("size").sum(),
            open=price.first(),
            close=price.last(),
            high=price.max(),
            low=price.min(),
            transactions=pl.len().cast(pl.Int64),
        )
        .sort("ticker", "window_start")
        .select("ticker", "volume", "open", "close", "high", "low", "window_start", "transactions")
    )


def _day_aggregates(minutes: pl.DataFrame, day: SessionDay) -> pl.DataFrame:
    """The regular session of each symbol as one row, which the vendor starts at midnight New York."""
    regular = minutes.filter(pl.col("window_start").is_between(day.open_ns, day.close_ns, closed="left"))
    folded = regular.group_by("ticker", maintain_order=True).agg(
        pl.col("volume").sum(),
        pl.col("open").first(),
        pl.col("close").last(),
        pl.col("high").max(),
        pl.col("low").min(),
        window_start=pl.lit(new_york_day_ns(day.date)[0]),
        transactions=pl.col("transactions").sum(),
    )
    return folded.select(minutes.columns)


def _closes(minutes: pl.DataFrame, day: SessionDay) -> dict[str, float]:
    return {str(row["ticker"]): float(row["close"]) for row in _day_aggregates(minutes, day).iter_rows(named=True)}


def _quiet_day(regime: Regime, price: float, *, calm: bool) -> SymbolSpec:
    volatility = regime.volatility * (regime.calm if calm else 0.9)
    return SymbolSpec(regime.symbol, round(price, 2), volatility, TRADES, Shape.RANGE, gap=0.0)


def _regime_day(regime: Regime, close: float) -> SymbolSpec:
    night = regime.night * regime.volatility
    spec = SymbolSpec(regime.symbol, 1.0, regime.volatility * regime.reach, TRADES, regime.shape, gap=night)
    return replace(spec, open_price=round(close * (1 + night), 2))


def _past(seed: int, sessions: tuple[SessionDay, ...], after: pl.DataFrame) -> pl.DataFrame:
    """Daily rows before the first session that has minutes, `after`, whose opens they lead to."""
    streams = np.random.SeedSequence(seed, spawn_key=(MINUTE_SESSIONS + 1,)).spawn(len(REGIMES))
    starts = [new_york_day_ns(day.date)[0] for day in sessions]
    frames = []
    for regime, stream, row in zip(REGIMES, streams, after.sort("ticker").iter_rows(named=True), strict=True):
        rng, end, volume = np.random.default_rng(stream), float(row["open"]), float(row["volume"])
        path = daily_path(rng, regime.past, regime.sign, len(sessions), regime.volatility, end, volume)
        prices = {name: getattr(path, name) for name in ("volume", "open", "close", "high", "low")}
        made = pl.DataFrame({**prices, "window_start": starts})
        frames.append(made.select(pl.lit(regime.symbol).alias("ticker"), "*", pl.lit(TRADES).alias("transactions")))
    return pl.concat(frames).match_to_schema(after.schema, integer_cast="upcast")


def _readme(seed: int) -> str:
    rows = "\n".join(f"  {each.symbol}  {each.shape.replace('_', ' ')}, after {each.past}" for each in REGIMES)
    return _README.format(day=REGIME_DAY, seed=seed, rows=rows, sessions=PAST_SESSIONS + MINUTE_SESSIONS)


_README: Final = """\
SIMULATED DATA.  Nothing here was traded.

A made-up trading day, {day}, from seed {seed}, and {sessions} made-up sessions before it.  Symbols, prices and prints
do not exist; the days were shaped so that every detector finds what it looks for.  They say nothing of any market.

Symbols
{rows}

Files
  {day}.csv.gz         every print of the day, in the layout of a vendor's flat file
  bars/DATE.csv.gz          minute aggregates of the sessions before
  bars/days.csv.gz          day aggregates before
"""
