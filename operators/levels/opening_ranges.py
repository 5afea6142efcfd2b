"""Opening ranges.  Rule: a range of n minutes is [open, open + n), and there is none before it is complete."""

from collections.abc import Iterator
from typing import Final

from operators.levels.high_low import HighLow
from operators.levels.level import LevelKind, Mark
from operators.times import MINUTE_NS

OPENING_RANGES: Final = (
    (5, LevelKind.OPENING_RANGE_5_HIGH, LevelKind.OPENING_RANGE_5_LOW),
    (15, LevelKind.OPENING_RANGE_15_HIGH, LevelKind.OPENING_RANGE_15_LOW),
    (30, LevelKind.OPENING_RANGE_30_HIGH, LevelKind.OPENING_RANGE_30_LOW),
)


def opening_range_marks(session: HighLow, open_ns: int, as_of_ns: int) -> Iterator[Mark]:
    """Return high and low of each complete range in which the symbol traded, from the session's extremes."""
    for minutes, high_kind, low_kind in OPENING_RANGES:
        complete_ns = open_ns + minutes * MINUTE_NS
        if as_of_ns < complete_ns:
            return
        for price, kind, since_ns, _ in session.marks(high_kind, low_kind, complete_ns):
            yield price, kind, since_ns, complete_ns
