"""The engine's answer.  Rule: a profile with a ladder is a plan that could be registered as it stands."""

from enum import StrEnum

import msgspec

from operators.engine.expected_move import ExpectedMove
from operators.engine.trace import SnapLine
from operators.plans import Direction, Entry, Style, Trail


class WatchReason(StrEnum):
    """Why a profile is only to be watched.  The first four leave it without a ladder."""

    NO_ATR = "NO_ATR"
    NO_EXPECTED_MOVE = "NO_EXPECTED_MOVE"
    NO_STOP = "NO_STOP"
    NO_ROOM = "NO_ROOM"
    RR_FLOOR = "RR_FLOOR"
    SESSION_OVER = "SESSION_OVER"
    BUDGET = "BUDGET"


class StopBasis(StrEnum):
    """What set the stop: its level, one of the style's limits in place of the level's, or the ATR where none is."""

    LEVEL = "level"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    ATR = "atr"


class ProfileTarget(msgspec.Struct, frozen=True, gc=False):
    """One target.  `price` in dollars, `fraction` of the position sold there, `r`: reward over initial risk.

    `probability`: reached before the stop and before the horizon, calibrated when the profile names a calibration,
    else equal to `raw_probability`, that of the driftless diffusion.  `touch_probability`: reached before the horizon
    whatever happens at the stop, never calibrated.  `level`: the kind it stands on, None for the ideal itself.
    """

    price: float
    fraction: float
    r: float
    probability: float
    raw_probability: float
    touch_probability: float
    level: str | None


class Runner(msgspec.Struct, frozen=True, gc=False):
    """What is left after the last target: its `fraction` of the position and the `trail` it runs under."""

    fraction: float
    trail: Trail


class TargetProfile(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where a plan enters, is wrong and pays, how likely and how large; prices in dollars per share.

    Without a ladder (see WatchReason) `stop`, `stop_basis`, `risk_per_share` and `runner` are None and `targets` is
    empty; else stop, entry and targets ascend for a long and descend for a short.  `actionable` is false exactly when
    `reason` says why, and `reason_text` says it in a sentence.  `size`: whole shares for the budget, None without one.
    Probabilities count from the entry, for the initial stop: a later break-even or trail is not in them.
    """

    symbol: str
    style: Style
    direction: Direction
    as_of_ns: int
    tick: float
    entry: Entry
    atr: float | None
    expected_move: ExpectedMove | None
    snap_trace: tuple[SnapLine, ...]
    actionable: bool
    reason: WatchReason | None
    reason_text: str | None
    stop: float | None = None
    stop_basis: StopBasis | None = None
    targets: tuple[ProfileTarget, ...] = ()
    runner: Runner | None = None
    risk_per_share: float | None = None
    size: int | None = None
    calibration: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def r_multiples(self) -> tuple[float, ...]:
        """Reward over initial risk at each target."""
        return tuple(target.r for target in self.targets)

    @property
    def probabilities(self) -> tuple[float, ...]:
        """Probability of each target, nearest first: never rising."""
        return tuple(target.probability for target in self.targets)
