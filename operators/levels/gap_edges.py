"""The edges of the opening gap: the prior regular close and the first regular price.

Rule: a gap counts when it is at least a tenth of the typical daily range (mean of fourteen) and at least two ticks.
It is measured in ranges, not in percent, so that quiet and wild symbols, and mirrored prices, are judged alike.  Edges
stay levels when the gap has been filled.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from operators.levels.level import LevelKind, Mark
from operators.levels.prior_days import Period
from operators.prices import at_or_above

GAP_RANGES: Final = 0.10
GAP_TICKS: Final = 2


class Opening(NamedTuple):
    """The first regular bar's open in dollars, its start, and its end: when the open was known as part of a bar."""

    price: float
    start_ns: int
    end_ns: int


def least_gap(typical_range: float, tick: float) -> float:
    """Return the smallest gap that counts, in dollars.

    >>> least_gap(2.5, 0.01), least_gap(0.0, 0.01)
    (0.25, 0.02)
    """
    return max(GAP_RANGES * typical_range, GAP_TICKS * tick)


def gap_marks(prior: Period | None, opening: Opening | None, least: float, as_of_ns: int) -> Iterator[Mark]:
    """Return both edges once the first regular bar has ended, if the gap counts."""
    if prior is None or opening is None or opening.end_ns > as_of_ns:
        return
    if at_or_above(abs(opening.price - prior.close), least):
        yield prior.close, LevelKind.GAP_PRIOR_CLOSE, opening.start_ns, opening.end_ns
        yield opening.price, LevelKind.GAP_OPEN, opening.start_ns, opening.end_ns
