"""The regime days: no detector is dead, and what is written reads as the vendor's."""

from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.bar_history import load_bar_history
from flows.simulation.past import Past, daily_path
from flows.simulation.regimes import (
    MINUTE_SESSIONS,
    PAST_SESSIONS,
    REGIME_DAY,
    REGIMES,
    RegimeDay,
    RegimeFiles,
    minute_aggregates,
    simulate_regimes,
    write_regimes,
)
from operators.bars.columns import Bars, Interval, Ints
from operators.bars.fold import fold
from operators.nyse import nyse_calendar
from operators.plans import Direction
from operators.scan.candidate import Candidate
from operators.scan.detectors.catalog import DETECTORS
from operators.scan.features.clock import REGULAR, SessionClock
from operators.scan.scanner import SymbolScan
from operators.sessions import SessionDay
from operators.times import MINUTE_NS

SEEDS = (1,)
LONGER = (Interval.M5, Interval.M60, Interval.D1)


@pytest.fixture(scope="module")
def day() -> SessionDay:
    return nyse_calendar().day_on_or_after(REGIME_DAY)


@cache
def made(seed: int) -> RegimeDay:
    return simulate_regimes(seed)


def bars(rows: pl.DataFrame, start_ns: Ints, end_ns: Ints) -> Bars:
    """Aggregates as regular bars."""
    size = len(start_ns)
    columns: dict[str, Any] = {
        name: rows.get_column(name).to_numpy() for name in ("open", "high", "low", "close", "volume")
    }
    columns |= {"vwap": np.full(size, np.nan), "trades": rows.get_column("transactions").to_numpy()}
    flags: dict[str, Any] = {
        "phase": np.full(size, REGULAR, dtype=np.uint8),
        "revision": np.zeros(size, dtype=np.int64),
    }
    return Bars(start_ns=start_ns, end_ns=end_ns, **columns, **flags)


def minute_bars(rows: pl.DataFrame, day: SessionDay) -> Bars:
    """The regular minutes among aggregates."""
    rows = rows.filter(pl.col("window_start").is_between(day.open_ns, day.close_ns, closed="left"))
    start_ns = rows.get_column("window_start").to_numpy()
    return bars(rows, start_ns, start_ns + MINUTE_NS)


def piece(minutes: Bars, day: SessionDay) -> dict[Interval, Bars]:
    longer = {interval: fold(minutes, interval, nyse_calendar(), day.close_ns) for interval in LONGER}
    return {Interval.M1: minutes, **longer}


def daily_bars(rows: pl.DataFrame) -> Bars:
    """Day aggregates as bars of their regular sessions."""
    calendar = nyse_calendar()
    days = [calendar.days[int(np.searchsorted(calendar.opens_ns, at))] for at in rows.get_column("window_start")]
    return bars(rows, np.array([each.open_ns for each in days]), np.array([each.close_ns for each in days]))


@cache
def found(seed: int) -> tuple[Candidate, ...]:
    """What the scan finds on the regime day, all history known before."""
    candidates: list[Candidate] = []
    calendar, mine = nyse_calendar(), pl.col("ticker")
    day = calendar.day_on_or_after(REGIME_DAY)
    today = minute_aggregates(made(seed).prints, day)
    for regime in REGIMES:
        scan = SymbolScan(regime.symbol, SessionClock.of(calendar))
        past = daily_bars(made(seed).days.filter(mine == regime.symbol))
        scan.warm_up({Interval.D1: past.take(slice(0, PAST_SESSIONS))})
        for each, rows in made(seed).minutes.items():
            before = calendar.day_on_or_after(each)
            scan.warm_up(piece(minute_bars(rows.filter(mine == regime.symbol), before), before))
        candidates += scan.extend(piece(minute_bars(today.filter(mine == regime.symbol), day), day))
    return tuple(candidates)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("strategy", [detector.strategy for detector in DETECTORS])
def test_no_detector_is_dead(strategy: str, direction: Direction, seed: int) -> None:
    """Each fires in both directions somewhere on the regime days."""
    assert [each for each in found(seed) if (each.strategy, each.direction) == (strategy, direction)]


WHERE = (
    ("SIMR01", "ema_pullback", Direction.LONG),
    ("SIMR02", "ema_pullback", Direction.SHORT),
    ("SIMR03", "inside_day_breakout", Direction.LONG),
    ("SIMR05", "base_breakout", Direction.LONG),
    ("SIMR06", "base_breakout", Direction.SHORT),
    ("SIMR05", "power_hour_trend", Direction.LONG),
    ("SIMR02", "power_hour_trend", Direction.SHORT),
    ("SIMR09", "opening_gap_fill", Direction.LONG),
    ("SIMR10", "opening_gap_fill", Direction.SHORT),
    ("SIMR13", "vwap_reclaim", Direction.LONG),
    ("SIMR14", "vwap_reclaim", Direction.SHORT),
)
"""What a regime was made for; the opening range, noon and the cluster find theirs on many."""


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("symbol", "strategy", "direction"), WHERE)
def test_a_regime_shows_what_it_was_made_for(symbol: str, strategy: str, direction: Direction, seed: int) -> None:
    assert (symbol, strategy, direction) in {(each.symbol, each.strategy, each.direction) for each in found(seed)}


def test_a_detector_is_no_alarm_that_always_rings() -> None:
    """Nine detectors on eighteen shaped days: a handful of signals per symbol and day."""
    per_symbol = Counter(each.symbol for seed in SEEDS for each in found(seed))
    assert max(per_symbol.values()) <= 14 * len(SEEDS)
    assert sum(per_symbol.values()) <= 8 * len(SEEDS) * len(REGIMES)


def test_a_seed_gives_the_same_day_and_another_seed_another() -> None:
    again = simulate_regimes(1)
    assert_frame_equal(again.prints, made(1).prints)
    assert_frame_equal(again.days, made(1).days)
    assert not made(2).days.equals(made(1).days)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> RegimeFiles:
    return write_regimes(tmp_path_factory.mktemp("regimes"), 1)


def test_files_are_the_same_bytes_and_say_that_they_are_simulated(written: RegimeFiles, tmp_path: Path) -> None:
    again = write_regimes(tmp_path, 1)
    assert written.tape.read_bytes() == again.tape.read_bytes()
    assert {path.name for path in written.bars.iterdir()} == {path.name for path in again.bars.iterdir()}
    for path in written.bars.iterdir():
        assert path.read_bytes() == (again.bars / path.name).read_bytes()
    assert "SIMULATED" in (tmp_path / "README.txt").read_text(encoding="utf-8")
    assert all(any(letter.isdigit() for letter in regime.symbol) for regime in REGIMES)


def test_history_loads_as_the_vendors(written: RegimeFiles, day: SessionDay) -> None:
    """Every row a bar, none refused: a year of days and two sessions of minutes per symbol."""
    history = load_bar_history(written.bars, [regime.symbol for regime in REGIMES], nyse_calendar(), day.pre_ns)
    assert history.dead_letters == ()
    assert history.session_date == REGIME_DAY
    for regime in REGIMES:
        assert len(history.days[regime.symbol]) == PAST_SESSIONS + MINUTE_SESSIONS
        regular = history.minutes[regime.symbol].phase == REGULAR
        assert 0.98 * 780 <= regular.sum() <= 780


def test_the_days_fit_together(day: SessionDay) -> None:
    """The past ends where the minutes begin; days fold from minutes; the night is the regime's."""
    calendar = nyse_calendar()
    for regime in REGIMES[::4]:
        days = daily_bars(made(1).days.filter(pl.col("ticker") == regime.symbol))
        assert (days.high >= np.maximum(days.open, days.close)).all()
        assert (days.low <= np.minimum(days.open, days.close)).all()
        for back, each in zip((2, 1), made(1).minutes, strict=True):
            before = calendar.day_on_or_after(each)
            minutes = minute_bars(made(1).minutes[each].filter(pl.col("ticker") == regime.symbol), before)
            folded = fold(minutes, Interval.D1, calendar, before.close_ns).row(0)
            assert (folded.open, folded.close) == (days.open[-back], days.close[-back])
            assert folded.volume == pytest.approx(days.volume[-back])
        assert days.close[-3] == pytest.approx(days.open[-2], rel=0.01)
        opening = made(1).prints.filter(pl.col("ticker") == regime.symbol, pl.col("conditions").is_in(["17", "9,25"]))
        gap = opening.get_column("price")[0] / days.close[-1] - 1
        assert gap == pytest.approx(regime.night * regime.volatility, abs=0.001)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("past", Past)
def test_a_past_ends_at_its_price(past: Past, sign: int) -> None:
    path = daily_path(np.random.default_rng(1), past, sign, 300, 0.02, 80.0, 1e6)
    assert path.close[-1] == 80.0
    assert len(path.close) == 300
    assert (path.low > 0).all()


def test_a_past_goes_the_way_of_its_story() -> None:
    """Up most of the way, down in the last days for a pullback, sideways for a base."""
    for sign in (1, -1):
        pullback = daily_path(np.random.default_rng(2), Past.PULLBACK, sign, 300, 0.01, 80.0, 1e6).close
        assert sign * (pullback[-6] - pullback[0]) > 0
        assert sign * (pullback[-1] - pullback[-6]) < 0
        base = daily_path(np.random.default_rng(2), Past.BASE, sign, 300, 0.01, 80.0, 1e6).close
        assert sign * np.log(base[-40] / base[0]) > 0.2
        assert np.ptp(np.log(base[-40:])) <= 0.021


def test_the_regime_day_is_a_session() -> None:
    assert nyse_calendar().day_on_or_after(REGIME_DAY).date == REGIME_DAY == date(2026, 6, 17)
