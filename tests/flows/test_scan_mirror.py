"""L6 with the scanner on: mirror all prices of tape and history, and every candidate and plan is the mirrored one.

Each symbol is mirrored around a price of its own, C -> C - p, such that price and image lie in one band of round
numbers, of whose step C is a multiple: then round numbers, which belong to the decimal system and not to the market,
are their own mirror image, and nothing has to be left out.  Dollars per minute stay near enough for the gates.
"""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest

from tests.flows.scanned import OPENS, Row, Scanned, scan, sessions, simulated, told
from tests.flows.test_scan_laws_on_real_days import STOCKS, TRADES
from tests.operators.scan.mirrored_names import turned_name

REAL: Final = {"AIG": 96, "BAC": 28, "IBM": 360, "SPY": 330}
SIMULATED: Final = {symbol: int(2 * price) for symbol, price in OPENS.items()}
SESSIONS: Final = 7
EXACT: Final = 1e-9
PRICES: Final = {"open": "open", "high": "low", "low": "high", "close": "close"}
OTHER: Final = {"long": "short", "short": "long"}
UNMIRRORED: Final = ("dollars",)
"""A mirrored price is another number of dollars for the same shares; the gate's answer must still be the same."""
HEAD: Final = ("symbol", "strategy", "direction", "at_ns", "session_date", "ordinal", "plan_id", "actionable")


@pytest.fixture(scope="module")
def real(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Scanned, Scanned]:
    """A recorded day with history, and its mirror image."""
    folder = tmp_path_factory.mktemp("real")
    files = sorted((shared_data / TRADES).glob("*.csv.gz"))[-1:]
    days = sorted((shared_data / STOCKS / "minute_aggs_v1/2013/10").glob("*.csv.gz"))
    bars = [*days, shared_data / STOCKS / "day_aggs_by_ticker.csv.gz"]
    history = [mirrored_bars(path, folder / "bars", turn=turn) for path in bars for turn in (False, True)]
    assert history
    ours = scan(files, f"sqlite:///{folder}/ours.db", bars=folder / "bars" / "False")
    turned = [mirrored_prints(path, folder, REAL) for path in files]
    return ours, scan(turned, f"sqlite:///{folder}/theirs.db", bars=folder / "bars" / "True")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scanned, Scanned]:
    """Seven simulated sessions in a row, and their mirror image."""
    folder = tmp_path_factory.mktemp("made")
    files = simulated(folder / "tape", SESSIONS)
    end_ns = sessions(SESSIONS)[-1].post_end_ns
    turned = [mirrored_prints(path, folder, SIMULATED) for path in files]
    ours = scan(files, f"sqlite:///{folder}/ours.db", to_ns=end_ns)
    return ours, scan(turned, f"sqlite:///{folder}/theirs.db", to_ns=end_ns)


@pytest.mark.parametrize(("world", "around", "least"), [("real", REAL, 12), ("made", SIMULATED, 30)])
def test_l6_a_mirrored_tape_gives_the_mirrored_candidates(
    request: pytest.FixtureRequest, world: str, around: Mapping[str, int], least: int
) -> None:
    """The same setups at the same instants in the other direction, same confidence, same R, same odds."""
    ours, theirs = request.getfixturevalue(world)
    assert len(ours.scans) > least
    mirrored = sorted(turned_head(row) for row in theirs.scans)
    assert sorted(row[: len(HEAD)] for row in ours.scans) == mirrored
    images = {turned_head(row): row for row in theirs.scans}
    for row in ours.scans:
        image = images[row[: len(HEAD)]]
        assert row[8] == image[8]
        check_profiles(json.loads(row[9]), json.loads(image[9]), around[row[0]])
        conditions = zip(json.loads(row[11]), json.loads(image[11]), strict=True)
        for mine, other in conditions:
            assert (turned_name(mine["name"]), mine["ok"]) == (other["name"], other["ok"])
            if mine["name"] in UNMIRRORED:
                continue
            assert mine["value"] == (None if other["value"] is None else pytest.approx(other["value"], abs=1e-6))


@pytest.mark.parametrize(("world", "around", "least"), [("real", REAL, 40), ("made", SIMULATED, 120)])
def test_l6_a_mirrored_tape_gives_the_mirrored_events(
    request: pytest.FixtureRequest, world: str, around: Mapping[str, int], least: int
) -> None:
    """Kinds, instants and R of every plan's events are equal, prices mirrored."""
    ours, theirs = request.getfixturevalue(world)
    mine = told(ours.replayed.events)
    images = sorted(((turned_id(row[0]), *row[1:]) for row in told(theirs.replayed.events)), key=lambda row: row[:2])
    assert [row[:5] for row in mine] == [row[:5] for row in images]
    assert len(mine) > least
    for (plan_id, *_, price, data), (*_, image, image_data) in zip(mine, images, strict=True):
        center = around[plan_id.split(".")[0]]
        assert price == (None if image is None else pytest.approx(center - image, abs=EXACT))
        for name in ("r", "realized_r", "index", "reason", "fraction", "risk"):
            value = image_data.get(name)
            assert data.get(name) == (pytest.approx(value, abs=EXACT) if isinstance(value, float) else value)


def check_profiles(mine: dict[str, Any], image: dict[str, Any], center: int) -> None:
    """Hold one structured plan against its mirror image."""
    for name in ("style", "strategy", "actionable", "reason", "stop_basis", "size", "as_of"):
        assert mine[name] == image[name], name
    assert mine["stop"] == (None if image["stop"] is None else pytest.approx(center - image["stop"], abs=EXACT))
    assert mine["entry"]["level"] == pytest.approx(center - image["entry"]["level"], abs=EXACT)
    assert [each["price"] for each in mine["targets"]] == [
        pytest.approx(center - each["price"], abs=EXACT) for each in image["targets"]
    ]
    assert [each["r"] for each in mine["targets"]] == [pytest.approx(each["r"], abs=1e-6) for each in image["targets"]]
    for mine_odds, image_odds in zip(mine["probabilities"], image["probabilities"], strict=True):
        assert mine_odds == pytest.approx(image_odds, abs=1e-6)


def turned_head(row: Row) -> Row:
    """What names a candidate, of the other direction."""
    symbol, strategy, direction, at_ns, session, ordinal, plan_id, actionable = row[: len(HEAD)]
    plan = None if plan_id is None else turned_id(plan_id)
    return symbol, strategy, OTHER[direction], at_ns, session, ordinal, plan, actionable


def turned_id(plan_id: str) -> str:
    """The plan's name in the other direction."""
    return ".".join(OTHER.get(part, part) for part in plan_id.split("."))


def mirrored_prints(path: Path, folder: Path, around: Mapping[str, int]) -> Path:
    """Write a day with every price reflected; prices have at most four decimals."""
    rows = pl.read_csv(path, schema_overrides={"conditions": pl.String})
    to = folder / path.name.removesuffix(".gz")
    rows.with_columns(price=reflected("price", around)).write_csv(to)
    return to


def mirrored_bars(path: Path, folder: Path, *, turn: bool) -> Path:
    """Write aggregates of the symbols here, reflected or as they are."""
    rows = pl.read_csv(path).filter(pl.col("ticker").is_in(list(REAL)))
    if turn:
        rows = rows.with_columns(reflected(other, REAL).alias(name) for name, other in PRICES.items())
    to = folder / str(turn) / path.parent.name / path.name
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(gzip.compress(rows.write_csv().encode()))
    return to


def reflected(name: str, around: Mapping[str, int]) -> pl.Expr:
    """A price column mirrored, in ten-thousandths, so that no float noise comes in."""
    center = pl.col("ticker").replace_strict(around, return_dtype=pl.Int64)
    units = center * 10_000 - (pl.col(name) * 10_000).round().cast(pl.Int64)
    return (units.cast(pl.Float64) / 10_000).alias(name)
