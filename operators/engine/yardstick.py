"""The style's distances in ticks, for one ATR and one expected move."""

from dataclasses import dataclass
from typing import Self

from operators.engine.grid import Grid, whole_down, whole_up
from operators.engine.styles import EXPECTED_MOVE_CAP, MINIMUM_SPACING_ATR, STOP_BUFFER_ATR, StyleRule


@dataclass(frozen=True, slots=True)
class Yardstick:
    """Ticks.  `cap`, `spacing`, `stop_least` and `stop_most` are whole ticks on the allowed side of their limits."""

    rule: StyleRule
    atr: float
    move: float
    window: float
    buffer: float
    cap: int
    spacing: int
    stop_least: int
    stop_most: int

    @classmethod
    def of(cls, rule: StyleRule, grid: Grid, atr: float, move: float) -> Self:
        """Measure for an ATR and an expected move in dollars, both above 0."""
        atr, move = atr / grid.tick, move / grid.tick
        cap, most = whole_down(EXPECTED_MOVE_CAP * move), whole_down(rule.maximum_stop_atr * atr)
        ahead, behind = grid.furthest_ahead, grid.furthest_behind
        return cls(
            rule=rule,
            atr=atr,
            move=move,
            window=rule.snap_window_atr * atr,
            buffer=STOP_BUFFER_ATR * atr,
            cap=cap if ahead is None else min(cap, ahead),
            spacing=max(whole_up(MINIMUM_SPACING_ATR * atr), 1),
            stop_least=max(whole_up(rule.minimum_stop_atr * atr), 1),
            stop_most=most if behind is None else min(most, behind),
        )

    def floor(self, stop: int) -> int:
        """Return how far ahead target 1 must be to pay for a stop so many ticks behind."""
        return whole_up(self.rule.minimum_reward_to_risk * stop)
