"""From the ladder on the grid to priced targets: fractions, R and probabilities, which never rise along it."""

from collections.abc import Sequence

from operators.engine.calibration import Calibration
from operators.engine.expected_move import DEVIATIONS_PER_MOVE
from operators.engine.first_passage import target_before_stop, touch
from operators.engine.grid import Grid
from operators.engine.ladder import Rung
from operators.engine.profile import ProfileTarget
from operators.engine.styles import FRACTIONS
from operators.prices import tidy


def price_targets(
    rungs: Sequence[Rung], grid: Grid, stop_ticks: int, move_ticks: float, calibration: Calibration | None
) -> tuple[ProfileTarget, ...]:
    """Return the targets of 0 to 3 rungs; `move_ticks`: the expected move, above 0."""
    deviation = move_ticks * DEVIATIONS_PER_MOVE
    found: list[ProfileTarget] = []
    for rung, fraction in zip(rungs, FRACTIONS.get(len(rungs), ()), strict=True):
        away = rung.ticks / deviation
        raw = target_before_stop(away, stop_ticks / deviation)
        if found:
            raw = min(raw, found[-1].raw_probability)  # where two series meet, the last bit may rise
        found.append(
            ProfileTarget(
                price=grid.price(rung.ticks),
                fraction=fraction,
                r=tidy(rung.ticks / stop_ticks),
                probability=raw if calibration is None else calibration.apply(raw),
                raw_probability=raw,
                touch_probability=touch(away),
                level=None if rung.candidate is None else str(rung.candidate.level.kind),
            )
        )
    return tuple(found)
