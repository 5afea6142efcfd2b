"""`fancy-trader backtest`, as a person types it, on the two recorded days."""

import io
import json
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from flows.cli import run
from tests.flows.made import Command, speaker


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in this process."""
    return speaker(capsys)


@pytest.fixture(scope="module")
def days(shared_data: Path) -> tuple[str, ...]:
    """The two days, and the folder of their history."""
    folder = shared_data / "flatfiles" / "us_stocks_sip"
    return str(folder / "trades_v1" / "2013" / "10"), "--bars", str(folder)


@pytest.fixture(scope="module")
def whole(days: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """The report of both days, and its chart's page."""
    chart, out = tmp_path_factory.mktemp("whole") / "chart.html", io.StringIO()
    with redirect_stdout(out):
        assert run(["backtest", *days, "--chart", str(chart), "--json"]) == 0
    return json.loads(out.getvalue()), chart.read_text("utf-8")


def test_a_backtest_reports_every_strategy_and_saves_its_chart(whole: tuple[dict[str, Any], str]) -> None:
    report, page = whole
    groups = {group["strategy"]: group["performance"] for group in report["groups"]}
    assert {"opening_range_retest", "vwap_reclaim", "midday_reversion", "opening_gap_fill"} <= set(groups)
    total = report["total"]["performance"]
    assert total["plans"] == sum(group["plans"] for group in groups.values())
    assert total["finished"] > 20
    assert page.count("<svg") == 2
    for start in (page.index("<svg"), page.rindex("<svg")):
        ET.fromstring(page[start : page.index("</svg>", start) + len("</svg>")])


def test_one_strategy_alone_gives_that_part_of_the_whole(
    command: Command, days: tuple[str, ...], whole: tuple[dict[str, Any], str], tmp_path: Path
) -> None:
    chart = ("--chart", str(tmp_path / "chart.html"), "--json")
    part = json.loads(command("backtest", *days, "--strategy", "vwap_reclaim", *chart).out)
    (own,) = [group for group in whole[0]["groups"] if group["strategy"] == "vwap_reclaim"]
    assert part["groups"] == [own]


def test_a_database_that_holds_another_day_adds_nothing_to_the_report(
    command: Command, days: tuple[str, ...], tmp_path: Path
) -> None:
    """What was replayed is reported, by one process or two; what an earlier backtest left there is not."""
    folder, *history = days
    first, second = (f"{folder}/{day}.csv.gz" for day in ("2013-10-07", "2013-10-08"))
    database = ("--db", f"sqlite:///{tmp_path}/both.db")
    shown = (*history, "--chart", str(tmp_path / "chart.html"), "--json")
    earlier = json.loads(command("backtest", first, *shown, *database).out)
    alone = json.loads(command("backtest", second, *shown).out)
    assert earlier["total"]["performance"]["plans"] > 0
    assert json.loads(command("backtest", second, *shown, *database, "--workers", "2").out) == alone


def test_a_database_that_holds_another_answer_for_the_day_is_said(
    command: Command, days: tuple[str, ...], tmp_path: Path
) -> None:
    """Without earlier bars there are other plans of the same names: what is reported are those that stand there."""
    folder, *history = days
    files = (f"{folder}/2013-10-08.csv.gz", "--chart", str(tmp_path / "chart.html"), "--json")
    database = ("--db", f"sqlite:///{tmp_path}/one.db")
    assert command("backtest", *files, *database, *history).code == 0
    said = command("backtest", *files, *database)
    assert said.code == 4
    assert "fancy-trader: diverged: " in said.err


def test_a_span_that_ends_before_it_begins_is_refused(command: Command, tmp_path: Path) -> None:
    said = command("backtest", tmp_path, "--from", "2013-10-08T15:00:00Z", "--to", "2013-10-08T14:00:00Z")
    assert (said.code, said.only_line) == (2, "--to lies before --from")


def test_an_unknown_strategy_is_refused_with_those_there_are(command: Command, tmp_path: Path) -> None:
    said = command("backtest", str(tmp_path), "--strategy", "foo")
    assert said.code == 2
    assert said.err.startswith("fancy-trader: --strategy: got 'foo'; must be one of base_breakout, ")


def test_the_schema_of_structured_plans_is_printed(command: Command) -> None:
    said = command("plans", "schema")
    assert said.code == 0
    assert json.loads(said.out)["$schema"].endswith("2020-12/schema")
