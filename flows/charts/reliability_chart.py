"""Reliability diagram.  Rule: hit rate over claimed probability per bin, its 95 % interval, and under it the counts.

On the diagonal, what was called p came true in a share p.  A point's area grows with its count.
"""

import math
from collections.abc import Sequence
from typing import Final

from flows.charts.axes import Frame, Scale, bottom_axis, image, left_axis, notice
from flows.charts.markup import Markup, element, joined
from operators.backtest.calibration import Calibration, ReliabilityBin

WIDTH: Final = 480
HEIGHT: Final = 420
FRAME: Final = Frame(48, 52, 468, 292)
COUNTS: Final = Frame(48, 312, 468, 372)
TITLE: Final = "Reliability of target probabilities"
SMALLEST: Final = 3.5
LARGEST: Final = 9.0
FIFTHS: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def reliability_chart(measured: Calibration) -> Markup:
    """Draw diagram and counts as one SVG image."""
    if measured.brier is None or measured.ece is None:
        return image(WIDTH, HEIGHT, TITLE, "No forecast to judge.", notice(FRAME, "no forecast to judge"))
    across, up = Scale(0.0, 1.0, FRAME.left, FRAME.right), Scale(0.0, 1.0, FRAME.bottom, FRAME.top)
    percents = [f"{share:.0%}" for share in FIFTHS]
    filled = [each for each in measured.bins if each.count]
    description = (
        f"{measured.forecasts} forecasts: Brier score {measured.brier:.3f}, calibration error {measured.ece:.3f}."
    )
    diagonal = element("line", x1=across(0.0), y1=up(0.0), x2=across(1.0), y2=up(1.0), class_="ideal")
    legend = "dashed: as claimed; whiskers: 95 %"
    note = element("text", text=legend, x=FRAME.right, y=FRAME.bottom - 8, text_anchor="end", class_="note")
    return image(
        WIDTH,
        HEIGHT,
        TITLE,
        description,
        left_axis(FRAME, up, FIFTHS, percents, "came true"),
        diagonal,
        _line(filled, across, up),
        *(_point(each, across, up, max(bin_.count for bin_ in filled)) for each in filled),
        note,
        *_bars(measured.bins, across),
        bottom_axis(
            COUNTS, [across(share) for share in FIFTHS], percents, "claimed probability, and forecasts per bin"
        ),
    )


def _line(filled: Sequence[ReliabilityBin], across: Scale, up: Scale) -> Markup:
    points = " ".join(
        f"{across(each.mean_probability):.2f},{up(each.hit_rate):.2f}"
        for each in filled
        if each.mean_probability is not None and each.hit_rate is not None
    )
    return element("polyline", points=points, class_="observed")


def _point(each: ReliabilityBin, across: Scale, up: Scale, most: int) -> Markup:
    """Draw one bin: its interval as a whisker, its rate as a point."""
    if each.mean_probability is None or each.hit_rate is None or each.hit_low is None or each.hit_high is None:
        return joined(())
    x = across(each.mean_probability)
    tip = (
        f"claimed {each.mean_probability:.1%} on average, came true {each.hit_rate:.1%} "
        f"(95 %: {each.hit_low:.1%} to {each.hit_high:.1%}) of {each.count}"
    )
    radius = max(LARGEST * math.sqrt(each.count / most), SMALLEST)
    return joined(
        (
            element("line", x1=x, x2=x, y1=up(each.hit_low), y2=up(each.hit_high), class_="whisker"),
            element("circle", element("title", text=tip), cx=x, cy=up(each.hit_rate), r=radius, class_="point"),
        )
    )


def _bars(bins: Sequence[ReliabilityBin], across: Scale) -> list[Markup]:
    """Draw how many forecasts each bin holds."""
    tall = Scale(0.0, float(max(each.count for each in bins)), 0.0, COUNTS.bottom - COUNTS.top - 12)
    parts = []
    for each in bins:
        left, right, height = across(each.low) + 1, across(each.high) - 1, tall(each.count)
        if each.count:
            top = COUNTS.bottom - height
            parts.append(element("rect", x=left, y=top, width=right - left, height=height, class_="bar"))
            middle = (left + right) / 2
            parts.append(
                element("text", text=f"{each.count:,}", x=middle, y=top - 3, text_anchor="middle", class_="count")
            )
    return parts
