"""Replays with `--options`: a recorded day, scanned with made option chains beside it."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flows.meter import Meter
from flows.options import ReplayOptions
from flows.replay import prepare, run
from operators.times import MINUTE_NS, iso, parse_instant
from sinks.database import open_database, reading
from sinks.option_quotes import option_chain_asof
from tests.flows.made import Command, rows_of, speaker

HEADER = "ticker,ask_exchange,ask_price,ask_size,bid_exchange,bid_price,bid_size,sequence_number,sip_timestamp"
QUOTED_NS = parse_instant("2013-10-07T10:00:00-04:00")
CUT_NS = parse_instant("2013-10-07T11:30:00-04:00")
CLOSE_NS = parse_instant("2013-10-07T16:00:00-04:00")
MONEY = 182.0
"""About where IBM traded."""


class Found(NamedTuple):
    """A stored candidate."""

    symbol: str
    at_ns: int
    profile: dict[str, Any]

    @property
    def basis(self) -> str | None:
        move = self.profile["em_used"]
        return None if move is None else str(move["basis"])


def quotes(from_ns: int, to_ns: int, time_value: float, root: str = "IBM") -> list[str]:
    """A chain around the money, quoted 7 seconds after each minute within [from, to); it expires on the 11th."""
    rows = []
    for strike in (175, 180, 182.5, 185, 190):
        for right, sign in (("C", 1), ("P", -1)):
            middle = max(sign * (MONEY - strike), 0) + time_value
            ticker = f"O:{root}131011{right}{round(strike * 1_000):08d}"
            for number, at_ns in enumerate(range(from_ns + 7_000_000_000, to_ns, MINUTE_NS)):
                shift = number % 5 / 100
                rows.append(f"{ticker},1,{middle + shift + 0.05:.2f},10,1,{middle + shift - 0.05:.2f},10,1,{at_ns}")
    return rows


def written(folder: Path, rows: list[str]) -> Path:
    folder.mkdir()
    (folder / "2013-10-07.csv.gz").write_bytes(gzip.compress("\n".join([HEADER, *rows, ""]).encode()))
    return folder


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in this process."""
    return speaker(capsys)


@pytest.fixture
def stocks(shared_data: Path) -> Path:
    """Recorded prints and bars."""
    return shared_data / "flatfiles" / "us_stocks_sip"


@pytest.fixture
def scanned(stocks: Path, tmp_path: Path) -> Callable[..., str]:
    """Replays the day with options of a folder; returns the database's URL."""
    count = 0

    def runner(options: Path | None, **others: Any) -> str:
        nonlocal count
        count += 1
        database = f"sqlite:///{tmp_path}/run-{count}.db"
        tape = stocks / "trades_v1/2013/10/2013-10-07.csv.gz"
        symbols = frozenset({"IBM", "BAC"})
        asked = ReplayOptions((tape,), None, database, scan=True, bars=stocks, symbols=symbols, option_quotes=options)
        run(prepare(replace(asked, **others)), Meter())
        return database

    return runner


def candidates(database: str) -> list[Found]:
    rows = rows_of(database, "SELECT symbol, at_ns, profile FROM scan_results ORDER BY at_ns, symbol, strategy")
    return [Found(symbol, at_ns, json.loads(profile)) for symbol, at_ns, profile in rows]


def stored(database: str, table: str, until_ns: int) -> list[Any]:
    return rows_of(database, f"SELECT * FROM {table} WHERE at_ns <= {until_ns} ORDER BY 1, 2, 3, 4")


def test_a_chain_gives_the_move_where_it_is_quoted_and_bars_do_elsewhere(
    scanned: Callable[..., str], tmp_path: Path
) -> None:
    """The plan names its basis, and the two quotes it stands on can be looked up."""
    database = scanned(written(tmp_path / "opra", quotes(QUOTED_NS, CLOSE_NS, 1.5)))
    found = candidates(database)
    from_chain = {(each.symbol, each.at_ns) for each in found if each.basis == "atm_straddle"}
    assert from_chain == {
        (each.symbol, each.at_ns) for each in found if each.symbol == "IBM" and each.at_ns > QUOTED_NS
    }
    assert {each.basis for each in found} == {"atm_straddle", "realized_volatility"}
    assert {each.basis for each in found if each.symbol == "IBM"} == {"atm_straddle", "realized_volatility"}
    legs = set()
    engine = open_database(database)
    with reading(engine) as connection:
        for each in found:
            if each.basis == "atm_straddle":
                move = each.profile["em_used"]
                known = option_chain_asof(connection, each.symbol, each.at_ns)
                call, put = (quote for quote in known if quote.strike == move["strike"])
                assert (call.type, put.type, call.expiry) == ("call", "put", "2013-10-11")
                assert iso(max(call.at_ns, put.at_ns)) == move["available_at"]
                assert max(call.at_ns, put.at_ns) <= each.at_ns
                legs |= {(quote.contract, quote.at_ns) for quote in (call, put)}
    engine.dispose()
    assert set(rows_of(database, "SELECT contract, at_ns FROM option_quotes")) == legs


def test_nothing_quoted_later_changes_what_was_found_before(scanned: Callable[..., str], tmp_path: Path) -> None:
    """L5: the future cut off, another future, and the tape itself cut there."""
    past = quotes(QUOTED_NS, CUT_NS, 1.5)
    whole = written(tmp_path / "whole", [*past, *quotes(CUT_NS, CLOSE_NS, 1.5)])
    other = written(tmp_path / "other", [*past, *quotes(CUT_NS, CLOSE_NS, 4.0)])
    cut = written(tmp_path / "cut", past)
    first, ended = scanned(whole), scanned(whole, to_ns=CUT_NS)
    others = [scanned(other), scanned(cut), ended]
    for table in ("scan_results", "plan_events"):
        expected = stored(first, table, CUT_NS)
        assert expected
        for database in others:
            assert stored(database, table, CUT_NS) == expected
    decided = set(stored(ended, "option_quotes", CUT_NS))
    assert decided
    assert all(decided <= set(stored(each, "option_quotes", CUT_NS)) for each in (first, *others))
    later = [[each for each in candidates(database) if each.at_ns > CUT_NS] for database in (first, others[0])]
    assert later[0] != later[1]


def test_frames_and_workers_change_nothing(scanned: Callable[..., str], tmp_path: Path) -> None:
    """L1 and L2, with chains beside the tape."""
    folder = written(tmp_path / "opra", quotes(QUOTED_NS, CLOSE_NS, 1.5))
    whole, parts = scanned(folder), scanned(folder, batch_rows=5_003, workers=2)
    for table in ("scan_results", "option_quotes"):
        assert stored(parts, table, CLOSE_NS) == stored(whole, table, CLOSE_NS) != []


def test_a_replay_tells_what_of_the_options_it_could_not_use(command: Command, stocks: Path, tmp_path: Path) -> None:
    rows = [*quotes(QUOTED_NS, CLOSE_NS, 1.5), "O:IBM,1,2,3,4,5,6,7,8", *quotes(QUOTED_NS, CUT_NS, 1.5, root="IBM1")]
    folder, database = written(tmp_path / "opra", rows), f"sqlite:///{tmp_path}/told.db"
    tape = stocks / "trades_v1/2013/10/2013-10-07.csv.gz"
    common = ("--bars", stocks, "--options", folder)
    said = command("replay", tape, *common, "--symbols", "IBM", "--db", database, "--json")
    assert said.code == 0
    assert said.err == "fancy-trader: 900 quotes of adjusted option contracts (IBM1) are left out\n"
    letters = rows_of(database, "SELECT source, field FROM dead_letters")
    assert letters == [(str(folder / "2013-10-07.csv.gz"), "ticker")]
    assert rows_of(database, "SELECT count(*) > 0 FROM option_quotes") == [(1,)]


def test_a_backtest_takes_options_too(command: Command, stocks: Path, tmp_path: Path) -> None:
    folder = written(tmp_path / "opra", quotes(QUOTED_NS, CLOSE_NS, 1.5))
    universe, database = tmp_path / "universe.txt", f"sqlite:///{tmp_path}/backtest.db"
    universe.write_text("IBM\n")
    tape = stocks / "trades_v1/2013/10/2013-10-07.csv.gz"
    chart = ("--chart", tmp_path / "chart.html", "--db", database, "--universe", universe, "--json")
    said = command("backtest", tape, "--bars", stocks, "--options", folder, *chart)
    assert said.code == 0
    assert rows_of(database, "SELECT count(*) > 0 FROM option_quotes") == [(1,)]


@pytest.mark.parametrize("name", ["replay", "backtest"])
def test_a_folder_that_is_none_is_missing_data(command: Command, stocks: Path, tmp_path: Path, name: str) -> None:
    tape = stocks / "trades_v1/2013/10/2013-10-07.csv.gz"
    said = command(name, tape, "--options", tmp_path / "none", "--db", f"sqlite:///{tmp_path}/none.db")
    assert (said.code, said.only_line) == (3, f"{tmp_path}/none: no such folder")
