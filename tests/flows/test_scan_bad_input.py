"""Difficult tapes with the scanner on (halts, flat prices, pennies, thousands), and inputs that are none."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest

from flows.simulation.market import simulate
from flows.simulation.paths import SymbolSpec
from flows.simulation.vendor import by_ticker
from operators.proposing.proposer import tick_of
from operators.times import MINUTE_NS
from tests.flows.made import OPEN_NS, Command, rows_of, speaker, vendor_row, write_plans, write_tape
from tests.flows.scanned import SHAPES, Row, Scanned, scan, sessions, write_prints

SESSIONS: Final = 5
HOLE: Final = (60, 180)
"""Minutes after the open during which the halted symbol does not trade: two hours."""
HALT: Final = (120, 126)
WORLD: Final = ("FLAT", "GAPS", "HALT", "ONCE", "PENY", "PRCY", "SUBP", "THIN")


@dataclass(frozen=True)
class World:
    """The difficult tape, and its replay without history."""

    tape: list[Path]
    found: Scanned

    def scans(self, symbol: str) -> list[Row]:
        """A symbol's candidates."""
        return [row for row in self.found.scans if row[0] == symbol]

    def bars(self, symbol: str, interval: str = "1m") -> list[Row]:
        """A symbol's bars."""
        return [row for row in self.found.bars if row[:2] == (symbol, interval)]


def renamed(frame: pl.DataFrame, symbol: str, **changes: Any) -> pl.DataFrame:
    """The same prints under another name, changed."""
    return frame.with_columns(ticker=pl.lit(symbol), **changes)


def difficult(number: int) -> pl.DataFrame:
    """One session of all of them."""
    day = sessions(SESSIONS)[number]
    spec = SymbolSpec("SIMA", 50.0, 0.02, 3_000, SHAPES[number % len(SHAPES)], gap=0.0)
    usual = simulate((6, number), day, [spec])
    minute = (pl.col("sip_timestamp") - day.open_ns) / MINUTE_NS
    without = {name: usual.filter(~minute.is_between(*hole)) for name, hole in (("GAPS", HOLE), ("HALT", HALT))}
    price, more = pl.col("price"), pl.col("size") * 1_000
    frames = [
        renamed(usual, "FLAT", price=pl.lit(50.0)),
        renamed(without["GAPS"], "GAPS"),
        renamed(without["HALT"], "HALT"),
        renamed(usual.filter(minute >= 30).head(1), "ONCE"),
        renamed(usual, "PENY", price=(price / 20).round(4), size=more),
        renamed(usual, "PRCY", price=(price * 80).round(2)),
        renamed(usual, "SUBP", price=(price / 2_000).round(4), size=more),
        renamed(usual.gather_every(400), "THIN"),
    ]
    return by_ticker(pl.concat(frames))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Five sessions; numbers that are none would be warnings, and warnings are errors here."""
    folder = tmp_path_factory.mktemp("difficult")
    tape = write_prints(folder, sessions(SESSIONS), map(difficult, range(SESSIONS)))
    return World(tape, scan(tape, f"sqlite:///{folder}/plans.db", to_ns=sessions(SESSIONS)[-1].post_end_ns))


def test_every_symbol_gets_its_bars_and_nothing_is_left_over(world: World) -> None:
    assert {row[0] for row in world.found.bars} == set(WORLD)
    assert rows_of(world.found.replayed.database, "SELECT count(*) FROM dead_letters") == [(0,)]


@pytest.mark.parametrize("symbol", ["FLAT", "ONCE", "THIN"])
def test_where_nothing_moves_or_trades_nothing_is_found(world: World, symbol: str) -> None:
    """One-tick bars have no range, a print a day and one in ten minutes no trend; both have bars all the same."""
    assert world.bars(symbol)
    assert world.scans(symbol) == []


def test_one_tick_bars_have_no_range_and_zero_atr_is_no_yardstick(world: World) -> None:
    assert {(row[5], row[6]) for row in world.bars("FLAT")} == {(50.0, 50.0)}


@pytest.mark.parametrize(("symbol", "hole"), [("GAPS", HOLE), ("HALT", HALT)])
def test_a_hole_has_no_bars(world: World, symbol: str, hole: tuple[int, int]) -> None:
    """Nothing is made up for minutes without prints."""
    for day in sessions(SESSIONS):
        start, end = (day.open_ns + minute * MINUTE_NS for minute in hole)
        assert not [row for row in world.bars(symbol) if start < row[2] < end]
        assert [row for row in world.bars(symbol) if end < row[2] < day.close_ns]


def test_a_gap_of_two_hours_keeps_scalps_and_intraday_ideas_away_for_half_an_hour(world: World) -> None:
    """And the session goes on after that."""
    found = world.scans("GAPS")
    opens = {day.date.isoformat(): day.open_ns for day in sessions(SESSIONS)}
    minutes = [(row[3] - opens[row[4]]) / MINUTE_NS for row in found]
    assert minutes
    assert not [minute for minute in minutes if HOLE[0] + 1 < minute < HOLE[1] + 30]


@pytest.mark.parametrize(("symbol", "prices"), [("PENY", (1, 5)), ("PRCY", (3_000, 5_000)), ("SUBP", (0.01, 0.05))])
def test_pennies_and_thousands_are_found_and_every_price_is_on_its_tick(
    world: World, symbol: str, prices: tuple[float, float]
) -> None:
    """Ladders run stop, entry, targets; sizes are whole shares within the budget."""
    found = world.scans(symbol)
    assert found
    for row in found:
        plan = json.loads(row[9])
        if not row[7]:
            assert plan["reason"]
            continue
        rungs = [plan["stop"], plan["entry"]["level"], *(target["price"] for target in plan["targets"])]
        assert rungs == sorted(rungs, reverse=row[2] == "short")
        assert len(set(rungs)) == len(rungs)
        assert all(prices[0] < rung < prices[1] for rung in rungs)
        ticks = [rung / tick_of(rungs[1]) for rung in rungs]
        assert ticks == [pytest.approx(round(each), abs=1e-6) for each in ticks]
        assert plan["size"] * plan["risk_per_share"] <= 500 + 1e-9


def test_without_history_there_are_no_daily_ideas_and_no_levels_of_before(world: World) -> None:
    """On the first day nothing is known of any day before, and nothing is pretended."""
    first = sessions(1)[0].date.isoformat()
    assert not [row for row in world.found.scans if row[1] in ("ema_pullback", "inside_day_breakout", "base_breakout")]
    kinds = {line["kind"] for row in world.found.scans if row[4] == first for line in json.loads(row[9])["snap_trace"]}
    assert kinds
    assert not [kind for kind in kinds if kind.startswith("prior_")]


def test_l1_difficult_tapes_are_the_same_in_any_frames(world: World, tmp_path: Path) -> None:
    end_ns = sessions(SESSIONS)[-1].post_end_ns
    for rows in (1_500, 70_000):
        found = scan(world.tape, f"sqlite:///{tmp_path}/{rows}.db", to_ns=end_ns, batch_rows=rows)
        assert found.everything == world.found.everything


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in this process."""
    return speaker(capsys)


@pytest.fixture
def asked(command: Command, world: World, tmp_path: Path) -> Callable[..., Any]:
    """Replays the first session with more options; nothing may have been written when it is refused."""
    database = tmp_path / "asked.db"

    def ask(*options: object) -> Any:
        return command("replay", world.tape[0], "--db", f"sqlite:///{database}", *options)

    return ask


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("PENY\nPRCY, FLAT\n", "line 2: got 'PRCY, FLAT'; must be one ticker"),
        ("# nobody\n\n", "holds no ticker; must be one per line"),
        ("A" * 60, "line 1: got"),
        ("PENY HALT\n", "line 1: got 'PENY HALT'"),
    ],
)
def test_a_universe_that_is_none_is_refused(
    asked: Callable[..., Any], tmp_path: Path, text: str, complaint: str
) -> None:
    """One line with the file, the line and what it must be; nothing is written."""
    universe = tmp_path / "universe.txt"
    universe.write_text(text)
    said = asked("--universe", universe)
    assert said.code == 2
    assert said.only_line.startswith(f"{universe}: {complaint}")
    assert not (tmp_path / "asked.db").exists()


def test_a_universe_that_is_not_there_is_missing(asked: Callable[..., Any], tmp_path: Path) -> None:
    said = asked("--universe", tmp_path / "none.txt")
    assert (said.code, said.only_line) == (3, f"{tmp_path / 'none.txt'}: no such file")


def test_a_universe_limits_what_is_scanned(asked: Callable[..., Any], world: World, tmp_path: Path) -> None:
    """Remarks and empty lines are passed over; a ticker that is not on the tape has no bars."""
    universe = tmp_path / "universe.txt"
    universe.write_text("# mine\nPENY  # cheap\n\nZZZZ\n")
    assert asked("--universe", universe).code == 0
    database = f"sqlite:///{tmp_path / 'asked.db'}"
    assert rows_of(database, "SELECT DISTINCT symbol FROM bars") == [("PENY",)]
    first = sessions(1)[0].date.isoformat()
    found = rows_of(database, "SELECT * FROM scan_results ORDER BY symbol, strategy, direction, at_ns")
    assert found == [row for row in world.scans("PENY") if row[4] == first]


def test_an_empty_folder_of_bars_is_missing_data(asked: Callable[..., Any], tmp_path: Path) -> None:
    folder = tmp_path / "bars"
    folder.mkdir()
    said = asked("--bars", folder)
    assert said.code == 3
    assert said.only_line.startswith(f"{folder}: no aggregates here; looked for ")
    assert asked("--bars", tmp_path / "nowhere").code == 3


def test_splits_that_are_none_are_refused_also_without_history(asked: Callable[..., Any], tmp_path: Path) -> None:
    """They are read whenever they are named: a split on the tape counts too."""
    splits = tmp_path / "splits.csv"
    splits.write_text("symbol,ex_date,from,to\nPENY,yesterday,1,2\n")
    said = asked("--splits", splits)
    assert said.code == 2
    assert said.only_line.startswith(f"{splits}: row 1: ex_date: got 'yesterday'")


def test_nothing_to_watch_is_bad_usage(asked: Callable[..., Any], tmp_path: Path) -> None:
    said = asked("--no-scan")
    assert (said.code, said.only_line) == (2, "nothing to watch: give --plans, or leave out --no-scan")
    assert not (tmp_path / "asked.db").exists()


def test_no_scan_with_plans_builds_no_bars(asked: Callable[..., Any], tmp_path: Path) -> None:
    plan = {"plan_id": "P", "symbol": "PENY", "style": "swing", "direction": "long", "entry": 2.4, "stop": 2.0}
    plans = write_plans(tmp_path, [plan | {"targets": [3.0]}])
    assert asked("--no-scan", "--plans", plans).code == 0
    database = f"sqlite:///{tmp_path / 'asked.db'}"
    assert rows_of(database, "SELECT count(*) FROM bars") == [(0,)]
    assert rows_of(database, "SELECT count(*) FROM scan_results") == [(0,)]
    assert rows_of(database, "SELECT count(*) FROM plans") == [(1,)]


@pytest.mark.parametrize("name", ["12\0003", " PENY", "PENY HALT"])
def test_a_name_that_is_no_ticker_is_told_and_not_scanned(
    command: Command, database_url: str, tmp_path: Path, name: str
) -> None:
    """On both engines, of which one cannot hold the first."""
    rows = [vendor_row("AAA", number, OPEN_NS + number, "10.5") for number in range(1, 4)]
    tape = write_tape(tmp_path, [*rows, vendor_row(name, 4, OPEN_NS + 4, "10.5")])
    said = command("replay", tape, "--db", database_url)
    assert said.code == 0
    assert f"1 names on the tape are no tickers, and are not scanned: {name!r}" in said.err
    assert rows_of(database_url, "SELECT symbol FROM progress") == [("AAA",)]
