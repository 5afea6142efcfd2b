"""Equity in R over the ends of trades.  Rule: time runs only on days on which a trade ended, by New York time.

Nights and days without an end are left out; between two ends equity stands still, so the line is made of steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Self

from flows.charts.axes import Frame, Scale, bottom_axis, decimals, image, left_axis, notice
from flows.charts.markup import Markup, element, number
from operators.backtest.equity import EquityPoint
from operators.sessions import new_york
from operators.times import SECOND_NS

WIDTH: Final = 480
HEIGHT: Final = 420
FRAME: Final = Frame(48, 52, 468, 372)
TITLE: Final = "Equity in R"
MARKED: Final = 150
"""Ends up to this many get a mark of their own, with what they were as its tooltip."""
DATES_SHOWN: Final = 6
REGULAR_HOURS: Final = (9.5, 16.0)
ALL_HOURS: Final = (4.0, 20.0)


@dataclass(frozen=True, slots=True)
class DayAxis:
    """Days side by side, equally wide; inside each, the hours from `first` to `last`, New York time."""

    days: tuple[date, ...]
    first: float
    last: float

    @classmethod
    def of(cls, points: Sequence[EquityPoint]) -> Self:
        """Take the days on which trades ended, and regular hours unless one ended outside them."""
        whens = [new_york(point.at_ns) for point in points]
        hours = [_hour(point.at_ns) for point in points]
        inside = all(REGULAR_HOURS[0] <= hour <= REGULAR_HOURS[1] for hour in hours)
        return cls(tuple(sorted({when.date() for when in whens})), *(REGULAR_HOURS if inside else ALL_HOURS))

    def pixel(self, at_ns: int) -> float:
        """Return the pixel of an instant on one of the days."""
        return self._place(self.days.index(new_york(at_ns).date()), _hour(at_ns))

    def ticks(self) -> tuple[list[float], list[str]]:
        """Return pixels and labels: hours of a single day, else the days, each at its start."""
        if len(self.days) == 1:
            hours = [hour for hour in range(4, 21, 2) if self.first <= hour <= self.last]
            return [self._place(0, hour) for hour in hours], [f"{hour:02d}:00" for hour in hours]
        every = -(-len(self.days) // DATES_SHOWN)
        shown = range(0, len(self.days), every)
        return [self._place(index, self.first) for index in shown], [f"{self.days[index]:%b %d}" for index in shown]

    def _place(self, day: int, hour: float) -> float:
        share = min(max((hour - self.first) / (self.last - self.first), 0.0), 1.0)
        return FRAME.left + (day + share) / len(self.days) * (FRAME.right - FRAME.left)


def equity_chart(points: Sequence[EquityPoint]) -> Markup:
    """Draw the curve as one SVG image."""
    if not points:
        return image(WIDTH, HEIGHT, TITLE, "No trade finished.", notice(FRAME, "no trade finished"))
    scale, ticks = Scale.around([0.0, *(point.equity_r for point in points)], FRAME.bottom, FRAME.top)
    axis = DayAxis.of(points)
    places = decimals(ticks)
    labels = [f"{tick:+.{places}f}" if round(tick, places) else "0" for tick in ticks]
    last = points[-1]
    description = f"{len(points)} finished trades, from 0 to {last.equity_r:+.2f} R."
    line, area = _paths(points, axis, scale)
    pixels, names = axis.ticks()
    return image(
        WIDTH,
        HEIGHT,
        TITLE,
        description,
        left_axis(FRAME, scale, ticks, labels, "R"),
        bottom_axis(FRAME, pixels, names, _axis_title(axis)),
        element("path", d=area, class_="area"),
        element("line", x1=FRAME.left, x2=FRAME.right, y1=scale(0.0), y2=scale(0.0), class_="zero"),
        element("path", d=line, class_="equity"),
        *_marks(points, axis, scale),
        _last(last, scale),
    )


def _paths(points: Sequence[EquityPoint], axis: DayAxis, scale: Scale) -> tuple[str, str]:
    """Return the stepped line from 0 at the left edge, and the area between it and 0."""
    steps = "".join(f"H{number(axis.pixel(point.at_ns))}V{number(scale(point.equity_r))}" for point in points)
    line = f"M{number(FRAME.left)} {number(scale(0.0))}{steps}H{number(FRAME.right)}"
    return line, f"{line}V{number(scale(0.0))}Z"


def _marks(points: Sequence[EquityPoint], axis: DayAxis, scale: Scale) -> list[Markup]:
    if len(points) > MARKED:
        return []
    marks = []
    for point in points:
        tip = (
            f"{new_york(point.at_ns):%Y-%m-%d %H:%M:%S}  {point.plan_id}  {point.r:+.2f} R, now {point.equity_r:+.2f} R"
        )
        title = element("title", text=tip)
        x, y = axis.pixel(point.at_ns), scale(point.equity_r)
        marks.append(element("circle", title, cx=x, cy=y, r=2.5, class_="mark"))
    return marks


def _last(point: EquityPoint, scale: Scale) -> Markup:
    """Write what the curve ends at, above its end."""
    text, y = f"{point.equity_r:+.2f} R", scale(point.equity_r) - 8
    return element("text", text=text, x=FRAME.right, y=y, text_anchor="end", class_="value")


def _axis_title(axis: DayAxis) -> str:
    first, last = axis.days[0], axis.days[-1]
    return f"end of trade, New York, {first}" + (f" to {last}" if last > first else "")


def _hour(at_ns: int) -> float:
    when = new_york(at_ns // SECOND_NS * SECOND_NS)
    return when.hour + when.minute / 60 + when.second / 3600
