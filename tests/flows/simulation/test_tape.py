"""The big tape for measuring, and the plans and market events that go with it, at a small size."""

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.event_files import load_events
from flows.meter import Meter
from flows.options import ReplayOptions
from flows.plan_files import load_plans
from flows.replay import prepare, run
from flows.simulation.tape import chunks, write_tape
from flows.simulation.universe import universe
from flows.simulation.vendor import COLUMNS
from flows.simulation.workload import write_events, write_plans
from operators.events import Kind
from operators.nyse import nyse_calendar
from operators.plan_reading import PlanDefaults
from operators.sessions import SessionDay
from sinks.database import open_database
from sinks.reader import events_after

TICKS, SYMBOLS, CHUNK = 50_001, 40, 10_000


@pytest.fixture(scope="module")
def day() -> SessionDay:
    return nyse_calendar().day_on_or_after(date(2026, 6, 17))


@pytest.fixture(scope="module")
def path(day: SessionDay, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tape") / "tape.parquet"
    write_tape(path, TICKS, SYMBOLS, 3, day, CHUNK)
    return path


@pytest.fixture(scope="module")
def tape(path: Path) -> pl.DataFrame:
    return pl.read_parquet(path)


def test_the_same_seed_gives_the_same_bytes_and_another_other_ones(
    path: Path, tape: pl.DataFrame, day: SessionDay, tmp_path: Path
) -> None:
    again, other = tmp_path / "again.parquet", tmp_path / "other.parquet"
    write_tape(again, TICKS, SYMBOLS, 3, day, CHUNK)
    write_tape(other, TICKS, SYMBOLS, 4, day, CHUNK)
    assert again.read_bytes() == path.read_bytes()
    assert not pl.read_parquet(other).get_column("price").equals(tape.get_column("price"))


def test_the_tape_has_the_vendors_columns_and_every_print(tape: pl.DataFrame) -> None:
    """The last chunk is the short one."""
    assert dict(tape.schema) == COLUMNS
    assert tape.height == TICKS
    assert tape.get_column("id").n_unique() == TICKS
    assert sum(tape.drop("conditions").null_count().row(0)) == 0


def test_the_tape_is_in_order_of_time_and_fills_the_day(tape: pl.DataFrame, day: SessionDay) -> None:
    sip_ns = tape.get_column("sip_timestamp")
    assert (sip_ns.diff().drop_nulls() > 0).all()
    assert day.pre_ns <= sip_ns[0] < day.open_ns
    assert day.close_ns < sip_ns[-1] < day.post_end_ns
    assert tape.get_column("sequence_number").is_sorted()


def test_few_symbols_trade_much_and_many_little(tape: pl.DataFrame) -> None:
    counts = tape.group_by("ticker").len().sort("len", descending=True)
    assert counts.height == SYMBOLS
    assert counts.get_column("ticker")[0] == "SIM000"
    assert counts.get_column("len")[0] / TICKS == pytest.approx(universe(SYMBOLS, 3)[0].share, rel=0.05)
    assert counts.get_column("len")[0] > 20 * counts.get_column("len")[-1]


def test_prices_walk_on_from_chunk_to_chunk(tape: pl.DataFrame) -> None:
    """From its listed price every symbol goes a few daily volatilities at most, and never far in one step."""
    steps = pl.col("price") / pl.col("price").shift().over("ticker") - 1
    plain = tape.filter(pl.col("conditions").is_null(), pl.col("correction") == 0, pl.col("trf_id") == 0)
    assert float(plain.select(steps.abs().max()).item()) < 0.05
    for listing in universe(SYMBOLS, 3)[:5]:
        prices = plain.filter(pl.col("ticker") == listing.symbol).get_column("price")
        moved = (prices / listing.price - 1).abs().max()
        assert 0.2 * listing.volatility < float(moved) < 5 * listing.volatility  # type: ignore[arg-type]


@pytest.mark.parametrize("condition", ["12", "14", "37", "41", "10", "2"])
def test_kinds_of_print_are_those_of_the_market(tape: pl.DataFrame, condition: str) -> None:
    found = tape.get_column("conditions").drop_nulls().str.split(",").list.contains(condition)
    assert found.sum() > 10


def test_chunks_are_the_file(tape: pl.DataFrame, day: SessionDay) -> None:
    """One at a time, of the size asked for: that is all that memory has to hold."""
    given = list(chunks(universe(SYMBOLS, 3), TICKS, 3, day, CHUNK))
    assert [chunk.height for chunk in given] == [CHUNK] * 5 + [1]
    assert_frame_equal(pl.concat(given), tape)


@pytest.mark.parametrize(("ticks", "symbols", "chunk"), [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_sizes_that_make_no_tape_are_refused(
    ticks: int, symbols: int, chunk: int, day: SessionDay, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="1 or more"):
        write_tape(tmp_path / "tape.parquet", ticks, symbols, 1, day, chunk)


def test_plans_are_plans_and_the_same_seed_gives_the_same(day: SessionDay, tmp_path: Path) -> None:
    """Two thousand of them, none refused; limit, stop and market, long and short, with and without a trail."""
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    for path in (one, other):
        write_plans(path, 2_000, universe(SYMBOLS, 3), seed=3)
    assert one.read_bytes() == other.read_bytes()
    plans, problems = load_plans(one, PlanDefaults(day.pre_ns, nyse_calendar().close_after))
    assert (len(plans), problems) == (2_000, [])
    assert {plan.entry.type for plan in plans} == {"limit", "stop", "market"}
    assert {plan.direction for plan in plans} == {"long", "short"}
    assert {plan.trail is None for plan in plans} == {True, False}


@pytest.mark.parametrize(("near_share", "symbols"), [(1.5, 2), (0.5, 0)])
def test_plans_that_cannot_be_drawn_are_refused(near_share: float, symbols: int, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be"):
        write_plans(tmp_path / "plans.json", 1, universe(2, 1)[:symbols], 1, near_share)


def test_most_plans_are_far_from_the_price(tmp_path: Path) -> None:
    listings = {listing.symbol: listing.price for listing in universe(SYMBOLS, 3)}
    write_plans(tmp_path / "plans.json", 1_000, universe(SYMBOLS, 3), seed=5)
    plans = json.loads((tmp_path / "plans.json").read_text())
    far = [plan for plan in plans if abs(plan["targets"][-1] / listings[plan["symbol"]] - 1) > 0.1]
    assert 0.6 < len(far) / len(plans) < 0.95


def test_events_close_gates_for_all_and_for_one(day: SessionDay, tmp_path: Path) -> None:
    write_events(tmp_path / "events.csv", day)
    events = load_events(tmp_path / "events.csv")
    assert {(event.symbol, event.severity) for event in events} == {("*", "high"), ("SIM000", "high"), ("*", "low")}
    assert all("simulated" in event.label for event in events)


def test_a_replay_of_it_all_has_something_to_do(path: Path, day: SessionDay, tmp_path: Path) -> None:
    """Every print is usable, plans enter and leave, and gates close."""
    write_plans(tmp_path / "plans.json", 500, universe(SYMBOLS, 3), seed=3, near_share=0.5)
    write_events(tmp_path / "events.csv", day)
    database = f"sqlite:///{tmp_path}/run.db"
    meter = Meter()
    run(prepare(ReplayOptions((path,), tmp_path / "plans.json", database, tmp_path / "events.csv")), meter)
    engine = open_database(database)
    with engine.connect() as connection:
        kinds = [event.kind for _, event in events_after(connection, 0, 100_000)]
    engine.dispose()
    assert (meter.rows, meter.dead_letters, meter.divergences) == (TICKS, 0, 0)
    for kind in (Kind.ENTERED, Kind.TARGET_HIT, Kind.STOPPED, Kind.GATED, Kind.UNGATED, Kind.EXPIRED):
        assert kinds.count(kind) > 10, kind
