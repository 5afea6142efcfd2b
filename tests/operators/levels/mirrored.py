"""The mirror image of bars and levels: prices around a constant, high for low, upper for lower, R for S."""

from collections.abc import Iterable

import numpy as np
import pytest
from msgspec.structs import replace

from operators.bars.columns import Bars
from operators.levels.level import Level, LevelKind

MIRRORED_WORDS = {"high": "low", "upper": "lower", "vah": "val", "r1": "s1", "r2": "s2", "r3": "s3"}
SWAPPED = MIRRORED_WORDS | {other: word for word, other in MIRRORED_WORDS.items()}


def mirror_kind(kind: LevelKind) -> LevelKind:
    """High for low, upper for lower, R for S."""
    return LevelKind("_".join(SWAPPED.get(word, word) for word in kind.split("_")))


def mirror_bars(bars: Bars, around: float) -> Bars:
    """The same bars upside down."""
    opened, high, low, close = (np.round(around - each, 9) for each in (bars.open, bars.low, bars.high, bars.close))
    return replace(bars, open=opened, high=high, low=low, close=close)


def check_mirrored(levels: Iterable[Level], other: Iterable[Level], around: float) -> None:
    """The second are the mirror image of the first; below 0 there are no levels on either side."""
    expected = [replace(each, price=around - each.price, kind=mirror_kind(each.kind)) for each in levels]
    check_close([each for each in other if each.price < around], [each for each in expected if each.price > 0])


def check_close(levels: Iterable[Level], expected: Iterable[Level]) -> None:
    """The same kinds, strengths and times; prices within float noise."""

    def order(each: Level) -> tuple[str, int, int, float]:
        return each.kind, each.since_ns, each.available_at_ns, each.price

    for found, other in zip(sorted(levels, key=order), sorted(expected, key=order), strict=True):
        assert found.price == pytest.approx(other.price, rel=1e-9, abs=1e-7), found.kind
        assert replace(found, price=other.price) == other
