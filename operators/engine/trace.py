"""The snap trace.  Rule: every level that was handed in leaves one line, with what became of it and why."""

from collections.abc import Iterable
from enum import StrEnum
from math import inf

import msgspec

from operators.engine.grid import micro
from operators.levels.level import Level


class Verdict(StrEnum):
    """What became of a level.

    TAKEN: a stop hides behind it, or a target stands on it.  RR_FLOOR: as target 1 it pays too little for the risk,
    also where a watch plan's target 1 stands on it for want of a better one.
    BEYOND_EM: past the cap in expected moves.  TOO_CLOSE: inside a snap window, but too near the target before.
    WRONG_SIDE: behind the entry, and another level protects.  WEAKER: another level of its window is stronger.
    FARTHER: as strong as the one taken, but no nearer the ideal.  NO_WINDOW: no target's ideal is near it.
    NOT_YET: not known at the instant.  NOT_A_PRICE: not finite, or not above 0.  NOT_ASKED: no ladder could be built.
    """

    TAKEN = "TAKEN"
    RR_FLOOR = "RR_FLOOR"
    BEYOND_EM = "BEYOND_EM"
    TOO_CLOSE = "TOO_CLOSE"
    WRONG_SIDE = "WRONG_SIDE"
    WEAKER = "WEAKER"
    FARTHER = "FARTHER"
    NO_WINDOW = "NO_WINDOW"
    NOT_YET = "NOT_YET"
    NOT_A_PRICE = "NOT_A_PRICE"
    NOT_ASKED = "NOT_ASKED"


class SnapLine(msgspec.Struct, frozen=True, gc=False):
    """One level as the engine saw it.

    `price` in dollars; `distance_atr`: signed, ahead is above 0.  `rung`: "stop" or "target_1" and so on, the one it
    was considered for.  Distance and price are None where they are no numbers.
    """

    price: float | None
    kind: str
    strength: float
    since_ns: int
    distance_atr: float | None
    verdict: Verdict
    rung: str | None


class Candidate:
    """A level on the grid while the ladder is being built, and what has become of it so far."""

    __slots__ = ("level", "rung", "ticks", "verdict")

    def __init__(self, level: Level, ticks: float, verdict: Verdict | None = None) -> None:
        self.level = level
        self.ticks = ticks
        self.verdict = verdict
        self.rung: str | None = None

    def judge(self, verdict: Verdict, rung: str | None) -> None:
        """Note a verdict: being taken stands, and otherwise the first reason does."""
        if self.verdict is None or (verdict is Verdict.TAKEN and self.verdict is not Verdict.TAKEN):
            self.verdict, self.rung = verdict, rung

    def line(self, atr_ticks: float | None, otherwise: Verdict) -> SnapLine:
        """Write the trace's line; `otherwise`: what to say of a level that nothing was said of."""
        level, usable = self.level, self.ticks == self.ticks
        return SnapLine(
            price=level.price if usable else None,
            kind=str(level.kind),
            strength=level.strength,
            since_ns=level.since_ns,
            distance_atr=micro(self.ticks / atr_ticks) if usable and atr_ticks else None,
            verdict=self.verdict or otherwise,
            rung=self.rung,
        )


def ordered(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Sort from the stop's side to the targets', stronger first on one spot; what has no price comes last."""
    return sorted(candidates, key=_order)


def _order(candidate: Candidate) -> tuple[float, float, str, int, int]:
    level, ticks = candidate.level, candidate.ticks
    place = ticks if ticks == ticks else inf
    return place, -level.strength, level.kind, level.since_ns, level.available_at_ns
