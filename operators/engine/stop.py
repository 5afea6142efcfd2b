"""The stop: behind the nearest protecting level by a buffer of ATR, within the style's limits.

The nearest level behind the entry, or on it, protects.  A stop it would put too near goes to the minimum, one it
would put too far to the maximum (then it lies before its level, and the profile warns).  Without a level the minimum
stands: nothing is known to lean on, so it is the tightest stop that the style takes to be outside the noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from operators.engine.grid import NOISE_TICKS, whole_up
from operators.engine.profile import StopBasis
from operators.engine.trace import Candidate, Verdict
from operators.engine.yardstick import Yardstick

STOP_RUNG: Final = "stop"


@dataclass(frozen=True, slots=True)
class Stop:
    """`ticks` behind the entry, 1 or more, and what set it there."""

    ticks: int
    basis: StopBasis


def place_stop(candidates: Sequence[Candidate], yard: Yardstick) -> Stop | None:
    """Return the stop, or None when no whole tick lies within the style's limits and above 0 dollars.

    Judges the candidates behind the entry: one is TAKEN, the others are on the WRONG_SIDE.
    """
    behind = [each for each in candidates if each.verdict is None and each.ticks <= NOISE_TICKS]
    protecting = min(behind, key=_nearness, default=None)
    if protecting is not None:
        protecting.judge(Verdict.TAKEN, STOP_RUNG)
    for each in behind:
        each.judge(Verdict.WRONG_SIDE, None)
    if yard.stop_least > yard.stop_most:
        return None
    if protecting is None:
        return Stop(yard.stop_least, StopBasis.ATR)
    return _behind(-protecting.ticks, yard)


def _behind(level: float, yard: Yardstick) -> Stop:
    """Rounds away from the entry, so that a buffer of less than a tick still leaves the level in front."""
    ticks = whole_up(level + yard.buffer)
    if ticks < yard.stop_least:
        return Stop(yard.stop_least, StopBasis.MINIMUM)
    if ticks > yard.stop_most:
        return Stop(yard.stop_most, StopBasis.MAXIMUM)
    return Stop(ticks, StopBasis.LEVEL)


def _nearness(candidate: Candidate) -> tuple[float, float, str]:
    return -candidate.ticks, -candidate.level.strength, candidate.level.kind
