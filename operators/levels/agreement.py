"""Levels that agree.  Rule: agreement counts facts, not names.

One print that is opening-range high, session high and swing high at once is one fact; so are the session VWAP and the
VWAP anchored at the open.
"""

from collections.abc import Mapping
from typing import Final

from operators.levels.level import LevelKind

Fact = tuple[str, float | None]


def _extremes(side: str) -> tuple[LevelKind, ...]:
    """Return the kinds that are a highest or a lowest print."""
    return tuple(kind for kind in LevelKind if side in kind.split("_") and not kind.startswith("avwap"))


_FAMILIES: Final = (
    _extremes("high"),
    _extremes("low"),
    (LevelKind.VWAP, LevelKind.AVWAP_OPEN),
    (LevelKind.PRIOR_DAY_CLOSE, LevelKind.GAP_PRIOR_CLOSE, LevelKind.PRIOR_WEEK_CLOSE),
)
"""Kinds that, at the very same price, are one fact: one print, one average, one close."""

_FAMILY: Final[Mapping[str, LevelKind]] = {kind: kinds[0] for kinds in _FAMILIES for kind in kinds}


def fact(kind: str, price: float | None) -> Fact:
    """Return what a level of a kind and price (dollars) tells of the market: equal for two names of one fact.

    >>> fact("vwap", 99.5) == fact("avwap_open", 99.5), fact("session_high", 99.5) == fact("session_low", 99.5)
    (True, False)
    """
    return _FAMILY.get(kind, kind), price
