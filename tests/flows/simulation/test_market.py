"""The simulated market: what a reader of a real day's file would expect of it."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.simulation.market import Shape, SymbolSpec, by_ticker, simulate
from flows.simulation.vendor import write_flat_file
from flows.tape.files import find_tape_files
from flows.tape.reader import read_file
from flows.tape.scan import ScanFilter
from operators.nyse import nyse_calendar
from operators.sessions import SessionDay
from operators.times import MINUTE_NS, SECOND_NS

VENDOR_HEADER = (
    "ticker,conditions,correction,exchange,id,participant_timestamp,price,sequence_number,sip_timestamp,"
    "size,tape,trf_id,trf_timestamp"
)
DAY = date(2026, 6, 17)
SPECS = (
    SymbolSpec("SIMB", 120.0, 0.02, 30_000, Shape.TREND_UP, tape=3),
    SymbolSpec("SIMA", 48.0, 0.02, 20_000, Shape.GAP, tape=1),
    SymbolSpec("SIMC", 77.0, 0.01, 15_000, Shape.RANGE, tape=2, gap=-0.01),
)
LATE_NS = SECOND_NS
BELIEVABLE = (pl.col("correction") == 0) & (pl.col("sip_timestamp") - pl.col("participant_timestamp") <= LATE_NS)
OFF_EXCHANGE = pl.col("exchange") == 4
AUCTION = pl.col("conditions").is_in(["15", "16", "17", "19", "8,9", "9,25"])


@pytest.fixture(scope="module")
def day() -> SessionDay:
    return nyse_calendar().day_on_or_after(DAY)


@pytest.fixture(scope="module")
def tape(day: SessionDay) -> pl.DataFrame:
    return simulate(7, day, SPECS)


def has(condition: str) -> pl.Expr:
    """Whether a print's list of conditions holds one."""
    return pl.col("conditions").fill_null("").str.split(",").list.contains(condition)


def regular(day: SessionDay) -> pl.Expr:
    return (pl.col("sip_timestamp") >= day.open_ns) & (pl.col("sip_timestamp") < day.close_ns)


def test_the_same_seed_gives_the_same_day(tape: pl.DataFrame, day: SessionDay) -> None:
    assert_frame_equal(simulate(7, day, SPECS), tape)


def test_the_same_day_gives_the_same_bytes(tape: pl.DataFrame, tmp_path: Path) -> None:
    """Whatever the file is called, and whenever it is written."""
    one, other = tmp_path / "one.csv.gz", tmp_path / "other.csv.gz"
    write_flat_file(tape, one)
    write_flat_file(tape, other)
    assert one.read_bytes() == other.read_bytes()


def test_another_seed_gives_another_day(tape: pl.DataFrame, day: SessionDay) -> None:
    assert not simulate(8, day, SPECS).get_column("price").equals(tape.get_column("price"))


def test_a_symbols_day_does_not_depend_on_the_others(tape: pl.DataFrame, day: SessionDay) -> None:
    """Its times and prices are its own; only the numbering of the tape is common."""
    busier = (SPECS[0], SymbolSpec("SIMZ", 10.0, 0.05, 40_000, Shape.REVERSAL), SPECS[2])
    own = [name for name in tape.columns if name != "sequence_number"]
    for symbol in ("SIMB", "SIMC"):
        mine = pl.col("ticker") == symbol
        assert_frame_equal(simulate(7, day, busier).filter(mine).select(own), tape.filter(mine).select(own))


def test_columns_and_types_are_the_vendors(tape: pl.DataFrame) -> None:
    assert tape.columns == VENDOR_HEADER.split(",")
    assert dict(tape.schema) == {
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
    assert sum(tape.drop("conditions").null_count().row(0)) == 0


def test_a_flat_file_of_it_reads_as_a_recorded_day_does(tape: pl.DataFrame, tmp_path: Path) -> None:
    """Sorted by ticker, every row a tick, prices and sizes to the last digit."""
    path = tmp_path / f"{DAY}.csv.gz"
    write_flat_file(tape, path)
    files, notes = find_tape_files([path])
    pieces = list(read_file(files[0], ScanFilter()))
    assert (files[0].day, notes) == (DAY, [])
    assert files[0].layout.header == tuple(VENDOR_HEADER.split(","))
    assert [letter for piece in pieces for letter in piece.dead_letters] == []
    read = pl.concat([piece.ticks for piece in pieces])
    expected = by_ticker(tape)
    assert expected.get_column("ticker").is_sorted()
    for ours, theirs in (("symbol", "ticker"), ("sip_ns", "sip_timestamp"), ("price", "price"), ("size", "size")):
        assert read.get_column(ours).equals(expected.get_column(theirs))
    assert read.get_column("conditions").fill_null("").equals(expected.get_column("conditions").fill_null(""))


def test_prints_come_in_order_of_sip_time_within_the_day(tape: pl.DataFrame, day: SessionDay) -> None:
    """Across symbols they never go back; within one, no two share a nanosecond."""
    sip_ns = tape.get_column("sip_timestamp")
    assert sip_ns.is_sorted()
    assert day.pre_ns <= sip_ns[0]
    assert sip_ns[-1] < day.post_end_ns
    assert tape.select("ticker", "sip_timestamp").is_unique().all()


def test_what_happened_comes_before_what_was_known(tape: pl.DataFrame) -> None:
    """On an exchange by tens of microseconds; off exchange the facility's own time lies between."""
    lag = pl.col("sip_timestamp") - pl.col("participant_timestamp")
    on = tape.filter(~OFF_EXCHANGE).select(lag).to_series()
    assert (on.min(), on.max()) >= (12_000, 0)
    assert 20_000 < float(on.median() or 0) < 100_000  # type: ignore[arg-type]
    off = tape.filter(OFF_EXCHANGE)
    between = (pl.col("participant_timestamp") <= pl.col("trf_timestamp")) & (
        pl.col("trf_timestamp") < pl.col("sip_timestamp")
    )
    assert off.select(between).to_series().all()


@pytest.mark.parametrize("conditions", [None, "37", "14", "14,37", "14,41", "10", "2", "12", "12,37", "12,14,37"])
def test_every_kind_of_print_is_there(tape: pl.DataFrame, conditions: str | None) -> None:
    """Regular, odd lots, sweeps, sweeps through better prices, derived, average, and Form T with them."""
    assert tape.filter(pl.col("conditions").eq_missing(pl.lit(conditions))).height > 10


@pytest.mark.parametrize("correction", [1, 8, 10])
def test_corrected_prints_are_there(tape: pl.DataFrame, correction: int) -> None:
    assert tape.filter(pl.col("correction") == correction).height > 2


def test_each_symbol_has_its_auctions(tape: pl.DataFrame, day: SessionDay) -> None:
    """Nasdaq's own conditions on its tape, official prices everywhere; the opening one prints at the open price."""
    found = tape.filter(AUCTION).group_by("ticker").agg("conditions", "exchange").sort("ticker").rows()
    assert found == [
        ("SIMA", ["17", "16", "16", "15", "19", "15"], [10, 10, 19, 19, 10, 10]),
        ("SIMB", ["9,25", "16", "16", "8,9", "15", "15"], [12, 12, 19, 12, 12, 19]),
        ("SIMC", ["17", "16", "16", "15", "19", "15"], [11, 11, 19, 19, 11, 11]),
    ]
    opening = tape.filter(pl.col("conditions").is_in(["17", "9,25"])).sort("ticker")
    assert opening.get_column("price").to_list() == [48.0, 120.0, 77.0]
    assert (opening.get_column("size") >= 10_000).all()


def test_form_t_marks_what_is_outside_the_regular_session(tape: pl.DataFrame, day: SessionDay) -> None:
    assert tape.filter(regular(day), has("12")).is_empty()
    assert tape.filter(~regular(day), ~has("12"), ~AUCTION).is_empty()
    assert tape.filter(pl.col("sip_timestamp") < day.open_ns).height > 500
    assert tape.filter(pl.col("sip_timestamp") >= day.close_ns).height > 500


def test_about_half_of_the_prints_are_odd_lots(tape: pl.DataFrame) -> None:
    """And an odd lot is one: under 100 shares, off exchange sometimes a fraction of one."""
    odd = tape.filter(has("37"))
    assert 0.4 < odd.height / tape.height < 0.6
    assert float(odd.get_column("size").max()) < 100  # type: ignore[arg-type]
    assert tape.filter(~has("37"), ~AUCTION).get_column("size").min() == 100
    fractional = tape.filter(pl.col("size") % 1 != 0)
    assert fractional.height > 100
    assert fractional.select(OFF_EXCHANGE.all()).item()
    assert (tape.get_column("size") > 0).all()


def test_off_exchange_prints_name_their_facility_and_others_none(tape: pl.DataFrame) -> None:
    off, on = tape.filter(OFF_EXCHANGE), tape.filter(~OFF_EXCHANGE)
    assert sorted(off.get_column("trf_id").unique()) == [201, 202, 203]
    assert on.select((pl.col("trf_id") == 0).all(), (pl.col("trf_timestamp") == 0).all()).row(0) == (True, True)


def test_prices_are_pennies_save_off_exchange_or_derived(tape: pl.DataFrame) -> None:
    """Off exchange some are finer, four places at most."""
    places = (pl.col("price") - pl.col("price").round(2)).abs()
    assert tape.filter(~OFF_EXCHANGE, ~has("10"), places > 1e-9).is_empty()
    assert tape.filter(OFF_EXCHANGE, places > 1e-9).height > 1_000
    assert tape.get_column("price").equals(tape.get_column("price").round(4))


def test_late_prints_are_seconds_to_hours_old(tape: pl.DataFrame) -> None:
    lag = pl.col("sip_timestamp") - pl.col("participant_timestamp")
    late = tape.filter(lag > LATE_NS)
    assert late.select(OFF_EXCHANGE.all()).item()
    ages = late.select(lag / SECOND_NS).to_series().sort()
    assert ages[0] >= 1.5
    assert ages[-1] > 3_600
    assert 0.0005 < late.height / tape.height < 0.003


def test_what_must_not_be_believed_is_off_the_price(tape: pl.DataFrame) -> None:
    """Whoever takes a late or a corrected print for the last price is wrong by half a percent or more."""
    plain = pl.when(BELIEVABLE & pl.col("conditions").is_null()).then(pl.col("price"))
    before = plain.forward_fill().over("ticker")
    astray = tape.with_columns(off=(pl.col("price") / before - 1).abs()).filter(~BELIEVABLE)
    assert astray.height > 50
    assert float(astray.get_column("off").median() or 0) > 0.01  # type: ignore[arg-type]
    assert (astray.get_column("off").drop_nulls() > 0.004).mean() > 0.97  # type: ignore[operator]


def test_ids_are_unique_per_ticker_and_exchange(tape: pl.DataFrame) -> None:
    assert tape.select("ticker", "exchange", "id").is_unique().all()


def test_sequence_numbers_rise_within_a_ticker_and_have_gaps_where_tapes_are_shared(day: SessionDay) -> None:
    both = simulate(1, day, [SymbolSpec(symbol, 50, 0.02, 2_000, Shape.RANGE) for symbol in ("SIMA", "SIMB")])
    steps = both.filter(pl.col("ticker") == "SIMA").get_column("sequence_number").diff().drop_nulls()
    assert steps.min() == 1
    assert steps.max() > 1  # type: ignore[operator]


def test_trading_is_busiest_at_the_open_and_at_the_close(tape: pl.DataFrame, day: SessionDay) -> None:
    minutes = (tape.get_column("sip_timestamp") - day.open_ns) // MINUTE_NS
    opening, noon, closing = (minutes.is_between(start, start + 29).sum() for start in (0, 180, 360))
    assert opening > 2 * noon
    assert 2 * closing > 3 * noon


def test_some_prints_follow_another_within_microseconds(tape: pl.DataFrame) -> None:
    """As one order goes through several."""
    gaps = tape.select(pl.col("sip_timestamp").diff().over("ticker")).to_series().drop_nulls()
    assert 0.2 < (gaps < 50_000).mean() < 0.5  # type: ignore[operator]
