"""A detector's conditions.  Rule: confidence is the share of weighted conditions met, never a chance of winning."""

from collections.abc import Sequence
from math import fsum

import msgspec

from operators.prices import tidy


class Condition(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One thing a detector looked at: its `value` (None: not available), and whether it was `ok`.

    `weight`: 0 or more, its share in the confidence.  `required`: without it there is no candidate at all.
    """

    name: str
    value: float | None
    ok: bool
    weight: float
    required: bool


class Confidence(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """`value`: `met_weight` / `total_weight`, 0 to 1, None when nothing weighs; `parts` are what it is made of."""

    value: float | None
    met_weight: float
    total_weight: float
    parts: tuple[Condition, ...]


def confidence(conditions: Sequence[Condition]) -> Confidence:
    """Weigh conditions.  Raises ValueError for a weight that is none.

    >>> confidence([Condition("a", 1.5, True, 3.0, True), Condition("b", None, False, 1.0, False)]).value
    0.75
    """
    for condition in conditions:
        if not 0 <= condition.weight < float("inf"):
            msg = f"condition {condition.name!r}: got weight {condition.weight}; must be 0 or more"
            raise ValueError(msg)
    total = tidy(fsum(condition.weight for condition in conditions))
    met = tidy(fsum(condition.weight for condition in conditions if condition.ok))
    parts = tuple(_plain(condition) for condition in conditions)
    return Confidence(tidy(met / total) if total > 0 else None, met, total, parts)


def _plain(condition: Condition) -> Condition:
    """A value that is no number is not available."""
    value = condition.value
    if value is None or abs(value) < float("inf"):
        return condition
    return msgspec.structs.replace(condition, value=None)
