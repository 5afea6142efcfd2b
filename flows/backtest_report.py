"""What a backtest found, for people as tables and for machines as JSON."""

import sys
from pathlib import Path
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.table import Table

from flows.backtest_cells import COLUMNS, WORDS, percent
from flows.charts.backtest_page import backtest_page
from flows.report import fitting, print_json
from flows.whole_file import write_whole
from operators.backtest.calibration import Calibration
from operators.backtest.report import BacktestReport
from operators.times import iso

WIDE: Final = 140
SPARED: Final = ("watch", "expectancy R", "MFE R", "MAE R", "median R", "drawdown R", "ECE", "finished", "Brier")
"""Columns that a narrow terminal goes without, the first first; the JSON and the page have them all."""


def print_backtest(report: BacktestReport, *, as_json: bool) -> None:
    """Print the report."""
    if as_json:
        print_json(backtest_json(report))
        return
    console = Console(width=None if sys.stdout.isatty() else WIDE, markup=False, emoji=False)
    console.print(_groups(report, console))
    for line in _totals(report):
        console.print(line, highlight=False)
    if report.total.calibration.bins:
        console.print(_bins(report.total.calibration))


def backtest_json(report: BacktestReport) -> dict[str, Any]:
    """Return the report as plain JSON values; null where a number is not defined, instants also as text."""
    data: dict[str, Any] = msgspec.to_builtins(report)
    for point in data["equity"]:
        point["at"] = iso(point["at_ns"])
    return data


def save_chart(report: BacktestReport, path: Path, title: str, subtitle: str = "") -> None:
    """Save the report as one HTML file that needs nothing else.  Raises CommandError."""
    write_whole(path, backtest_page(report, title, subtitle))


def _groups(report: BacktestReport, console: Console) -> Table:
    """Lay out a row per strategy and style, and one for all, with as many columns as fit."""
    return fitting(console, (_groups_without(report, SPARED[:spared]) for spared in range(len(SPARED) + 1)))


def _groups_without(report: BacktestReport, spared: tuple[str, ...]) -> Table:
    names = [name for name in COLUMNS if name not in spared]
    table = _empty_table(names, WORDS)
    for group in (*report.groups, report.total):
        table.add_row(*(COLUMNS[name](group) for name in names))
    return table


def _totals(report: BacktestReport) -> list[str]:
    total, judged = report.total.performance, report.total.calibration
    lines = [
        "",
        f"plans    {total.plans:,}: {total.entered:,} entered, {total.finished:,} finished; {total.watch:,} to watch",
    ]
    if unfinished := total.entered - total.finished:
        lines.append(f"left out {unfinished:,} entered and still open, cancelled or replaced: their R is not whole")
    if report.equity:
        first, last = report.equity[0], report.equity[-1]
        lines.append(f"equity   {last.equity_r:+.2f} R from {iso(first.at_ns)} to {iso(last.at_ns)}")
    if judged.brier is not None and judged.ece is not None:
        told = f"claimed {percent(judged.mean_probability)} on average, {percent(judged.hit_rate)} came true"
        lines.append(
            f"targets  {judged.forecasts:,} probabilities {told}; Brier {judged.brier:.3f}, ECE {judged.ece:.3f}"
        )
    return [*lines, ""]


def _bins(judged: Calibration) -> Table:
    table = _empty_table(["claimed", "forecasts", "on average", "came true", "95% interval"], ("claimed",))
    for each in judged.bins:
        if each.count:
            table.add_row(
                f"{each.low:.0%} to {each.high:.0%}",
                f"{each.count:,}",
                percent(each.mean_probability),
                percent(each.hit_rate),
                f"{percent(each.hit_low)} to {percent(each.hit_high)}",
            )
    return table


def _empty_table(names: list[str], words: tuple[str, ...]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        table.add_column(name.replace(" ", "\n"), no_wrap=True, justify="left" if name in words else "right")
    return table
