"""Conditions on trading itself, the same for every detector.  Rule: a gate is required and adds no confidence.

`dollars`: too thin a market fills no plan.  `coverage`, `no_hole`: bars missing, or a halt (a hole of ten minutes or
more) within the half hour, make averages of little worth.  `moving`: one-tick bars say that nothing is quoted.
`atr_known`: without a range above zero no distance can be measured.
"""

from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from operators.scan.detectors.detector import Rule


@dataclass(frozen=True, slots=True)
class Gates:
    """Least values.  Dollars per minute (intraday) or per session (daily); shares of bars; minutes."""

    dollars: float
    coverage: float
    moving: float
    since_hole: float = 0.0


INTRADAY: Final = Gates(dollars=20_000, coverage=0.7, moving=0.5, since_hole=30)
"""20 000 dollars a minute are some 8 million a day, as the usual floor of day traders' screens (5 to 10 million)."""
DAILY: Final = Gates(dollars=5_000_000, coverage=0.9, moving=0.5)
"""5 million dollars a session: the usual floor of swing screens."""


def _gate(name: str, column: str, at_least: float) -> Rule[Any]:
    return Rule(name, attrgetter(column), at_least, weight=0)


INTRADAY_GATES: Final = (
    _gate("dollars", "dollars", INTRADAY.dollars),
    _gate("coverage", "coverage", INTRADAY.coverage),
    _gate("no_hole", "since_hole", INTRADAY.since_hole),
    _gate("moving", "moving", INTRADAY.moving),
    _gate("atr_known", "atr", 0.0),
)
"""Of one- and five-minute bars."""

DAILY_GATES: Final = (
    _gate("dollars", "dollars", DAILY.dollars),
    _gate("coverage", "coverage", DAILY.coverage),
    _gate("moving", "moving", DAILY.moving),
    _gate("atr_known", "atr", 0.0),
)
"""Of daily bars."""

SWING_GATES: Final = (*DAILY_GATES, _gate("hour_atr_known", "atr_60m", 0.0))
"""Of daily bars, for ideas that are measured in 60-minute ranges."""
