"""Canonical JSON: sorted keys, no spaces, ASCII, no NaN and no infinity, so that equal values are equal texts."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec


def _plain(value: object) -> dict[Any, Any]:
    """Let JSON see a read-only mapping and a typed document as a dict."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, msgspec.Struct):
        plain: dict[Any, Any] = msgspec.to_builtins(value)
        return plain
    msg = f"a {type(value).__name__} has no JSON form"
    raise TypeError(msg)


_ENCODE: Final = json.JSONEncoder(sort_keys=True, allow_nan=False, separators=(",", ":"), default=_plain).encode
_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_QUICK: Final = _ENCODER.encode
_QUICK_LINES: Final = _ENCODER.encode_lines
_POWER: Final = re.compile("e[0-9-]")
_NUMBER_WITH_POWER: Final = re.compile("[0-9]e[0-9-]")
_PACK: Final = msgspec.msgpack.Encoder().encode
_ENDLESS: Final = re.compile(rb"\xcb[\x7f\xff][\xf0-\xff]")
"""How every packed NaN and infinity begins.  Other bytes may look the same: then the slow way decides."""


def canonical(value: object) -> str:
    r"""Write a value as canonical JSON.  Raises ValueError for NaN and infinity, TypeError for no JSON value.

    >>> canonical({"why": "99.5 ≥ 99.0", "index": 1})
    '{"index":1,"why":"99.5 \\u2265 99.0"}'
    """
    return _ENCODE(value)


def quick(value: object) -> str | None:
    """`canonical` of a value that holds no NaN and no infinity, at a tenth of the cost, or None where it may differ.

    The encoder knows no ASCII escapes, and writes very small and very large numbers in its own way.

    >>> quick({"b": 1.5, "a": None}), quick({"why": "99.5 \u2265 99.0"}), quick(1e-7), quick(0.00001)
    ('{"a":null,"b":1.5}', None, None, None)
    """
    try:
        text = _QUICK(value).decode()
    except (OverflowError, TypeError, ValueError):  # wide integers, lone surrogates, and what has no JSON form at all
        return None
    return None if _may_differ(text) else text


def quick_lines(values: Sequence[object]) -> list[str] | None:
    """`quick` of each of many values, in one go, or None where one of them may differ.

    >>> quick_lines([{"b": 1.5}, {"a": 2}]), quick_lines([{"b": 1.5}, 1e-7])
    (['{"b":1.5}', '{"a":2}'], None)
    """
    try:
        text = _QUICK_LINES(values).decode()
    except (OverflowError, TypeError, ValueError):
        return None
    return None if _may_differ(text) else text.split("\n")[:-1]


def canonical_of_many(value: object) -> str:
    """`canonical`, mostly at a fifth of the cost, of a value that holds many numbers; typed documents may be in it."""
    return (quick(value) if surely_finite(value) else None) or canonical(value)


def surely_finite(value: object) -> bool:
    """Whether there is plainly no NaN and no infinity: the quick encoder would write null for them."""
    try:
        return _ENDLESS.search(_PACK(value)) is None
    except (OverflowError, TypeError, ValueError):
        return False


def _may_differ(text: str) -> bool:
    if not text.isascii() or "\\" in text or "\x7f" in text or "0.0000" in text:
        return True
    return bool(_POWER.search(text) and _NUMBER_WITH_POWER.search(text))
