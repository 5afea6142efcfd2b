"""How much a level counts, by kind.  Rule: mirror images (high and low, R and S) count the same.

The numbers are judgements, not measurements: they order the kinds by how many traders act on the price and how much
trading made it.  Whoever calibrates them changes this table and nothing else.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from operators.levels.level import Level, LevelKind, Mark
from operators.prices import PLACES


class Strength(NamedTuple):
    """`value`: 0 to 1, and why."""

    value: float
    reason: str


_K = LevelKind

STRENGTHS: Final[Mapping[tuple[LevelKind, ...], Strength]] = {
    (_K.PRIOR_WEEK_HIGH, _K.PRIOR_WEEK_LOW): Strength(0.90, "five sessions failed beyond it"),
    (_K.PRIOR_DAY_HIGH, _K.PRIOR_DAY_LOW): Strength(0.85, "the most watched price of the day before"),
    (_K.SWING_HIGH_1D, _K.SWING_LOW_1D): Strength(0.80, "days on both sides turned there"),
    (_K.VWAP,): Strength(0.80, "what the session paid on average; executions are measured against it"),
    (_K.POC,): Strength(0.75, "where the prior session traded most"),
    (_K.SESSION_HIGH, _K.SESSION_LOW): Strength(0.75, "the edge of all that today accepted"),
    (_K.PRIOR_DAY_CLOSE, _K.GAP_PRIOR_CLOSE): Strength(0.70, "profit and loss are counted from it; gaps fill to it"),
    (_K.PREMARKET_HIGH, _K.PREMARKET_LOW): Strength(0.65, "the edge of the night's news, made on little volume"),
    (_K.OPENING_RANGE_30_HIGH, _K.OPENING_RANGE_30_LOW): Strength(0.65, "half an hour's balance after the auction"),
    (_K.VAH, _K.VAL): Strength(0.65, "the edge of 70 % of the prior session's volume"),
    (_K.SWING_HIGH_60M, _K.SWING_LOW_60M): Strength(0.65, "hours on both sides turned there"),
    (_K.AVWAP_PRIOR_HIGH, _K.AVWAP_PRIOR_LOW): Strength(0.60, "the average of all who traded since the turn"),
    (_K.OPENING_RANGE_15_HIGH, _K.OPENING_RANGE_15_LOW): Strength(0.60, "the usual opening range"),
    (_K.DEVELOPING_POC,): Strength(0.60, "where today traded most so far; it still moves"),
    (_K.PRIOR_WEEK_CLOSE,): Strength(0.60, "the week's gain is counted from it"),
    (_K.AVWAP_OPEN,): Strength(0.60, "the session VWAP under its other name"),
    (_K.OPENING_RANGE_5_HIGH, _K.OPENING_RANGE_5_LOW): Strength(0.50, "short: often passed within the half hour"),
    (_K.GAP_OPEN,): Strength(0.50, "the far edge of the gap"),
    (_K.SWING_HIGH_5M, _K.SWING_LOW_5M): Strength(0.50, "a turn of minutes"),
    (_K.DEVELOPING_VAH, _K.DEVELOPING_VAL): Strength(0.50, "the edge of today's value so far; it still moves"),
    (_K.VWAP_UPPER_2, _K.VWAP_LOWER_2): Strength(0.50, "two deviations from the average: stretched"),
    (_K.PIVOT,): Strength(0.50, "widely printed, made of three prices of yesterday"),
    (_K.VWAP_UPPER_1, _K.VWAP_LOWER_1): Strength(0.40, "one deviation: passed on most days"),
    (_K.R1, _K.S1): Strength(0.45, "the first rung of the floor's ladder"),
    (_K.R2, _K.S2): Strength(0.40, "the second rung"),
    (_K.R3, _K.S3): Strength(0.35, "the third rung, rarely reached"),
    (_K.ROUND,): Strength(0.30, "orders rest at whole numbers, at all of them"),
}

STRENGTH: Final[Mapping[LevelKind, float]] = {
    kind: strength.value for kinds, strength in STRENGTHS.items() for kind in kinds
}


def grade(marks: Iterable[Mark]) -> list[Level]:
    """Turn marks into levels with their strengths.  A price at or below 0, or NaN, is no price and is left out."""
    return [
        Level(round(price, PLACES), kind, STRENGTH[kind], since_ns, available_at_ns)
        for price, kind, since_ns, available_at_ns in marks
        if price > 0
    ]
