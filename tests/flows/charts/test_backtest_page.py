"""The page and its two images, read back as XML."""

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings

from flows.charts.backtest_page import backtest_page
from flows.charts.equity_chart import FRAME as EQUITY_FRAME
from flows.charts.equity_chart import DayAxis, equity_chart
from flows.charts.reliability_chart import COUNTS, FRAME, reliability_chart
from operators.backtest.calibration import Calibration, Forecast, calibration
from operators.backtest.equity import EquityPoint, equity_curve
from operators.backtest.outcome import TradeOutcome
from operators.backtest.report import backtest_report
from tests.operators.backtest.outcomes import MINUTE_NS, NOON_NS, many_outcomes, outcome

SVG = "{http://www.w3.org/2000/svg}"
DAY_NS = 24 * 60 * MINUTE_NS


def of_class(root: ET.Element, name: str) -> list[ET.Element]:
    return [each for each in root.iter() if each.get("class") == name]


def texts(root: ET.Element, name: str) -> list[str]:
    return [each.text or "" for each in of_class(root, name)]


def equity_image(*points: tuple[int, float]) -> ET.Element:
    """The image of trades that ended so many ns after noon and made so many R."""
    ended = [outcome(f"p{index}", r, at_ns=NOON_NS + after) for index, (after, r) in enumerate(points)]
    return ET.fromstring(equity_chart(equity_curve(ended)))


def corners(path: str) -> list[tuple[float, float]]:
    """The corners of a path of M, H and V."""
    x, y = (float(each) for each in re.match(r"M(\S+) ([\d.]+)", path).groups())  # type: ignore[union-attr]
    found = [(x, y)]
    for letter, value in re.findall(r"([HV])([\d.]+)", path):
        x, y = (float(value), y) if letter == "H" else (x, float(value))
        found.append((x, y))
    return found


def test_the_equity_line_steps_at_each_end_to_what_was_made_by_then() -> None:
    """+2 at noon, -1 an hour later, on an axis of -0 to 2 R and from 09:30 to 16:00."""
    root = equity_image((0, 2.0), (60 * MINUTE_NS, -1.0))
    (line,) = of_class(root, "equity")
    width, height = EQUITY_FRAME.right - EQUITY_FRAME.left, EQUITY_FRAME.bottom - EQUITY_FRAME.top
    noon, one = EQUITY_FRAME.left + width * 2.5 / 6.5, EQUITY_FRAME.left + width * 3.5 / 6.5
    expected = [
        (EQUITY_FRAME.left, EQUITY_FRAME.bottom),
        (noon, EQUITY_FRAME.bottom),
        (noon, EQUITY_FRAME.top),
        (one, EQUITY_FRAME.top),
        (one, EQUITY_FRAME.bottom - height / 2),
        (EQUITY_FRAME.right, EQUITY_FRAME.bottom - height / 2),
    ]
    for corner, wanted in zip(corners(line.attrib["d"]), expected, strict=True):
        assert corner == pytest.approx(wanted, abs=0.01)
    assert texts(root, "value") == ["+1.00 R"]
    assert texts(root, "tick") == ["0", "+0.5", "+1.0", "+1.5", "+2.0", "10:00", "12:00", "14:00", "16:00"]
    assert [mark.findtext(f"{SVG}title") for mark in of_class(root, "mark")] == [
        "2013-10-08 12:00:00  p0  +2.00 R, now +2.00 R",
        "2013-10-08 13:00:00  p1  -1.00 R, now +1.00 R",
    ]


def test_days_stand_side_by_side_and_days_without_an_end_are_left_out() -> None:
    root = equity_image((0, 1.0), (3 * DAY_NS, 1.0))
    half = (EQUITY_FRAME.right - EQUITY_FRAME.left) / 2
    expected = [EQUITY_FRAME.left + half * (day + 2.5 / 6.5) for day in range(2)]
    assert [float(mark.attrib["cx"]) for mark in of_class(root, "mark")] == pytest.approx(expected, abs=0.01)
    assert texts(root, "tick")[-2:] == ["Oct 08", "Oct 11"]
    assert texts(root, "axis") == ["R", "end of trade, New York, 2013-10-08 to 2013-10-11"]


def test_an_end_outside_regular_hours_widens_every_day() -> None:
    points = [EquityPoint(NOON_NS, "a", 1.0, 1.0), EquityPoint(NOON_NS + 360 * MINUTE_NS, "b", 1.0, 2.0)]
    assert DayAxis.of(points[:1]).first == 9.5
    assert (DayAxis.of(points).first, DayAxis.of(points).last) == (4.0, 20.0)


def test_a_bin_stands_where_it_claims_and_as_high_as_it_came_true() -> None:
    """Of four that claimed 25 % two came true: a point at a quarter and a half, and a count of 4 under it."""
    measured = calibration([Forecast(0.25, index < 2) for index in range(4)])
    root = ET.fromstring(reliability_chart(measured))
    (point,), (bar,) = of_class(root, "point"), of_class(root, "bar")
    assert float(point.attrib["cx"]) == pytest.approx(FRAME.left + (FRAME.right - FRAME.left) / 4)
    assert float(point.attrib["cy"]) == pytest.approx((FRAME.top + FRAME.bottom) / 2)
    assert texts(root, "count") == ["4"]
    assert float(bar.attrib["y"]) + float(bar.attrib["height"]) == COUNTS.bottom
    assert "came true 50.0% (95 %: 15.0% to 85.0%) of 4" in (point.findtext(f"{SVG}title") or "")


def test_an_empty_report_says_why_its_charts_are_empty() -> None:
    page = backtest_page(backtest_report([]), "Nothing")
    assert "no trade finished" in page
    assert "no forecast to judge" in page
    assert "nan" not in page.lower()


@given(outcomes=many_outcomes())
@settings(max_examples=40, deadline=None)
def test_every_page_is_well_formed_and_nothing_leaves_its_frame(outcomes: list[TradeOutcome]) -> None:
    report = backtest_report(outcomes)
    root = ET.fromstring(backtest_page(report, "Backtest").removeprefix("<!DOCTYPE html>\n"))
    assert len(list(root.iter(f"{SVG}svg"))) == 2
    for line in of_class(root, "equity"):
        for x, y in corners(line.attrib["d"]):
            assert EQUITY_FRAME.left <= x <= EQUITY_FRAME.right
            assert EQUITY_FRAME.top - 0.01 <= y <= EQUITY_FRAME.bottom + 0.01
    for point in of_class(root, "point"):
        assert FRAME.left <= float(point.attrib["cx"]) <= FRAME.right
        assert FRAME.top <= float(point.attrib["cy"]) <= FRAME.bottom
    assert sum(int(each.replace(",", "")) for each in texts(root, "count")) == report.total.calibration.forecasts


def test_a_page_fetches_nothing_runs_nothing_and_knows_the_dark() -> None:
    """The only addresses in it are the names of namespaces."""
    page = backtest_page(backtest_report([outcome("a", 1.0, probabilities=(0.5, 0.2))]), "Backtest")
    assert "<script" not in page
    assert not re.search(r"(src|href|url\(|@import)", page)
    assert set(re.findall(r"https?://[^\"]+", page)) == {"http://www.w3.org/2000/svg"}
    assert "prefers-color-scheme: dark" in page


def test_names_cannot_break_the_page() -> None:
    hostile = "</title><script>alert(1)</script>&"
    page = backtest_page(backtest_report([outcome("a", 1.0, strategy=hostile)]), hostile, hostile)
    root = ET.fromstring(page.removeprefix("<!DOCTYPE html>\n"))
    assert not list(root.iter("script"))
    assert root.findtext("body/h1") == hostile


def test_an_image_says_in_words_what_it_shows() -> None:
    root = equity_image((0, 2.0))
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}desc") == "1 finished trades, from 0 to +2.00 R."
    empty = Calibration(0, None, None, None, None, ())
    assert ET.fromstring(reliability_chart(empty)).findtext(f"{SVG}desc") == "No forecast to judge."
