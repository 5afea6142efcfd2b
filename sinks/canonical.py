"""Canonical JSON: sorted keys, no spaces, ASCII, no NaN and no infinity, so that equal values are equal texts."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final


def _plain(value: object) -> dict[Any, Any]:
    """Let JSON see a read-only mapping as a dict."""
    if isinstance(value, Mapping):
        return dict(value)
    msg = f"a {type(value).__name__} has no JSON form"
    raise TypeError(msg)


_ENCODE: Final = json.JSONEncoder(sort_keys=True, allow_nan=False, separators=(",", ":"), default=_plain).encode
_MARK: Final = "\0"
_MARK_IN_TEXT: Final = f",{_ENCODE(_MARK)},"


def canonical(value: object) -> str:
    r"""Write a value as canonical JSON.  Raises ValueError for NaN and infinity, TypeError for no JSON value.

    >>> canonical({"why": "99.5 ≥ 99.0", "index": 1})
    '{"index":1,"why":"99.5 \\u2265 99.0"}'
    """
    return _ENCODE(value)


def canonical_many(values: Sequence[object]) -> list[str]:
    """`canonical` of each value, at half the cost.  Raises as `canonical` does, not saying for which value.

    One call writes all values with a mark between them.  Should a value hold the mark itself, the pieces are
    too many, and each is written on its own.

    >>> canonical_many([{"b": 1, "a": 2}, [], "x"])
    ['{"a":2,"b":1}', '[]', '"x"']
    """
    if not values:
        return []
    marked: list[object] = [_MARK] * (2 * len(values) - 1)
    marked[::2] = values
    pieces = _ENCODE(marked)[1:-1].split(_MARK_IN_TEXT)
    return pieces if len(pieces) == len(values) else [_ENCODE(value) for value in values]
