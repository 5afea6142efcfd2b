"""How one plan ended.  Frozen values that cannot be built wrong; the only input of every backtest number."""

from enum import StrEnum
from typing import Final

import msgspec

from operators.plans import MAX_TARGETS, Direction, Style
from operators.state import Phase


class Standing(StrEnum):
    """In which statistics an outcome takes part."""

    WATCH = "watch"
    """Proposed for watching only: counted as such, and nowhere else."""
    WAITING = "waiting"
    """Ended, or still waiting, without an entry."""
    UNFINISHED = "unfinished"
    """Entered, but still open, cancelled or replaced: its R is not whole, so it takes part in no R statistic."""
    FINISHED = "finished"
    """Entered, and ended at a price by the plan's own rules."""


ENDED_AT_A_PRICE: Final = frozenset({Phase.COMPLETED, Phase.STOPPED, Phase.EXPIRED})


class TradeOutcome(msgspec.Struct, frozen=True, gc=False):
    """One plan as it stood at the end.  R in units of initial risk.

    `at_ns`: when it ended, ns UTC; of one that lives its last change, of one that never lived its proposal.

    `probabilities`: per target, nearest first, as claimed at birth, in [0, 1]; empty when none were claimed.
    `mfe_r`, `mae_r` (0 or below): extreme R since the entry, None without one.
    Raises ValueError, naming the plan and the field, for values that contradict each other.
    """

    plan_id: str
    symbol: str
    strategy: str
    style: Style
    direction: Direction
    phase: Phase
    entered: bool
    realized_r: float
    mfe_r: float | None
    mae_r: float | None
    at_ns: int
    probabilities: tuple[float, ...]
    targets_hit: int
    n_targets: int
    actionable: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot have happened."""
        if not all(0 <= each <= 1 for each in self.probabilities):
            raise self._refusal("probabilities", f"got {self.probabilities}; each must be 0 to 1")
        if self.probabilities and len(self.probabilities) != self.n_targets:
            raise self._refusal("probabilities", f"got {len(self.probabilities)} for {self.n_targets} targets")
        if not 1 <= self.n_targets <= MAX_TARGETS:
            raise self._refusal("n_targets", f"got {self.n_targets}; must be 1 to {MAX_TARGETS}")
        if not 0 <= self.targets_hit <= (self.n_targets if self.entered else 0):
            raise self._refusal("targets_hit", f"got {self.targets_hit} of {self.n_targets}, entered: {self.entered}")

    @property
    def standing(self) -> Standing:
        """In which statistics this outcome takes part."""
        if not self.actionable:
            return Standing.WATCH
        if not self.entered:
            return Standing.WAITING
        return Standing.FINISHED if self.phase in ENDED_AT_A_PRICE else Standing.UNFINISHED

    def _refusal(self, field: str, message: str) -> ValueError:
        return ValueError(f"plan {self.plan_id!r}: {field}: {message}")
