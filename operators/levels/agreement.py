"""Levels that agree.  Rule 1: near-equal prices yield one level, the strongest, and the others by name.

Rule 2: agreement counts facts, not names.  One print that is opening-range high, session high and swing high at once is
one fact; so are the session VWAP and the VWAP anchored at the open.
"""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Final

import msgspec

from operators.levels.level import Level, LevelKind
from operators.prices import PRICE_TOLERANCE

MERGE_TICKS: Final = 2.0


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

FAMILY: Final[Mapping[LevelKind, LevelKind]] = {kind: kinds[0] for kinds in _FAMILIES for kind in kinds}


class MergedLevel(msgspec.Struct, frozen=True, gc=False):
    """The strongest of near-equal levels, and the kinds of the others, strongest first, each once."""

    level: Level
    others: tuple[LevelKind, ...]


def _rank(level: Level) -> tuple[float, int, int, float, LevelKind]:
    """Strongest first, then oldest; price and kind only part what time and strength cannot."""
    return -level.strength, level.since_ns, level.available_at_ns, level.price, level.kind


def merge(levels: Sequence[Level], tick: float, ticks: float = MERGE_TICKS) -> tuple[MergedLevel, ...]:
    """Let each level take in the weaker ones within `ticks` ticks, strongest first; ordered by price.

    No chains: what a level takes in lies within reach of its own price.
    """
    reach = ticks * tick + PRICE_TOLERANCE
    ladder = sorted(levels, key=attrgetter("price", "kind", "since_ns"))
    free = [True] * len(ladder)
    merged = []
    for head in sorted(range(len(ladder)), key=lambda position: _rank(ladder[position])):
        if free[head]:
            near = _free_within(ladder, free, head, reach)
            for position in near:
                free[position] = False
            others = sorted((ladder[position] for position in near if position != head), key=_rank)
            kinds = dict.fromkeys(other.kind for other in others)
            kinds.pop(ladder[head].kind, None)
            merged.append(MergedLevel(ladder[head], tuple(kinds)))
    return tuple(sorted(merged, key=lambda each: (each.level.price, each.level.kind)))


def _free_within(ladder: list[Level], free: list[bool], head: int, reach: float) -> list[int]:
    price = ladder[head].price
    first, last = head, head
    while first > 0 and price - ladder[first - 1].price <= reach:
        first -= 1
    while last + 1 < len(ladder) and ladder[last + 1].price - price <= reach:
        last += 1
    return [position for position in range(first, last + 1) if free[position]]


def confluence(levels: Sequence[Level], price: float, window: float) -> tuple[str, ...]:
    """Return the kinds of the levels within `window` dollars of a price, strongest first, one for each fact."""
    reach = window + PRICE_TOLERANCE
    names: dict[str, None] = {}
    facts: set[tuple[LevelKind, float]] = set()
    for level in sorted((level for level in levels if abs(level.price - price) <= reach), key=_rank):
        fact = FAMILY.get(level.kind, level.kind), level.price
        if fact not in facts:
            facts.add(fact)
            names[str(level.kind)] = None
    return tuple(names)
