"""The style table.  Rule: every number that differs by style stands here, once, and the engine reads no other.

Distances are in ATR of the style's own bar, ideals and the cap in expected moves to the style's horizon.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from operators.bars.columns import Interval
from operators.plans import Style

SESSION_MINUTES: Final = 390
"""Minutes of a full regular session; horizons of whole sessions count in these."""

EXPECTED_MOVE_CAP: Final = 1.1
"""No target lies further than so many expected moves."""

MINIMUM_SPACING_ATR: Final = 0.35
"""Two targets stand at least so many ATR apart."""

STOP_BUFFER_ATR: Final = 0.1
"""How far behind its level a stop lies."""

TRAIL_STEP: Final = 0.25
"""A runner's raise is announced when it is worth this share of the trail's distance."""

FRACTIONS: Final[Mapping[int, tuple[float, ...]]] = MappingProxyType({1: (0.9,), 2: (0.5, 0.4), 3: (0.4, 0.3, 0.2)})
"""What is sold at each target, by the number of targets; the runner keeps the rest."""

RUNNER_FRACTION: Final = 0.1


@dataclass(frozen=True, slots=True)
class StyleRule:
    """One row of the table.  `horizon_minutes`: regular-session minutes; for intraday the most that a session has.

    `within_session`: the horizon ends with the session at the latest.  `ideals`: in expected moves, ascending.
    `minimum_reward_to_risk` is asked of target 1.  Everything in ATR is in ATR of `bar`.
    """

    bar: Interval
    bar_minutes: int
    horizon_minutes: int
    within_session: bool
    minimum_stop_atr: float
    maximum_stop_atr: float
    minimum_reward_to_risk: float
    ideals: tuple[float, ...]
    snap_window_atr: float
    trail_atr: float

    def minutes_ahead(self, session_minutes_left: float | None) -> float:
        """Return the regular-session minutes to the horizon; `session_minutes_left` None: a session just begins."""
        if not self.within_session or session_minutes_left is None:
            return float(self.horizon_minutes)
        return min(float(self.horizon_minutes), session_minutes_left)

    def bars_ahead(self, session_minutes_left: float | None) -> float:
        """Return the horizon in bars of the style, a fraction of the last one included."""
        return self.minutes_ahead(session_minutes_left) / self.bar_minutes


STYLES: Final[Mapping[Style, StyleRule]] = MappingProxyType(
    {
        Style.SCALP: StyleRule(
            bar=Interval.M1,
            bar_minutes=1,
            horizon_minutes=60,
            within_session=True,
            minimum_stop_atr=0.6,
            maximum_stop_atr=1.6,
            minimum_reward_to_risk=1.2,
            ideals=(0.30, 0.60, 0.90),
            snap_window_atr=0.15,
            trail_atr=0.8,
        ),
        Style.INTRADAY: StyleRule(
            bar=Interval.M5,
            bar_minutes=5,
            horizon_minutes=SESSION_MINUTES,
            within_session=True,
            minimum_stop_atr=0.9,
            maximum_stop_atr=2.0,
            minimum_reward_to_risk=1.4,
            ideals=(0.45, 0.80, 1.10),
            snap_window_atr=0.20,
            trail_atr=1.0,
        ),
        Style.SWING: StyleRule(
            bar=Interval.M60,
            bar_minutes=60,
            horizon_minutes=10 * SESSION_MINUTES,
            within_session=False,
            minimum_stop_atr=1.2,
            maximum_stop_atr=2.5,
            minimum_reward_to_risk=1.8,
            ideals=(0.55, 0.90, 1.25),
            snap_window_atr=0.25,
            trail_atr=1.2,
        ),
        Style.LEAP: StyleRule(
            bar=Interval.D1,
            bar_minutes=SESSION_MINUTES,
            horizon_minutes=60 * SESSION_MINUTES,
            within_session=False,
            minimum_stop_atr=1.5,
            maximum_stop_atr=3.0,
            minimum_reward_to_risk=2.0,
            ideals=(0.65, 1.0, 1.3),
            snap_window_atr=0.30,
            trail_atr=1.3,
        ),
    }
)
