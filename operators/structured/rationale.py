"""Why this plan, in one line made of its conditions.  Deterministic: heaviest first, the detector's order on ties."""

from collections.abc import Sequence
from typing import Final

from operators.engine.profile import TargetProfile
from operators.engine.styles import STYLES
from operators.engine.trace import Verdict
from operators.levels.agreement import Fact, fact
from operators.prices import plain
from operators.structured.conditions import Condition

NAMED: Final = 4
"""Conditions that a rationale names of those met, and of those not; the rest is counted."""


def rationale(profile: TargetProfile, strategy: str, conditions: Sequence[Condition]) -> str:
    """Say what was found, which conditions held, and which did not."""
    met = [condition for condition in conditions if condition.ok]
    missing = [condition for condition in conditions if not condition.ok]
    text = f"{profile.direction} {profile.symbol} {strategy}: {len(met)} of {len(conditions)} conditions met"
    if met:
        text += f" ({_named(met)})"
    return f"{text}, not met: {_named(missing)}" if missing else text


def confluence(profile: TargetProfile, conditions: Sequence[Condition]) -> tuple[str, ...]:
    """Name what agrees: levels within the snap window of the entry, strongest first, then weighty conditions met.

    Of several names of one fact only the first is said.
    """
    window = STYLES[profile.style].snap_window_atr
    near = [
        line
        for line in profile.snap_trace
        if line.verdict is not Verdict.NOT_YET and line.distance_atr is not None and abs(line.distance_atr) <= window
    ]
    facts: dict[Fact, str] = {}
    for line in sorted(near, key=lambda line: (-line.strength, line.kind)):
        facts.setdefault(fact(line.kind, line.price), line.kind)
    names = [condition.name for condition in conditions if condition.ok and condition.weight > 0]
    return tuple(dict.fromkeys([*facts.values(), *names]))


def _named(conditions: Sequence[Condition]) -> str:
    heaviest = sorted(conditions, key=lambda condition: -condition.weight)
    named = ", ".join(_one(condition) for condition in heaviest[:NAMED])
    rest = len(conditions) - NAMED
    return f"{named} and {rest} more" if rest > 0 else named


def _one(condition: Condition) -> str:
    value = condition.value
    if value is None or not abs(value) < float("inf"):
        return condition.name
    return f"{condition.name} {plain(round(value, 4))}"
