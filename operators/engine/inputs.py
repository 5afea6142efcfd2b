"""What the engine is told.  Rule: what no caller may get wrong is refused here; what a tape may lack is None."""

from math import inf, isfinite
from typing import Final

import msgspec

from operators.engine.calibration import Calibration
from operators.engine.expected_move import ExpectedMove
from operators.levels.level import Level
from operators.plans import Direction, EntryType, Style
from operators.prices import plain

FINEST_TICK: Final = 1e-6
"""Dollars.  Prices keep nine places, and levels of a plan must differ by more than their noise."""

NOISE: Final = 1e-9


class EngineInput(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One question to the engine, as of `as_of_ns` (ns UTC).  Prices in dollars per share.

    `reference`: where the idea enters.  `atr`: of the style's bar; None or nan before warm-up.  `expected_move`: to
    the style's horizon; None when unknown.  `levels`: in any order; those not yet known at `as_of_ns` decide nothing.
    `session_minutes_left`: to the regular close (`trading_time.session_minutes_left`), None when it does not matter.
    `risk_budget`: dollars that may be lost at the stop; None: no size.  `last`: the last price, which says whether
    the entry waits for a pullback (limit) or a break (stop); `entry_type` overrules it.

    Raises ValueError in one line for a reference, tick, budget, ATR or last price that no tape can bring about, and
    for an expected move of the future.  A missing or zero ATR or move is no error: the answer is a watch profile.
    """

    symbol: str
    style: Style
    direction: Direction
    reference: float
    as_of_ns: int
    atr: float | None
    expected_move: ExpectedMove | None
    levels: tuple[Level, ...] = ()
    tick: float = 0.01
    session_minutes_left: float | None = None
    risk_budget: float | None = None
    last: float | None = None
    entry_type: EntryType | None = None
    calibration: Calibration | None = None

    def __post_init__(self) -> None:
        """Refuse what is the caller's mistake."""
        _above_zero("reference", self.reference)
        if not FINEST_TICK <= self.tick < inf:
            _refuse("tick", self.tick, f"dollars, {FINEST_TICK:f} or more")
        if self.reference < self.tick * (1 - NOISE):
            _refuse("reference", self.reference, f"at least one tick of {plain(self.tick)}")
        if self.last is not None:
            _above_zero("last", self.last)
        if self.atr is not None and (self.atr < 0 or self.atr == inf):
            _refuse("atr", self.atr, "dollars, 0 or more (None when not available)")
        if self.risk_budget is not None and not 0 <= self.risk_budget < inf:
            _refuse("risk_budget", self.risk_budget, "dollars, 0 or more (None for no size)")
        if self.session_minutes_left is not None and not 0 <= self.session_minutes_left < inf:
            _refuse("session_minutes_left", self.session_minutes_left, "minutes, 0 or more")
        move = self.expected_move
        if move is not None and move.available_at_ns > self.as_of_ns:
            _refuse("expected_move", move.available_at_ns, f"known by the instant {self.as_of_ns}")


def _above_zero(field: str, value: float) -> None:
    if not (isfinite(value) and value > 0):
        _refuse(field, value, "dollars above 0")


def _refuse(field: str, got: float, allowed: str) -> None:
    msg = f"{field}: got {got}; must be {allowed}"
    raise ValueError(msg)
