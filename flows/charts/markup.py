"""Elements as text.  Rule: whatever comes in leaves escaped, so a page is well-formed whatever a plan is called."""

from collections.abc import Iterable
from html import escape
from typing import NewType

Markup = NewType("Markup", str)
"""Text that is already markup; any other text is escaped where it enters an element."""


def element(name: str, *children: Markup, text: str = "", **attributes: str | float) -> Markup:
    """Write one element: its attributes (`_` becomes `-`, a closing one falls away), its text, its children.

    >>> element("text", text="R & D", x=1.0, text_anchor="end", class_="tick")
    '<text x="1" text-anchor="end" class="tick">R &amp; D</text>'
    """
    told = "".join(f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"' for key, value in attributes.items())
    inside = escape(text, quote=False) + "".join(children)
    return Markup(f"<{name}{told}>{inside}</{name}>")


def joined(parts: Iterable[Markup]) -> Markup:
    """Put elements one after another."""
    return Markup("".join(parts))


def number(value: float) -> str:
    """Write a coordinate: two places at most, no exponent, no minus zero.

    >>> number(12.345), number(3.0), number(-0.001)
    ('12.35', '3', '0')
    """
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _value(value: str | float) -> str:
    return escape(value) if isinstance(value, str) else number(value)
