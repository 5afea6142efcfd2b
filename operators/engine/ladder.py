"""The targets: ideal shares of the expected move, each snapped to the best level near it.

Best is strongest, then nearest the ideal, then nearest the entry.  Targets ascend, stand a minimum spacing apart
(an ideal that the target before has come too near moves to one spacing beyond it) and never pass the cap; a target
without room is left out.  A target 1 below the reward-to-risk floor moves to the next level that meets it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from operators.engine.grid import NOISE_TICKS, micro, nearest
from operators.engine.trace import Candidate, Verdict
from operators.engine.yardstick import Yardstick


@dataclass(frozen=True, slots=True)
class Rung:
    """A target `ticks` ahead of the entry, on a level or (None) on its ideal."""

    ticks: int
    candidate: Candidate | None


def build_ladder(candidates: Sequence[Candidate], yard: Yardstick, stop_ticks: int) -> tuple[Rung, ...]:
    """Return 0 to 3 rungs, nearest first; none when the cap is below one tick.

    The first may pay less than the floor: then no level up to the cap meets it.  `candidates`: as `ordered` sorts
    them.  Judges those ahead.
    """
    ahead = [each for each in candidates if each.verdict is None and each.ticks > NOISE_TICKS]
    for each in ahead:
        if nearest(each.ticks) > yard.cap:
            each.judge(Verdict.BEYOND_EM, None)
    open_ones = [each for each in ahead if each.verdict is None]
    rungs: list[Rung] = []
    for index, share in enumerate(yard.rule.ideals, 1):
        least = rungs[-1].ticks + yard.spacing if rungs else 1
        if least > yard.cap:
            break
        ideal = max(min(share * yard.move, float(yard.cap)), float(least))
        name = f"target_{index}"
        if index == 1:
            rungs.append(_first(open_ones, yard, ideal, name, yard.floor(stop_ticks)))
        else:
            rungs.append(_take(_snap(open_ones, yard, ideal, least, name), ideal, least, yard, name))
    return tuple(rungs)


def _first(ahead: Sequence[Candidate], yard: Yardstick, ideal: float, name: str, floor: int) -> Rung:
    """Target 1: where its ideal puts it when that pays, else the next level that does, else where it was."""
    best = _snap(ahead, yard, ideal, 1, name)
    ticks = _ticks(best, ideal, 1, yard)
    if ticks >= floor:
        return _take(best, ideal, 1, yard, name)
    paying = [each for each in ahead if nearest(each.ticks) >= floor]
    for each in ahead:
        if nearest(each.ticks) < floor:
            each.judge(Verdict.RR_FLOOR, name)
    if not paying:
        return Rung(ticks, best)
    return _take(paying[0], paying[0].ticks, 1, yard, name)


def _snap(ahead: Sequence[Candidate], yard: Yardstick, ideal: float, least: int, name: str) -> Candidate | None:
    """Find the best level in the window around an ideal; what is too near the target before is judged so."""
    inside = [each for each in ahead if abs(each.ticks - ideal) <= yard.window + NOISE_TICKS]
    fitting = []
    for each in inside:
        if each.verdict is Verdict.TAKEN:
            continue
        if nearest(each.ticks) < least:
            each.judge(Verdict.TOO_CLOSE, name)
        else:
            fitting.append(each)
    best = min(fitting, key=lambda each: _rank(each, ideal), default=None)
    for each in fitting:
        if best is not None and each is not best:
            weaker = each.level.strength < best.level.strength
            each.judge(Verdict.WEAKER if weaker else Verdict.FARTHER, name)
    return best


def _take(best: Candidate | None, ideal: float, least: int, yard: Yardstick, name: str) -> Rung:
    if best is not None:
        best.judge(Verdict.TAKEN, name)
    return Rung(_ticks(best, ideal, least, yard), best)


def _ticks(best: Candidate | None, ideal: float, least: int, yard: Yardstick) -> int:
    return min(max(nearest(ideal if best is None else best.ticks), least), yard.cap)


def _rank(candidate: Candidate, ideal: float) -> tuple[float, float, float, str, int]:
    level, away = candidate.level, micro(abs(candidate.ticks - ideal))
    return -level.strength, away, candidate.ticks, level.kind, level.since_ns
