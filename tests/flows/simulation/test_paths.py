"""The ways that simulated prices go: shapes, gaps and shocks, on whole and half days."""

from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.simulation.market import Shape, Shock, SymbolSpec, simulate
from operators.nyse import nyse_calendar
from operators.sessions import SessionDay
from operators.times import MINUTE_NS, SECOND_NS

SPECS = (
    SymbolSpec("SIMA", 48.0, 0.02, 10_000, Shape.GAP),
    SymbolSpec("SIMB", 120.0, 0.02, 5_000, Shape.TREND_UP),
)
PLAIN = pl.col("conditions").is_null() & (pl.col("correction") == 0) & (pl.col("trf_id") == 0)


@pytest.fixture(scope="module")
def day() -> SessionDay:
    return nyse_calendar().day_on_or_after(date(2026, 6, 17))


@pytest.mark.parametrize(
    ("shape", "way"),
    [(Shape.TREND_UP, 1.8), (Shape.TREND_DOWN, -1.8), (Shape.REVERSAL, 0.7), (Shape.RANGE, 0.0), (Shape.GAP, -0.6)],
)
def test_a_shape_shows_in_the_mean_of_many_days(day: SessionDay, shape: Shape, way: float) -> None:
    """From open to close, in daily volatilities."""
    spec = SymbolSpec("SIMA", 100, 0.02, 1_500, shape)
    days = [simulate(seed, day, [spec]).filter(PLAIN) for seed in range(12)]
    closes = [float(prints.get_column("price")[-1]) for prints in days]
    assert sum(closes) / len(closes) / 100 - 1 == pytest.approx(way * 0.02, abs=0.5 * 0.02)


@pytest.mark.parametrize("gap", [0.06, -0.04])
def test_the_night_leaves_a_gap(day: SessionDay, gap: float) -> None:
    """The pre-market begins at yesterday's close and arrives at the open price."""
    prints = simulate(3, day, [SymbolSpec("SIMA", 100, 0.01, 20_000, Shape.RANGE, gap=gap)])
    first = prints.filter(pl.col("conditions").is_in(["12", "12,37"])).head(40).get_column("price").median()
    assert first == pytest.approx(100 / (1 + gap), rel=0.01)


def test_a_shock_moves_the_price_from_its_instant_on(day: SessionDay) -> None:
    """Eight percent within minutes, of which some is given back; nothing before; other symbols do not notice."""
    at_ns = day.close_ns - 120 * MINUTE_NS
    calm = simulate(5, day, SPECS, [Shock(at_ns, 0.0, "SIMA")])
    shaken = simulate(5, day, SPECS, [Shock(at_ns, 4.0, "SIMA")])
    other = pl.col("ticker") == "SIMB"
    assert_frame_equal(shaken.filter(other), calm.filter(other))
    before = pl.col("sip_timestamp") < at_ns
    assert_frame_equal(shaken.filter(before), calm.filter(before))
    moved = (shaken.get_column("price") / calm.get_column("price") - 1).abs()
    soon = calm.select(~other & pl.col("sip_timestamp").is_between(at_ns + 4 * MINUTE_NS, at_ns + 6 * MINUTE_NS))
    assert float(moved.filter(soon.to_series()).median() or 0) == pytest.approx(0.07, abs=0.01)  # type: ignore[arg-type]


def test_a_half_day_ends_at_one() -> None:
    half = nyse_calendar().day_on_or_after(date(2026, 11, 27))
    prints = simulate(1, half, [SymbolSpec("SIMA", 50, 0.02, 5_000, Shape.RANGE)])
    closing = prints.filter(pl.col("conditions") == "19").get_column("sip_timestamp")[0]
    assert 0 < closing - half.close_ns < 10 * SECOND_NS
    assert prints.get_column("sip_timestamp")[-1] < half.post_end_ns


def test_one_trade_makes_a_day(day: SessionDay) -> None:
    assert simulate(1, day, [SymbolSpec("SIMA", 50, 0.02, 1, Shape.RANGE)]).height == 7


@pytest.mark.parametrize(
    ("price", "volatility", "trades", "tape"),
    [(0.5, 0.02, 10, 1), (50, 0.0, 10, 1), (50, 0.02, 0, 1), (50, 0.02, 10, 4)],
)
def test_what_cannot_be_a_symbols_day_is_refused(price: float, volatility: float, trades: int, tape: int) -> None:
    with pytest.raises(ValueError, match="SIMA"):
        SymbolSpec("SIMA", price, volatility, trades, Shape.RANGE, tape)
