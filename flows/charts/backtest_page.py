"""A backtest as one HTML page.  Rule: nothing is fetched and nothing runs; the file alone shows all there is."""

from collections.abc import Iterable
from typing import Final

from flows.backtest_cells import COLUMNS, WORDS, percent
from flows.charts.equity_chart import equity_chart
from flows.charts.markup import Markup, element, joined
from flows.charts.page_style import PAGE
from flows.charts.reliability_chart import reliability_chart
from operators.backtest.calibration import ReliabilityBin
from operators.backtest.report import BacktestReport, GroupReport

TILES: Final = (
    "plans",
    "entered",
    "finished",
    "win rate",
    "expectancy R",
    "profit factor",
    "drawdown R",
    "Brier",
    "ECE",
)
HOW: Final = (
    "R is the risk from entry to stop. Numbers are over finished trades: entered, and ended at a price by the plan's "
    "own rules; watch plans are apart. Forecasts: one per target of each finished trade, as claimed at its birth."
)


def backtest_page(report: BacktestReport, title: str, subtitle: str = "") -> str:
    """Write the page: what it all came to, equity, reliability, and the tables behind them."""
    charts = (equity_chart(report.equity), reliability_chart(report.total.calibration))
    body = element(
        "body",
        element("h1", text=title),
        *([element("p", text=subtitle)] if subtitle else []),
        _tiles(report.total),
        element("div", *(element("figure", chart) for chart in charts), class_="charts"),
        element("h2", text="By strategy and style"),
        _groups(report),
        element("h2", text="Probabilities"),
        _bins(report.total.calibration.bins),
        element("p", text=HOW),
    )
    head = element(
        "head",
        Markup('<meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/>'),
        element("title", text=title),
        element("style", Markup(PAGE)),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _tiles(total: GroupReport) -> Markup:
    tiles = (
        element("div", element("dt", text=name), element("dd", text=COLUMNS[name](total)))
        for name in ("total R", *TILES)
    )
    return element("dl", *tiles, class_="tiles")


def _groups(report: BacktestReport) -> Markup:
    rows = [[cell(group) for cell in COLUMNS.values()] for group in (*report.groups, report.total)]
    return _table(list(COLUMNS), rows, words=len(WORDS), total=True)


def _bins(bins: Iterable[ReliabilityBin]) -> Markup:
    names = ["claimed", "forecasts", "on average", "came true", "95 % interval"]
    rows = [
        [
            f"{each.low:.0%} to {each.high:.0%}",
            f"{each.count:,}",
            percent(each.mean_probability),
            percent(each.hit_rate),
            f"{percent(each.hit_low)} to {percent(each.hit_high)}",
        ]
        for each in bins
        if each.count
    ]
    return _table(names, rows, words=1, total=False)


def _table(names: list[str], rows: list[list[str]], *, words: int, total: bool) -> Markup:
    """Lay out a table that scrolls sideways on a narrow screen; the first `words` columns are text."""

    def cells(name: str, texts: list[str]) -> list[Markup]:
        kinds = ["word"] * words + ["number"] * (len(texts) - words)
        return [element(name, text=text, class_=kind) for text, kind in zip(texts, kinds, strict=True)]

    last = len(rows) - 1
    body = (
        element("tr", *cells("td", row), class_="total" if total and index == last else "row")
        for index, row in enumerate(rows)
    )
    head = element("thead", element("tr", *cells("th", names)))
    return element("div", element("table", head, element("tbody", joined(body))), class_="scroll")
