"""The rules of the design, each by example: written down for a long, held for its mirror image as well."""

from typing import Any

import pytest

from operators.plans import Direction, Entry, Trail
from operators.position import adverse, favourable
from tests.operators.builders import (
    MARKET,
    STOP,
    Told,
    make_plan,
    outcome,
    targets,
    told,
)

LONG, SHORT = Direction.LONG, Direction.SHORT
both_ways = pytest.mark.parametrize("side", [LONG, SHORT], ids=["long", "short"])


def stopping(kind: str = "stop", price: float = 99.0, level: float = 99.0) -> Told:
    return ("stopped", price, level, kind)


HIT_1: Told = ("target_hit", 101.0, 101.0)
HIT_2: Told = ("target_hit", 102.0, 102.0)
STOP_ENTRY = {"entry": Entry(STOP, 100.0)}
AT_MARKET = {"entry": Entry(MARKET, None)}
REFERENCE = {"entry": Entry(MARKET, 97.0)}
PART = {"targets": targets(101.0, 102.0, fractions=[0.25, 0.25])}
TRAIL = {"trail": Trail(0.5, 0.1)}
IN: Told = ("entered", 100.0, 100.0)
QUIET = {"at_risk_buffer": 0.0}

EXAMPLES: list[tuple[str, dict[str, Any], list[float], list[Told]]] = [
    # 1. waiting
    ("a limit waits above its price", {}, [100.01, 100.5, 105.0], []),
    ("a limit enters at its price", {}, [100.0], [("entered", 100.0, 100.0)]),
    ("a limit enters below its price, at the tick", {}, [99.01], [("entered", 99.01, 100.0)]),
    ("the stop itself invalidates", {}, [99.0], [("invalidated", 99.0, 99.0)]),
    ("a gap through entry and stop invalidates", {}, [100.5, 98.0], [("invalidated", 98.0, 99.0)]),
    ("a stop entry waits below its price", STOP_ENTRY, [99.99, 99.01], []),
    ("a stop entry enters at its price", STOP_ENTRY, [100.0], [("entered", 100.0, 100.0)]),
    ("a stop entry enters above its price", STOP_ENTRY, [100.99], [("entered", 100.99, 100.0)]),
    ("the first target itself is missed", STOP_ENTRY, [101.0], [("missed", 101.0, 101.0)]),
    ("a gap beyond the targets is missed", STOP_ENTRY, [99.5, 103.0], [("missed", 103.0, 101.0)]),
    ("a stop entry is invalidated first", STOP_ENTRY, [99.0], [("invalidated", 99.0, 99.0)]),
    ("at market, any price enters", AT_MARKET, [100.37], [("entered", 100.37)]),
    ("at market, the last cent above the stop enters", AT_MARKET, [99.01], [("entered", 99.01)]),
    ("at market, the stop invalidates", AT_MARKET, [99.0], [("invalidated", 99.0, 99.0)]),
    ("at market, the first target is missed", AT_MARKET, [101.0], [("missed", 101.0, 101.0)]),
    ("a reference price decides nothing", REFERENCE, [100.37], [("entered", 100.37, 97.0)]),
    ("a tick that enters does nothing else", {"at_risk_buffer": 1.5}, [100.0], [IN]),
    # 2. the stop
    ("the stop itself stops", QUIET, [100.0, 99.0], [IN, stopping()]),
    ("a cent above the stop does not", QUIET, [100.0, 99.01], [IN]),
    ("a gap is paid for", {}, [100.0, 98.25], [IN, stopping(price=98.25)]),
    ("the stop comes before a later target", {}, [100.0, 98.25, 101.0, 102.0], [IN, stopping(price=98.25)]),
    ("break-even after the first target", QUIET, [100.0, 101.0, 100.0], [IN, HIT_1, stopping("breakeven", 100, 100)]),
    ("break-even is not reached a cent above", QUIET, [100.0, 101.0, 100.01], [IN, HIT_1]),
    (
        "break-even is where the fill was",
        QUIET,
        [99.5, 101.0, 100.0, 99.5],
        [("entered", 99.5, 100.0), HIT_1, stopping("breakeven", 99.5, 99.5)],
    ),
    (
        "never break-even",
        {**QUIET, "breakeven_after": 0},
        [100.0, 101.0, 99.5, 99.0],
        [IN, HIT_1, stopping()],
    ),
    (
        "break-even after the second target",
        {**QUIET, **PART, "breakeven_after": 2},
        [100.0, 101.0, 99.5, 102.0, 100.0],
        [IN, HIT_1, HIT_2, stopping("breakeven", 100.0, 100.0)],
    ),
    # 3. targets
    ("a target is hit at its price", {}, [100.0, 100.99, 101.0], [IN, HIT_1]),
    ("a target is hit once", {}, [100.0, 101.0, 101.5, 101.0], [IN, HIT_1]),
    (
        "a gap hits several, nearest first",
        {},
        [100.0, 102.5],
        [IN, ("target_hit", 102.5, 101.0), ("target_hit", 102.5, 102.0), ("completed", 102.5)],
    ),
    ("the last target completes", {}, [100.0, 101.0, 102.0], [IN, HIT_1, HIT_2, ("completed", 102.0)]),
    (
        "what no target takes runs on",
        {**QUIET, **PART},
        [100.0, 102.0, 110.0, 100.01, 100.0],
        [IN, ("target_hit", 102.0, 101.0), HIT_2, stopping("breakeven", 100.0, 100.0)],
    ),
    # 4. the trail
    (
        "the first trail stop is announced",
        {**QUIET, **TRAIL},
        [100.0, 101.0],
        [IN, HIT_1, ("trail_raised", 101.0, 100.5, 101.0)],
    ),
    (
        "a raise below the step is silent, the next counts from the last announced",
        {**QUIET, **TRAIL},
        [100.0, 101.0, 101.05, 101.09, 101.10, 101.15],
        [IN, HIT_1, ("trail_raised", 101.0, 100.5, 101.0), ("trail_raised", 101.1, 100.6, 101.1)],
    ),
    (
        "a silent raise binds all the same",
        {**QUIET, **TRAIL},
        [100.0, 101.0, 101.05, 100.56, 100.55],
        [IN, HIT_1, ("trail_raised", 101.0, 100.5, 101.0), stopping("trail", 100.55, 100.55)],
    ),
    (
        "the trail stop never goes down",
        {**QUIET, **TRAIL},
        [100.0, 101.0, 100.7, 100.6, 100.5],
        [IN, HIT_1, ("trail_raised", 101.0, 100.5, 101.0), stopping("trail", 100.5, 100.5)],
    ),
    (
        "a computed level is touched as decimals are: 100.35 less 0.5 is 99.85",
        {**QUIET, **TRAIL, "targets": targets(100.35, 102.0), "breakeven_after": 0},
        [100.0, 100.35, 99.86, 99.85],
        [
            IN,
            ("target_hit", 100.35, 100.35),
            ("trail_raised", 100.35, 99.85, 100.35),
            stopping("trail", 99.85, 99.85),
        ],
    ),
    (
        "of equal levels the trail is named",
        {**QUIET, **TRAIL, "targets": targets(100.5, 102.0)},
        [100.0, 100.5, 100.0],
        [
            IN,
            ("target_hit", 100.5, 100.5),
            ("trail_raised", 100.5, 100.0, 100.5),
            stopping("trail", 100.0, 100.0),
        ],
    ),
    (
        "break-even binds while the trail is behind it",
        {**QUIET, **TRAIL, "targets": targets(100.3, 102.0)},
        [100.0, 100.3, 100.0],
        [
            IN,
            ("target_hit", 100.3, 100.3),
            ("trail_raised", 100.3, 99.8, 100.3),
            stopping("breakeven", 100.0, 100.0),
        ],
    ),
    (
        "the stop binds while the trail is behind it",
        {**QUIET, "trail": Trail(3.0, 0.1), "breakeven_after": 0},
        [100.0, 101.0, 99.0],
        [IN, HIT_1, ("trail_raised", 101.0, 98.0, 101.0), stopping()],
    ),
    (
        "the trail starts after the second target",
        {**QUIET, **PART, "trail": Trail(0.5, 0.1, after=2), "breakeven_after": 0},
        [100.0, 101.0, 101.5, 99.5, 102.0, 101.5],
        [IN, HIT_1, HIT_2, ("trail_raised", 102.0, 101.5, 102.0), stopping("trail", 101.5, 101.5)],
    ),
    (
        "a gap starts the trail at its own price",
        {**QUIET, **PART, **TRAIL},
        [100.0, 103.0, 102.5],
        [
            IN,
            ("target_hit", 103.0, 101.0),
            ("target_hit", 103.0, 102.0),
            ("trail_raised", 103.0, 102.5, 103.0),
            stopping("trail", 102.5, 102.5),
        ],
    ),
    (
        "a plan that completes trails nothing",
        TRAIL,
        [100.0, 102.0],
        [IN, ("target_hit", 102.0, 101.0), HIT_2, ("completed", 102.0)],
    ),
    # 5. health
    ("at the buffer it is at risk", {}, [100.0, 99.2], [IN, ("at_risk", 99.2, 99.0)]),
    ("a cent above the buffer it is not", {}, [100.0, 99.21], [IN]),
    ("it is said once", {}, [100.0, 99.2, 99.1, 99.25], [IN, ("at_risk", 99.2, 99.0)]),
    ("at one and a half buffers it has not recovered", {}, [100.0, 99.2, 99.3], [IN, ("at_risk", 99.2, 99.0)]),
    (
        "beyond one and a half buffers it has, and may be at risk again",
        {},
        [100.0, 99.2, 99.31, 99.2],
        [IN, ("at_risk", 99.2, 99.0), ("recovered", 99.31, 99.0), ("at_risk", 99.2, 99.0)],
    ),
    (
        "risk is measured from the fill",
        {},
        [99.5, 99.11, 99.1],
        [("entered", 99.5, 100.0), ("at_risk", 99.1, 99.0)],
    ),
    (
        "distance is measured to the effective stop",
        {},
        [100.0, 101.0, 100.2],
        [IN, HIT_1, ("at_risk", 100.2, 100.0)],
    ),
    (
        "a close trail is a risk at once, and the target comes first",
        {"trail": Trail(0.1, 0.1)},
        [100.0, 101.0],
        [IN, HIT_1, ("trail_raised", 101.0, 100.9, 101.0), ("at_risk", 101.0, 100.9)],
    ),
    ("without a buffer nothing is at risk", QUIET, [100.0, 99.01], [IN]),
]


@pytest.mark.parametrize(("price", "level"), [(0.3, 0.1 + 0.2), (99.85, 100.35 - 0.5), (99.45, 100.35 - 0.5 - 0.4)])
def test_a_price_at_a_level_is_on_both_sides_of_it(price: float, level: float) -> None:
    """Whatever binary floats make of the decimals."""
    for side in Direction:
        assert favourable(side, price, level)
        assert favourable(side, level, price)
        assert adverse(side, price, level)
        assert adverse(side, level, price)
    assert (favourable(LONG, 1.01, 1.0), favourable(SHORT, 1.01, 1.0)) == (True, False)
    assert (adverse(LONG, 1.01, 1.0), adverse(SHORT, 1.01, 1.0)) == (False, True)


@both_ways
@pytest.mark.parametrize(("rule", "changes", "prices", "happened"), EXAMPLES, ids=[row[0] for row in EXAMPLES])
def test_a_plan_lives_by_the_rules(
    side: Direction, rule: str, changes: dict[str, Any], prices: list[float], happened: list[Told]
) -> None:
    """Kinds, prices, levels and reasons of everything that happens."""
    plan = make_plan(side, **changes)
    _, events = outcome(plan, *prices)
    assert told(plan, events, "level", "best", "reason", "effective_stop") == happened, rule
    assert [event.seq for event in events] == list(range(2, len(events) + 2))
