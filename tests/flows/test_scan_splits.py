"""Splits with the scanner on: between two replayed sessions, and between history and the first one.

Two for one is exact in binary: a tape whose later sessions trade at half the price in twice the shares must give, once
the split is declared, the candidates of the tape without a split, to the last bit.
"""

import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.flows.made import rows_of
from tests.flows.scanned import Row, Scanned, scan, sessions, simulated_prints, write_prints

SESSIONS, BEFORE = 9, 6
SPLIT = "SIMA"
HALVED = ("session_high", "prior_high", "prior_close", "vwap", "close", "atr", "atr_1d", "ema_slow")


@pytest.fixture(scope="module")
def ex_date() -> date:
    """The first session in the new shares."""
    return sessions(SESSIONS)[BEFORE].date


@pytest.fixture(scope="module")
def splits(tmp_path_factory: pytest.TempPathFactory, ex_date: date) -> Path:
    """A file that declares it, among splits of no concern: past ones, of others, and of after the tape."""
    path = tmp_path_factory.mktemp("splits") / "splits.csv"
    others = "SIMA,2020-01-02,1,7\nSIMZ,2026-05-20,1,3\nSIMA,2026-12-01,1,5\n"
    path.write_text(f"symbol,ex_date,from,to\n{others}{SPLIT},{ex_date},1,2\n")
    return path


@pytest.fixture(scope="module")
def tapes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """Sessions without a split, and the same with one."""
    days = sessions(SESSIONS)
    frames = [simulated_prints(4, number, day) for number, day in enumerate(days)]
    halved = [*frames[:BEFORE], *map(in_new_shares, frames[BEFORE:])]
    folder = tmp_path_factory.mktemp("tapes")
    return {name: write_prints(folder / name, days, each) for name, each in (("plain", frames), ("split", halved))}


def in_new_shares(frame: pl.DataFrame) -> pl.DataFrame:
    """Two for one."""
    ours = pl.col("ticker") == SPLIT
    price, size = (
        pl.when(ours).then(pl.col(name) * by).otherwise(pl.col(name)) for name, by in (("price", 0.5), ("size", 2))
    )
    return frame.with_columns(price=price, size=size)


@pytest.fixture(scope="module")
def plain(tapes: dict[str, list[Path]], tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    return scan(tapes["plain"], url(tmp_path_factory.mktemp("plain")))


@pytest.fixture(scope="module")
def declared(tapes: dict[str, list[Path]], splits: Path, tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    return scan(tapes["split"], url(tmp_path_factory.mktemp("declared")), splits=splits)


def url(folder: Path, name: str = "plans") -> str:
    return f"sqlite:///{folder}/{name}.db"


def found(rows: list[Row]) -> list[Row]:
    """Symbol, strategy, direction, instant and session, confidence."""
    return [(*row[:5], row[8]) for row in rows]


def later(rows: list[Row], ex_date: date) -> list[Row]:
    """Candidates of the split symbol from the ex-date on."""
    return [row for row in rows if row[0] == SPLIT and row[4] >= ex_date.isoformat()]


def test_a_declared_split_changes_no_candidate(plain: Scanned, declared: Scanned, ex_date: date) -> None:
    """The same setups at the same instants; what is measured in ATR is equal, what is in dollars is half."""
    assert found(declared.scans) == found(plain.scans)
    ours, theirs = later(plain.scans, ex_date), later(declared.scans, ex_date)
    assert len(ours) > 5
    for row, twin in zip(ours, theirs, strict=True):
        assert measured(row) == measured(twin)
        features, halved = json.loads(row[10]), json.loads(twin[10])
        for name in HALVED:
            value = features.get(name)
            assert halved.get(name) == (None if value is None else value / 2)


def measured(row: Row) -> list[dict[str, Any]]:
    """A candidate's conditions, but for the two that are dollars."""
    return [each for each in json.loads(row[11]) if each["name"] not in ("atr_known", "hour_atr_known")]


def test_levels_and_expected_move_of_before_are_told_in_the_new_shares(
    plain: Scanned, declared: Scanned, ex_date: date
) -> None:
    """Prior highs, closes and weeks: half the price, in dollars that the engine decides by."""
    for row, twin in zip(later(plain.scans, ex_date), later(declared.scans, ex_date), strict=True):
        before, after = (inherited(json.loads(each[9])) for each in (row, twin))
        assert len(before) >= 3
        assert after == [(kind, pytest.approx(price / 2)) for kind, price in before]
        move, half = (json.loads(each[9])["em_used"] for each in (row, twin))
        assert half["dollars"] == pytest.approx(move["dollars"] / 2)


def inherited(profile: dict[str, Any]) -> list[tuple[str, float]]:
    """The levels that the days before left."""
    return sorted((each["kind"], each["price"]) for each in profile["snap_trace"] if each["kind"].startswith("prior_"))


def test_an_undeclared_split_is_seen_in_the_answer(
    tapes: dict[str, list[Path]], plain: Scanned, tmp_path: Path
) -> None:
    """So the file is what makes the difference."""
    assert found(scan(tapes["split"], url(tmp_path)).scans) != found(plain.scans)


@pytest.mark.parametrize("batch_rows", [900, 40_000])
def test_l1_however_the_tape_is_cut_around_an_ex_date(
    tapes: dict[str, list[Path]], splits: Path, declared: Scanned, sqlite_url: str, batch_rows: int
) -> None:
    assert scan(tapes["split"], sqlite_url, splits=splits, batch_rows=batch_rows).everything == declared.everything


def test_other_symbols_and_earlier_sessions_do_not_notice(plain: Scanned, declared: Scanned, ex_date: date) -> None:
    """Every row of theirs is the same, to the byte."""

    def others(rows: list[Row], session: int) -> list[Row]:
        return [row for row in rows if row[0] != SPLIT or str(row[session]) < ex_date.isoformat()]

    assert others(declared.scans, 4) == others(plain.scans, 4)
    assert [row for row in declared.bars if row[0] != SPLIT] == [row for row in plain.bars if row[0] != SPLIT]


def test_a_split_between_history_and_the_first_session_halves_its_levels(
    tapes: dict[str, list[Path]], plain: Scanned, splits: Path, tmp_path: Path, ex_date: date
) -> None:
    """The bars of before come from a folder; prior levels stand in the new shares from the first print on."""
    days = sessions(SESSIONS)[BEFORE]
    bars = tmp_path / "bars"
    bars.mkdir()
    write_aggregates(bars / "minutes.csv", plain.replayed.database, days.pre_ns)
    history = scan(tapes["split"][BEFORE:], url(tmp_path), splits=splits, bars=bars)
    loaded, built = later(history.scans, ex_date), later(plain.scans, ex_date)
    instants = {row[:4]: row for row in built}
    both = [(row, instants[row[:4]]) for row in loaded if row[:4] in instants]
    assert len(both) >= 3
    for row, twin in both:
        today, other = (inherited(json.loads(each[9])) for each in (row, twin))
        days_before = [each for each in today if each[0].startswith(("prior_day", "prior_week"))]
        assert days_before
        expected = [
            (kind, pytest.approx(price / 2)) for kind, price in other if kind.startswith(("prior_day", "prior_week"))
        ]
        assert days_before == expected


def write_aggregates(path: Path, database: str, before_ns: int) -> None:
    """Write built minutes as the vendor's files have them."""
    query = "SELECT symbol, volume, open, close, high, low, start_ns, trades FROM bars WHERE interval = '1m'"
    rows = rows_of(database, f"{query} AND end_ns <= {before_ns} ORDER BY symbol, start_ns")
    header = "ticker,volume,open,close,high,low,window_start,transactions"
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows), ""]))
