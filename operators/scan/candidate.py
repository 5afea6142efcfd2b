"""What a detector found.  Rule: every condition is shown with its value, and confidence is no probability of winning.

Confidence is the share of the weighted conditions that were met.
"""

from datetime import date

import msgspec

from operators.plans import Direction, Style
from operators.prices import tidy
from operators.structured.conditions import Condition


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """A setup that became true at the end of a bar.  Times in ns UTC, prices in dollars.

    `at_ns`: the bar's end, when all of it is known; `reference_price`: the bar's close; `atr`: average true range on
    the style's timeframe as of then, above 0; `features`: the columns at that bar, None where not available.
    """

    symbol: str
    strategy: str
    style: Style
    direction: Direction
    at_ns: int
    session_date: date
    reference_price: float
    atr: float
    conditions: tuple[Condition, ...]
    confidence: float
    features: tuple[tuple[str, float | None], ...]

    @property
    def parts(self) -> tuple[tuple[str, float], ...]:
        """What each weighted condition adds to the confidence: its share of all weight when met, else 0."""
        total = sum(condition.weight for condition in self.conditions)
        return tuple(
            (condition.name, tidy(condition.weight / total) if condition.ok else 0.0)
            for condition in self.conditions
            if condition.weight
        )
