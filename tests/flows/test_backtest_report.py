"""The backtest report as text and as JSON."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from flows.backtest_cells import COLUMNS
from flows.backtest_report import backtest_json, print_backtest, save_chart
from operators.backtest.report import BacktestReport, backtest_report
from operators.plans import Style
from operators.state import Phase
from tests.operators.backtest.outcomes import MINUTE_NS, NOON_NS, outcome


@pytest.fixture
def report() -> BacktestReport:
    """Two finished trades, one still open and one only watched."""
    return backtest_report(
        [
            outcome("a", 1.5, phase=Phase.COMPLETED, probabilities=(0.75, 0.5), targets_hit=2),
            outcome("b", -1.0, at_ns=NOON_NS + MINUTE_NS, probabilities=(0.5, 0.25), strategy="gap_fill"),
            outcome("c", phase=Phase.OPEN, style=Style.SWING),
            outcome("d", actionable=False, phase=Phase.WAITING, entered=False),
        ]
    )


def test_the_table_shows_each_group_and_all(report: BacktestReport, capsys: pytest.CaptureFixture[str]) -> None:
    print_backtest(report, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    rows = {tuple(line.split()[:2]): line.split() for line in lines if line}
    assert rows["gap_fill", "intraday"][2:5] == ["1", "1", "1"]
    assert rows["vwap_reclaim", "swing"][-2:] == ["–", "–"]
    assert "+0.50" in rows["all", "3"]
    assert "plans    3: 3 entered, 2 finished; 1 to watch" in lines
    assert "left out 1 entered and still open, cancelled or replaced: their R is not whole" in lines
    assert "equity   +0.50 R from 2013-10-08T16:00:00Z to 2013-10-08T16:01:00Z" in lines
    told = "claimed 50.0 % on average, 50.0 % came true; Brier 0.156, ECE 0.125"
    assert f"targets  4 probabilities {told}" in lines


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_the_table_leaves_columns_out_rather_than_cutting_them(
    report: BacktestReport, width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.backtest_report.Console", lambda **_: Console(width=width, markup=False, emoji=False))
    print_backtest(report, as_json=False)
    told = capsys.readouterr().out
    assert "…" not in told
    assert all(len(line) <= width for line in told.splitlines())
    for needed in ("strategy", "plans", "entered", "rate", "average", "factor"):
        assert needed in told


def test_json_holds_the_whole_report_with_null_for_what_is_not_defined(
    report: BacktestReport, capsys: pytest.CaptureFixture[str]
) -> None:
    print_backtest(report, as_json=True)
    data = json.loads(capsys.readouterr().out)
    assert data == json.loads(json.dumps(backtest_json(report)))
    assert [(each["strategy"], each["style"]) for each in data["groups"]] == [
        ("gap_fill", "intraday"),
        ("vwap_reclaim", "intraday"),
        ("vwap_reclaim", "swing"),
    ]
    assert data["groups"][2]["performance"]["win_rate"] is None
    assert data["total"]["performance"]["profit_factor"] == 1.5
    assert data["total"]["calibration"]["brier"] == 0.15625
    assert len(data["total"]["calibration"]["bins"]) == 10
    assert data["equity"][1] == {
        "at_ns": NOON_NS + MINUTE_NS,
        "at": "2013-10-08T16:01:00Z",
        "plan_id": "b",
        "r": -1.0,
        "equity_r": 0.5,
    }


def test_an_empty_report_prints(capsys: pytest.CaptureFixture[str]) -> None:
    print_backtest(backtest_report([]), as_json=False)
    assert "plans    0: 0 entered, 0 finished; 0 to watch" in capsys.readouterr().out


def test_the_saved_chart_is_one_file_with_every_column(report: BacktestReport, tmp_path: Path) -> None:
    save_chart(report, tmp_path / "backtest.html", "Two days")
    page = (tmp_path / "backtest.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert all(f">{name}</th>" in page for name in COLUMNS)
