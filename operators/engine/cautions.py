"""What a trader should know of a ladder although it may be traded: short sentences in a fixed order."""

from typing import Final

from operators.engine.inputs import EngineInput
from operators.engine.profile import StopBasis
from operators.engine.styles import EXPECTED_MOVE_CAP, STYLES

LATE_MINUTES: Final = 60
"""A plan that ends with the session is late when so few minutes are left."""


def cautions(asked: EngineInput, basis: StopBasis, fractions: tuple[float, ...], size: int | None) -> tuple[str, ...]:
    """Return the warnings of a ladder: its stop's basis, the fractions sold at its targets, its size."""
    rule, found = STYLES[asked.style], []
    if basis is StopBasis.MAXIMUM:
        most = f"{rule.maximum_stop_atr:g} ATR is the most of the {asked.style} style"
        found.append(f"the stop lies before its level: {most}")
    if basis is StopBasis.ATR:
        found.append(f"no level protects: the stop is the {asked.style} style's least, {rule.minimum_stop_atr:g} ATR")
    if len(fractions) < len(rule.ideals):
        fitting = f"{len(fractions)} of {len(rule.ideals)} targets"
        found.append(f"only {fitting} fit within {EXPECTED_MOVE_CAP} expected moves")
    left = asked.session_minutes_left
    if rule.within_session and left is not None and left < LATE_MINUTES:
        found.append(f"the session ends in {left:g} minutes")
    if size is not None and 0 < size * min(fractions) < 1:
        found.append(f"{size} shares are too few to sell {min(fractions):.0%} of them")
    return tuple(found)
