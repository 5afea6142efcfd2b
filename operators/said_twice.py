"""Plans in which a key stands twice.  JSON leaves open which of the two counts; here neither does."""

import json
from collections.abc import Sequence
from typing import Any, Final

from operators.plans import PlanError

Pairs = Sequence[tuple[str, Any]]
MOST_DIGITS: Final = 4_000
"""Python reads whole numbers of up to 4 300 digits, and refuses the whole text for a longer one."""


class SaidTwiceError(PlanError):
    """A plan, or a part of one, says something twice.  `given`: the plan, with what it said last."""

    def __init__(self, field: str, given: dict[str, Any]) -> None:
        super().__init__(field, "is given twice; must be given once")
        self.given = given


def says_twice(text: bytes) -> bool:
    """Whether a key stands twice in any object of valid JSON.

    >>> says_twice(b'[{"stop": 1}, {"stop": 2}]'), says_twice(b'[{"stop": 1, "stop": 2}]')
    (False, True)
    """
    try:
        json.loads(text, object_pairs_hook=_once)
    except SaidTwiceError:
        return True
    return False


def decode_once(text: bytes) -> Any:
    """Decode JSON; an object in which a key stands twice, itself or further in, becomes a SaidTwiceError.

    NaN and Infinity, which are no JSON, are read too, and a number that is endlessly long as infinite, so that the plan
    can be named.
    Raises ValueError for what is no JSON, and for what is nested too deeply.
    """
    try:
        return json.loads(text, object_pairs_hook=_told, parse_int=_whole)
    except RecursionError:
        msg = "nested too deeply"
        raise ValueError(msg) from None


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= MOST_DIGITS else float(digits)


def _once(pairs: Pairs) -> None:
    if (name := _twice(pairs)) is not None:
        raise SaidTwiceError(name, {})


def _told(pairs: Pairs) -> dict[str, Any] | SaidTwiceError:
    given = dict(pairs)
    if (name := _twice(pairs)) is not None:
        return SaidTwiceError(name, given)
    inner = next((error for value in given.values() for error in _errors(value)), None)
    return given if inner is None else SaidTwiceError(inner.field, given)


def _twice(pairs: Pairs) -> str | None:
    names = [name for name, _ in pairs]
    if len(set(names)) == len(names):
        return None
    return next(name for number, name in enumerate(names) if name in names[:number])


def _errors(value: Any) -> list[SaidTwiceError]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, SaidTwiceError)]
