"""Scales, ticks and axes.  Rule: ticks are round numbers (1, 2 or 5 times a power of ten) inside the scale."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from flows.charts.markup import Markup, element, joined
from flows.charts.page_style import CHART


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight line from values [low, high] to pixels [start, end]."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    @classmethod
    def around(cls, values: Sequence[float], start: float, end: float, count: int = 5) -> tuple[Self, list[float]]:
        """Return a scale that holds the values and ends on ticks, and its ticks."""
        low, high = min(values), max(values)
        if low == high:
            low, high = low - 1.0, high + 1.0
        step = tick_step(high - low, count)
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        ticks = [index * step for index in range(first, last + 1)]
        return cls(ticks[0], ticks[-1], start, end), ticks


@dataclass(frozen=True, slots=True)
class Frame:
    """The plotting area inside an image, in pixels."""

    left: float
    top: float
    right: float
    bottom: float


def tick_step(span: float, count: int) -> float:
    """Return the smallest round step with which `count` steps cover the span.

    >>> [tick_step(span, 5) for span in (10.0, 0.3, 26.0)]
    [2.0, 0.1, 10.0]
    """
    raw = span / count
    power = 10.0 ** math.floor(math.log10(raw))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= raw * (1 - 1e-9))


def decimals(ticks: Sequence[float]) -> int:
    """Return how many places tell ticks apart.

    >>> decimals([0.0, 0.5, 1.0]), decimals([0.0, 10.0])
    (1, 0)
    """
    step = ticks[1] - ticks[0]
    return max(0, -math.floor(math.log10(step) + 1e-9))


def left_axis(frame: Frame, scale: Scale, ticks: Sequence[float], labels: Sequence[str], title: str) -> Markup:
    """Draw horizontal grid lines with labels on the left, and the axis' title above them."""
    parts = []
    for value, label in zip(ticks, labels, strict=True):
        y = scale(value)
        parts.append(element("line", x1=frame.left, x2=frame.right, y1=y, y2=y, class_="grid"))
        parts.append(element("text", text=label, x=frame.left - 6, y=y + 4, text_anchor="end", class_="tick"))
    parts.append(element("text", text=title, x=0, y=frame.top - 14, class_="axis"))
    return joined(parts)


def bottom_axis(frame: Frame, pixels: Sequence[float], labels: Sequence[str], title: str) -> Markup:
    """Draw a base line with ticks, a label under each, and the axis' title."""
    y = frame.bottom
    parts = [element("line", x1=frame.left, x2=frame.right, y1=y, y2=y, class_="base")]
    for x, label in zip(pixels, labels, strict=True):
        parts.append(element("line", x1=x, x2=x, y1=y, y2=y + 4, class_="base"))
        parts.append(element("text", text=label, x=x, y=y + 18, text_anchor="middle", class_="tick"))
    middle = (frame.left + frame.right) / 2
    parts.append(element("text", text=title, x=middle, y=y + 36, text_anchor="middle", class_="axis"))
    return joined(parts)


def image(width: float, height: float, title: str, description: str, *parts: Markup) -> Markup:
    """Wrap parts into an image that scales with the page and says to a screen reader what it shows."""
    head = (
        element("title", text=title),
        element("desc", text=description),
        element("style", Markup(CHART)),
        element("text", text=title, x=0, y=16, class_="title"),
    )
    return element(
        "svg",
        *head,
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        aria_label=title,
    )


def notice(frame: Frame, text: str) -> Markup:
    """Say in the middle of the frame why it is empty."""
    x, y = (frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2
    return element("text", text=text, x=x, y=y, text_anchor="middle", class_="axis")
