"""The expected move from an option chain, on made quotes and on a recorded chain."""

from functools import partial
from math import pi, sqrt
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from operators.engine.expected_move import DEVIATIONS_PER_MOVE, ExpectedMove, MoveBasis
from operators.engine.straddle import STALE_AFTER_NS, ChainQuote, bachelier_deviation, straddle_move
from operators.engine.trading_time import trading_minutes
from operators.sessions import SessionCalendar
from operators.times import MINUTE_NS
from tests.operators.engine.engine_cases import AS_OF_NS
from tests.oracle.times import new_york_ns

WEEK_NS, MONTH_NS = AS_OF_NS + 1_000 * MINUTE_NS, AS_OF_NS + 4_000 * MINUTE_NS


def minutes_until(at_ns: int) -> float:
    """A market that never sleeps."""
    return (at_ns - AS_OF_NS) / MINUTE_NS


def quote(strike: float, call: float, put: float, expiry_ns: int = WEEK_NS, **changes: Any) -> ChainQuote:
    """Call and put quoted a tenth apart around these middles."""
    sides = {"call_bid": call - 0.05, "call_ask": call + 0.05, "put_bid": put - 0.05, "put_ask": put + 0.05}
    return ChainQuote(**({"strike": strike, "expiry_ns": expiry_ns, "available_at_ns": AS_OF_NS} | sides | changes))


def found(*chain: ChainQuote, minutes: float = 1_000.0, as_of_ns: int = AS_OF_NS) -> ExpectedMove:
    """The move, which must be there."""
    move = straddle_move(chain, as_of_ns, minutes, minutes_until)
    assert move is not None
    return move


def test_a_straddle_at_the_forward_costs_the_expected_move() -> None:
    move = found(quote(100, 2.0, 2.0))
    assert move.dollars == pytest.approx(4.0)
    assert (move.basis, move.strike, move.expiry_ns) == (MoveBasis.STRADDLE, 100, WEEK_NS)


def test_it_shrinks_with_the_square_root_of_time() -> None:
    assert found(quote(100, 2.0, 2.0), minutes=250.0).dollars == pytest.approx(2.0)


def test_the_money_is_where_call_and_put_cost_the_same() -> None:
    chain = [quote(95, 6.1, 1.2), quote(105, 1.0, 6.3), quote(100, 2.2, 1.9)]
    assert found(*chain).strike == 100


def test_the_nearest_expiry_at_or_after_the_horizon_decides() -> None:
    chain = [quote(100, 4.0, 4.0, MONTH_NS), quote(100, 2.0, 2.0, WEEK_NS)]
    assert found(*chain, minutes=1_000).expiry_ns == WEEK_NS
    assert found(*chain, minutes=1_001).expiry_ns == MONTH_NS
    assert straddle_move(chain, AS_OF_NS, 4_001, minutes_until) is None


@pytest.mark.parametrize("minutes", [0.0, -5.0])
def test_no_horizon_is_no_move(minutes: float) -> None:
    assert straddle_move([quote(100, 2.0, 2.0)], AS_OF_NS, minutes, minutes_until) is None


@pytest.mark.parametrize(
    "useless",
    [
        {"call_bid": 0.0},
        {"put_ask": 0.0, "put_bid": 0.0},
        {"call_bid": 2.2, "call_ask": 2.1},
        {"put_ask": float("inf")},
        {"call_ask": float("nan")},
        {"call_bid": 0.1, "call_ask": 3.9},
        {"available_at_ns": AS_OF_NS + 1},
        {"available_at_ns": AS_OF_NS - STALE_AFTER_NS - 1},
    ],
)
def test_a_quote_that_is_no_price_or_not_known_is_passed_over(useless: dict[str, Any]) -> None:
    """One-sided, crossed, no number, too wide, of the future, or stale: the next expiry decides, or nothing does."""
    bad, good = quote(100, 2.0, 2.0, **useless), quote(100, 4.0, 4.0, MONTH_NS)
    assert straddle_move([bad], AS_OF_NS, 1_000, minutes_until) is None
    assert found(bad, good).expiry_ns == MONTH_NS


def test_the_latest_quote_counts_even_when_it_takes_a_price_away() -> None:
    before = quote(100, 2.0, 2.0, available_at_ns=AS_OF_NS - 1)
    assert found(before, quote(100, 3.0, 3.0)).dollars == pytest.approx(6.0)
    withdrawn = replace(before, call_bid=0.0, available_at_ns=AS_OF_NS)
    assert straddle_move([withdrawn, before], AS_OF_NS, 1_000, minutes_until) is None


def test_nothing_of_the_future_changes_the_move() -> None:
    past = quote(100, 2.0, 2.0, available_at_ns=AS_OF_NS - 5)
    later = quote(100, 9.0, 9.0, available_at_ns=AS_OF_NS + 5)
    assert found(past, later) == found(past)
    assert found(past, later).available_at_ns == AS_OF_NS - 5


def test_strikes_far_from_the_forward_say_nothing() -> None:
    """Only deep options are quoted: their time value is smaller than their spread."""
    assert straddle_move([quote(80, 20.2, 0.2)], AS_OF_NS, 1_000, minutes_until) is None


@given(deviation=st.floats(0.05, 50), away=st.floats(-2, 2))
def test_a_strike_beside_the_forward_gives_the_same_deviation(deviation: float, away: float) -> None:
    """The straddle of a normal price, integrated numerically, is inverted."""
    offset, step = away * deviation, deviation / 500
    grid = [(index + 0.5) * step - 8 * deviation for index in range(8_000)]
    density = [2.718281828459045 ** (-0.5 * (x / deviation) ** 2) / (deviation * sqrt(2 * pi)) for x in grid]
    cost = sum(abs(offset + x) * each * step for x, each in zip(grid, density, strict=True))
    assert bachelier_deviation(cost, offset) == pytest.approx(deviation, rel=1e-4)


@pytest.mark.parametrize(("cost", "offset"), [(1.0, 1.0), (1.0, -1.5), (0.0, 0.0), (float("nan"), 0.0)])
def test_no_time_value_is_no_deviation(cost: float, offset: float) -> None:
    assert bachelier_deviation(cost, offset) == 0


CHAIN = Path("flatfiles/us_options_opra/quotes_v1/2015/12/2015-12-24.GOOG.csv.gz")
NOON_NS = new_york_ns("2015-12-24", "12:00")


def recorded_chain(path: Path) -> list[ChainQuote]:
    """Calls and puts of one minute, side by side; an expiry ends at 16:00 New York."""
    rows = pl.read_csv(path).with_columns(
        expiry=pl.col("ticker").str.slice(6, 6),
        right=pl.col("ticker").str.slice(12, 1),
        strike=pl.col("ticker").str.slice(13).cast(pl.Int64) / 1_000,
    )
    on = ["expiry", "strike", "sip_timestamp"]
    sides = [rows.filter(pl.col("right") == right).select(*on, "bid_price", "ask_price") for right in "CP"]
    paired = sides[0].join(sides[1], on=on, suffix="_put").sort("sip_timestamp")
    ends = {each: new_york_ns(f"20{each[:2]}-{each[2:4]}-{each[4:]}", "16:00") for each in paired["expiry"].unique()}
    return [
        ChainQuote(strike, ends[expiry], call_bid, call_ask, put_bid, put_ask, at_ns)
        for expiry, strike, at_ns, call_bid, call_ask, put_bid, put_ask in paired.iter_rows()
    ]


def test_a_recorded_chain_expects_what_google_moved_like(shared_data: Path, calendar: SessionCalendar) -> None:
    """GOOG at 748 on 2015-12-24: some 1.6 % to the next Thursday, the same per root hour from the week after."""
    chain, until = recorded_chain(shared_data / CHAIN), partial(trading_minutes, calendar, NOON_NS)
    to_expiry = until(new_york_ns("2015-12-31", "16:00"))
    week = straddle_move(chain, NOON_NS, to_expiry, until)
    hour = straddle_move(chain, NOON_NS, 61.0, until)
    fortnight = straddle_move(chain, NOON_NS, to_expiry + 390, until)
    assert week is not None
    assert hour is not None
    assert fortnight is not None
    assert week.expiry_ns == hour.expiry_ns == new_york_ns("2015-12-31", "16:00")
    assert week.strike in {745, 747.5, 750}
    assert 9 < week.dollars < 16
    assert hour.dollars == pytest.approx(week.dollars * sqrt(61 / to_expiry))
    assert fortnight.expiry_ns == new_york_ns("2016-01-08", "16:00")
    assert fortnight.dollars / sqrt(to_expiry + 390) == pytest.approx(week.dollars / sqrt(to_expiry), rel=0.35)
    assert week.deviation == pytest.approx(week.dollars * DEVIATIONS_PER_MOVE)
