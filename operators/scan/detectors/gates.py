"""Conditions on trading itself, the same for every detector.  Rule: a gate is required and adds no confidence.

`dollars`: too thin a market fills no plan.  `coverage`, `no_hole`: bars missing, or a halt (a hole of ten minutes or
more) within the half hour, make averages of little worth.  `moving`: one-tick bars say that nothing is quoted.
`atr_known`: without a range above zero no distance can be measured.
"""

from dataclasses import dataclass
from typing import Final

from operators.scan.detectors.detector import Gate


@dataclass(frozen=True, slots=True)
class Least:
    """Least values.  Dollars per minute (intraday) or per session (daily); shares of bars; minutes."""

    dollars: float
    coverage: float
    moving: float
    since_hole: float = 0.0


INTRADAY: Final = Least(dollars=20_000, coverage=0.7, moving=0.5, since_hole=30)
"""20 000 dollars a minute are some 8 million a day, as the usual floor of day traders' screens (5 to 10 million)."""
DAILY: Final = Least(dollars=5_000_000, coverage=0.9, moving=0.5)
"""5 million dollars a session: the usual floor of swing screens."""


INTRADAY_GATES: Final = (
    Gate("dollars", "dollars", INTRADAY.dollars),
    Gate("coverage", "coverage", INTRADAY.coverage),
    Gate("no_hole", "since_hole", INTRADAY.since_hole),
    Gate("moving", "moving", INTRADAY.moving),
    Gate("atr_known", "atr", 0.0),
)
"""Of one- and five-minute bars; the latter as of their last minute."""

DAILY_GATES: Final = (
    Gate("dollars", "dollars", DAILY.dollars),
    Gate("coverage", "coverage", DAILY.coverage),
    Gate("moving", "moving", DAILY.moving),
    Gate("atr_known", "atr", 0.0),
)
"""Of daily bars."""

SWING_GATES: Final = (*DAILY_GATES, Gate("hour_atr_known", "atr_60m", 0.0))
"""Of daily bars, for ideas that are measured in 60-minute ranges."""
