"""Levels of 8 October 2013 for SPY, IBM, AIG and BAC against a polars script over the vendor's minute bars.

The script shares no code with the rules: it reads New York wall time from the file and knows nothing of sessions.  The
minute bars come from a vendor with its own filter; their `vwap` is unknown, so averages are of typical prices.
"""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import pytest

from operators.bars.columns import Bars, Interval
from operators.levels.level import LevelKind
from operators.levels.session_levels import SessionLevels
from operators.sessions import SessionCalendar
from operators.times import MINUTE_NS
from tests.operators.levels.level_bars import World, daily, fold
from tests.operators.levels.mirrored import check_mirrored, mirror_bars
from tests.operators.levels.worlds import session_on

MINUTES: Final = Path("flatfiles/us_stocks_sip/minute_aggs_v1")
DAILY: Final = Path("flatfiles/us_stocks_sip/day_aggs_by_ticker.csv.gz")
SYMBOLS: Final = ["SPY", "IBM", "AIG", "BAC"]
TODAY: Final = date(2013, 10, 8)
CLOCKS: Final = [580, 602, 725, 960]
"""Minutes since New York midnight: 09:40, 10:02, 12:05 and the close."""


def read_minutes(shared_data: Path, *days: date) -> pl.DataFrame:
    """Minute bars of all symbols with their New York date and minute of the day."""
    files = [shared_data / MINUTES / f"{day:%Y/%m/%Y-%m-%d}.csv.gz" for day in days]
    local = pl.from_epoch("window_start", time_unit="ns").dt.replace_time_zone("UTC")
    local = local.dt.convert_time_zone("America/New_York")
    at = local.dt.hour().cast(pl.Int32) * 60 + local.dt.minute()
    return pl.concat(pl.read_csv(file) for file in files).with_columns(date=local.dt.date(), at=at)


@pytest.fixture(scope="module")
def minutes(shared_data: Path) -> pl.DataFrame:
    """The Friday and Monday before, and the day itself."""
    return read_minutes(shared_data, date(2013, 10, 4), date(2013, 10, 7), TODAY)


@pytest.fixture(scope="module")
def days(shared_data: Path) -> pl.DataFrame:
    """Daily bars up to the day whose minutes are here, with their New York date."""
    local = pl.from_epoch("window_start", time_unit="ns").dt.replace_time_zone("UTC")
    rows = pl.read_csv(shared_data / DAILY).with_columns(date=local.dt.convert_time_zone("America/New_York").dt.date())
    return rows.filter(pl.col("date") < date(2013, 10, 4))


def as_bars(rows: pl.DataFrame, calendar: SessionCalendar, ends_ns: list[int] | None = None) -> Bars:
    """Rows of a vendor file as bars."""
    start = rows["window_start"].to_numpy()
    names = ("open", "high", "low", "close", "volume")
    opened, high, low, close, volume = (rows[name].cast(pl.Float64).to_numpy() for name in names)
    end = start + MINUTE_NS if ends_ns is None else np.array(ends_ns, dtype=np.int64)
    zeros = np.zeros(len(start), dtype=np.int64)
    return Bars(
        start,
        end,
        opened,
        high,
        low,
        close,
        volume,
        np.full(len(start), np.nan),
        zeros,
        calendar.phase_codes(start),
        zeros,
    )


def real_world(calendar: SessionCalendar, minutes: pl.DataFrame, days: pl.DataFrame, symbol: str) -> World:
    """All bars of a symbol."""
    bars = as_bars(minutes.filter(pl.col("ticker") == symbol), calendar)
    sessions = [session_on(day) for day in minutes["date"].unique().sort()]
    longer = {
        each: Bars.concat([fold(bars, on, n) for on in sessions]) for each, n in ((Interval.M5, 5), (Interval.M60, 60))
    }
    old = days.filter(pl.col("ticker") == symbol)
    older = as_bars(old, calendar, [session_on(day).close_ns for day in old["date"]])
    whole = Bars.concat([older, *(daily(bars, on) for on in sessions)])
    return World(calendar, session_on(TODAY), {Interval.M1: bars, Interval.D1: whole, **longer})


def script(rows: pl.DataFrame, clock: int) -> dict[str, float]:
    """What the levels are at a New York minute, from the minute bars of one symbol."""
    regular, today = rows.filter(pl.col("at").is_between(570, 959)), pl.col("date") == TODAY
    before, known = regular.filter(date=date(2013, 10, 7)), regular.filter(today & (pl.col("at") < clock))
    early = rows.filter(today & (pl.col("at") < 570))
    (high, low), close = extremes(before), before["close"][-1]
    pivot = (high + low + close) / 3
    levels = {"prior_day_high": high, "prior_day_low": low, "prior_day_close": close}
    levels |= {"pivot": pivot, "r1": 2 * pivot - low, "s2": pivot - (high - low), "s3": low - 2 * (high - pivot)}
    levels["premarket_high"], levels["premarket_low"] = extremes(early)
    levels["session_high"], levels["session_low"] = extremes(known)
    for n in (n for n in (5, 15, 30) if clock >= 570 + n):
        part = extremes(known.filter(pl.col("at") < 570 + n))
        levels[f"opening_range_{n}_high"], levels[f"opening_range_{n}_low"] = part
    vwap = average(known)
    spread = known.select((pl.col("volume") * (typical() - vwap) ** 2).sum() / pl.col("volume").sum()).item() ** 0.5
    levels |= {"vwap": vwap, "avwap_open": vwap}
    if spread >= 0.01:
        levels |= {"vwap_upper_1": vwap + spread, "vwap_lower_2": vwap - 2 * spread}
    for name, column, extreme in (("avwap_prior_high", "high", high), ("avwap_prior_low", "low", low)):
        anchor = before.filter(pl.col(column) == extreme)["at"].min()
        levels[name] = average(pl.concat([before.filter(pl.col("at") >= anchor), known]))
    levels["poc"], levels["developing_poc"] = control(before), control(known)
    return levels


def extremes(rows: pl.DataFrame) -> tuple[float, float]:
    return rows.select(pl.max("high")).item(), rows.select(pl.min("low")).item()


def typical() -> pl.Expr:
    return (pl.col("high") + pl.col("low") + pl.col("close")) / 3


def average(rows: pl.DataFrame) -> float:
    found: float = rows.select((typical() * pl.col("volume")).sum() / pl.col("volume").sum()).item()
    return found


def control(rows: pl.DataFrame) -> float:
    """The price with the most volume.  Bins that the same bars crossed tie: their middle, between two if need be."""
    bins = cents_of(rows)
    peaks = bins.filter(pl.col("share") > pl.col("share").max() * (1 - 1e-12))
    first, last = peaks["price"][0], peaks["price"][-1]
    near = peaks.sort((2 * pl.col("price") - first - last).abs().round(6), maintain_order=True)["price"].head(2)
    found: float = near.mean() if round(near.sum() - first - last, 6) == 0 else near[0]  # type: ignore[assignment]
    return found


def cents_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Volume by price: every cent of a bar gets an equal share; 3^n cents a bin, counted from the open, at most 128."""
    low, high = ((pl.col(name) * 100).round().cast(pl.Int64) for name in ("low", "high"))
    shares = rows.select(low=low, share=pl.col("volume") / (high - low + 1), cent=pl.int_ranges(low, high + 1))
    shares, anchor, width = shares.explode("cent"), round(rows["open"][0] * 100), 1
    while (bins := binned(shares, anchor, width))["bin"][-1] - bins["bin"][0] >= 128:
        width *= 3
    return bins.with_columns(price=(anchor + pl.col("bin") * width) / 100)


def binned(shares: pl.DataFrame, anchor: int, width: int) -> pl.DataFrame:
    where = (pl.col("cent") - anchor + width // 2) // width
    return shares.group_by(where.alias("bin")).agg(pl.sum("share")).sort("bin")


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_levels_equal_the_script(
    calendar: SessionCalendar, minutes: pl.DataFrame, days: pl.DataFrame, symbol: str, clock: int
) -> None:
    """Prior day, pre-market, opening ranges, extremes, averages, pivots and points of control."""
    expected = script(minutes.filter(pl.col("ticker") == symbol), clock)
    levels = real_world(calendar, minutes, days, symbol).at(session_on(TODAY).open_ns + (clock - 570) * MINUTE_NS)
    found = {str(level.kind): level.price for level in levels}
    assert {name: found.get(name) for name in expected} == pytest.approx(expected, abs=1e-7)
    assert ("opening_range_30_high" in found) is (clock >= 600)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_prior_value_area_equals_the_script(
    calendar: SessionCalendar, minutes: pl.DataFrame, days: pl.DataFrame, symbol: str
) -> None:
    """From the point of control outwards, the fuller two bins each time, to 70 % of the volume."""
    rows = minutes.filter((pl.col("ticker") == symbol) & pl.col("at").is_between(570, 959))
    bins = cents_of(rows.filter(date=date(2013, 10, 7)))
    prices, shares = bins["price"].to_list(), bins["share"].to_list()
    low = high = shares.index(max(shares))
    while sum(shares[low : high + 1]) < 0.7 * sum(shares):
        below, above = sum(shares[max(0, low - 2) : low]), sum(shares[high + 1 : high + 3])
        low, high = (low, min(high + 2, len(shares) - 1)) if above > below else (max(0, low - 2), high)
    levels = real_world(calendar, minutes, days, symbol).at(session_on(TODAY).open_ns)
    found = {str(each.kind): each.price for each in levels}
    assert (found["val"], found["vah"]) == pytest.approx((prices[low], prices[high]), abs=1e-7)


MONDAY: Final = date(2013, 10, 7)


@pytest.mark.parametrize(
    ("symbol", "today", "counts"),
    [(symbol, TODAY, False) for symbol in SYMBOLS] + [(symbol, MONDAY, True) for symbol in SYMBOLS],
)
def test_the_gap_equals_the_script(
    calendar: SessionCalendar, minutes: pl.DataFrame, days: pl.DataFrame, symbol: str, today: date, counts: bool
) -> None:
    """Prior close and open, when they differ by a tenth of the mean range of the last fourteen days."""
    size = (pl.col("high") - pl.col("low")).alias("range")
    regular = minutes.filter((pl.col("ticker") == symbol) & pl.col("at").is_between(570, 959))
    earlier = regular.filter(pl.col("date") < today)
    late = earlier.group_by("date").agg(pl.max("high"), pl.min("low")).sort("date").select(size)
    ranges = pl.concat([days.filter(pl.col("ticker") == symbol).select(size), late]).tail(14)
    least = 0.1 * float(ranges.select(pl.mean("range")).item())
    close, opened = earlier["close"][-1], regular.filter(date=today)["open"][0]
    session = session_on(today)
    levels = replace(real_world(calendar, minutes, days, symbol), day=session).at(session.open_ns + MINUTE_NS)
    found = {str(each.kind): each.price for each in levels}
    expected = {"gap_prior_close": close, "gap_open": opened} if abs(opened - close) >= least else {}
    assert bool(expected) is counts
    assert {name: price for name, price in found.items() if name.startswith("gap")} == expected


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_l6_on_a_real_day(calendar: SessionCalendar, minutes: pl.DataFrame, days: pl.DataFrame, symbol: str) -> None:
    """Mirrored around 400 dollars, from the first minutes to the close."""
    world = real_world(calendar, minutes, days, symbol)
    upside_down = world.changed(lambda bars: mirror_bars(bars, 400.0)).whole()
    whole = world.whole()
    for count in (0, 1, 2, 3, 5, 8, 13, 21, 34, 90, 233, 390):
        as_of = session_on(TODAY).open_ns + count * MINUTE_NS
        check_mirrored(whole.levels_at(as_of, None), upside_down.levels_at(as_of, None), 400.0)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_prior_week_equals_the_script(
    calendar: SessionCalendar, minutes: pl.DataFrame, days: pl.DataFrame, symbol: str
) -> None:
    """30 September to 4 October, the Friday from its minutes."""
    week = days.filter((pl.col("ticker") == symbol) & (pl.col("date") >= date(2013, 9, 30)))
    friday = minutes.filter((pl.col("ticker") == symbol) & (pl.col("date") == date(2013, 10, 4)))
    both = pl.concat(
        [
            week.select("high", "low", "close"),
            friday.filter(pl.col("at").is_between(570, 959)).select("high", "low", "close"),
        ]
    )
    levels = {
        str(each.kind): each.price for each in real_world(calendar, minutes, days, symbol).at(session_on(TODAY).open_ns)
    }
    assert len(week) == 4
    assert levels["prior_week_high"] == both["high"].max()
    assert levels["prior_week_low"] == both["low"].min()
    assert levels["prior_week_close"] == both["close"][-1]


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_five_minute_swings_equal_the_script(
    calendar: SessionCalendar, minutes: pl.DataFrame, days: pl.DataFrame, symbol: str
) -> None:
    """The last three turns with three bars on either side, confirmed at 12:05."""
    slots = (pl.col("at") - 570) // 5
    rows = minutes.filter((pl.col("ticker") == symbol) & pl.col("at").is_between(570, 959))
    rows = rows.filter((pl.col("date") < TODAY) | (pl.col("at") < 725))
    bars = (
        rows.group_by("date", slots.alias("slot")).agg(pl.col("high").max(), pl.col("low").min()).sort("date", "slot")
    )
    world = real_world(calendar, minutes, days, symbol)
    levels = world.at(session_on(TODAY).open_ns + 155 * MINUTE_NS)
    for kind, signed in ((LevelKind.SWING_HIGH_5M, pl.col("high")), (LevelKind.SWING_LOW_5M, -pl.col("low"))):
        left = [signed > signed.shift(i) for i in (1, 2, 3)]
        right = [signed >= signed.shift(-i) for i in (1, 2, 3)]
        expected = bars.filter(pl.all_horizontal(left + right).fill_null(value=False)).select(signed.abs()).to_series()
        assert sorted(expected[-3:]) == [level.price for level in levels if level.kind is kind]


def test_a_real_day_in_pieces_is_the_whole_day(
    calendar: SessionCalendar, minutes: pl.DataFrame, days: pl.DataFrame
) -> None:
    """SPY a minute at a time, asked every minute, against the whole day asked as of then; snapshots on the way."""
    world = real_world(calendar, minutes, days, "SPY")
    whole, pieces = world.whole(), world.prepare()
    start_ns = session_on(TODAY).open_ns - 30 * MINUTE_NS
    feeds: list[tuple[int, int]] = [
        (0, start_ns),
        *((start_ns + i * MINUTE_NS, start_ns + (i + 1) * MINUTE_NS) for i in range(200)),
    ]
    for after_ns, until_ns in feeds:
        part: dict[Any, Bars] = world.between(after_ns, until_ns).bars
        for interval in (Interval.M1, Interval.M5, Interval.M60):
            pieces.extend(interval, part[interval])
        if until_ns % (20 * MINUTE_NS) == 0:
            pieces = SessionLevels.from_plain(pieces.to_plain())
        assert pieces.levels_at(until_ns, 166.0) == whole.levels_at(until_ns, 166.0)


def test_a_real_half_day(calendar: SessionCalendar, shared_data: Path) -> None:
    """Christmas Eve 2015 closed at 13:00: on the 28th the prior day is those three and a half hours."""
    frame = read_minutes(shared_data, date(2015, 12, 24), date(2015, 12, 28))
    symbol = frame["ticker"][0]
    rows = frame.filter(pl.col("ticker") == symbol)
    eve = rows.filter((pl.col("date") == date(2015, 12, 24)) & pl.col("at").is_between(570, 779))
    bars, half, day = as_bars(rows, calendar), session_on(date(2015, 12, 24)), session_on(date(2015, 12, 28))
    world = World(
        calendar,
        day,
        {Interval.M1: bars, Interval.D1: daily(bars, half), Interval.M5: Bars.empty(), Interval.M60: Bars.empty()},
    )
    found = {str(level.kind): level for level in world.at(day.pre_ns)}
    assert found["prior_day_high"].price == eve["high"].max()
    assert found["prior_day_close"].price == eve["close"][-1]
    assert found["poc"].price == pytest.approx(control(eve))
    assert found["prior_day_high"].available_at_ns == half.close_ns
