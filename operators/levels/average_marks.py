"""Session VWAP, its bands, and anchored VWAPs.  Rule: regular bars only; a band nearer than one tick says nothing."""

from collections.abc import Iterable, Iterator
from typing import Final

from operators.levels.level import LevelKind, Mark
from operators.levels.prior_session import Anchor
from operators.levels.volume_sums import Sums

BANDS: Final = (
    (1, LevelKind.VWAP_UPPER_1, LevelKind.VWAP_LOWER_1),
    (2, LevelKind.VWAP_UPPER_2, LevelKind.VWAP_LOWER_2),
)


def vwap_marks(today: Sums | None, open_ns: int, tick: float) -> Iterator[Mark]:
    """Return VWAP and bands of today's bars, and the VWAP anchored at the open, which equals the first."""
    if today is None:
        return
    vwap, deviation, known_ns = today.vwap, today.deviation, today.available_at_ns
    yield vwap, LevelKind.VWAP, open_ns, known_ns
    yield vwap, LevelKind.AVWAP_OPEN, open_ns, known_ns
    if deviation >= tick:
        for count, upper, lower in BANDS:
            yield vwap + count * deviation, upper, open_ns, known_ns
            yield vwap - count * deviation, lower, open_ns, known_ns


def anchored_marks(anchors: Iterable[Anchor], today: Sums | None) -> Iterator[Mark]:
    """Return the VWAPs anchored in the prior session, over its bars from the anchor on and today's."""
    for kind, since_ns, sums in anchors:
        if today is None:
            yield sums.vwap, kind, since_ns, sums.available_at_ns
        else:
            yield sums.joined(today), kind, since_ns, today.available_at_ns
