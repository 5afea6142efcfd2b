"""Every event says why, in one sentence made of the numbers that decided it."""

from typing import Any

import pytest

from operators.plans import Direction, Entry, Trail
from operators.records import Expiry
from tests.operators.builders import (
    MARKET,
    SECOND_NS,
    START_NS,
    STOP,
    data_of,
    live,
    make_plan,
    outcome,
    targets,
    tick,
)

LONG, SHORT = Direction.LONG, Direction.SHORT
STOP_ENTRY = {"entry": Entry(STOP, 100.0)}
AT_MARKET = {"entry": Entry(MARKET, None)}
PART = {"targets": targets(101.0, 102.0, fractions=[0.25, 0.25])}
TRAIL = {"trail": Trail(0.5, 0.1)}
QUIET = {"at_risk_buffer": 0.0}

both_ways = pytest.mark.parametrize("side", [LONG, SHORT], ids=["long", "short"])


SENTENCES: list[tuple[dict[str, Any], list[float], str, str, str]] = [
    (
        {},
        [99.99],
        "entered",
        "last 99.99 at or below the limit entry 100.00",
        "last 100.01 at or above the limit entry 100.00",
    ),
    (
        STOP_ENTRY,
        [100.25],
        "entered",
        "last 100.25 at or above the stop entry 100.00",
        "last 99.75 at or below the stop entry 100.00",
    ),
    (
        AT_MARKET,
        [100.25],
        "entered",
        "first eligible price 100.25 enters at market",
        "first eligible price 99.75 enters at market",
    ),
    (
        {},
        [98.9],
        "invalidated",
        "last 98.90 at or below the stop 99.00 before any entry",
        "last 101.10 at or above the stop 101.00 before any entry",
    ),
    (
        STOP_ENTRY,
        [101.5],
        "missed",
        "last 101.50 already at or above the first target 101.00",
        "last 98.50 already at or below the first target 99.00",
    ),
    (
        {},
        [100.0, 101.25],
        "target_hit",
        "last 101.25 at or above target 1 at 101.00",
        "last 98.75 at or below target 1 at 99.00",
    ),
    (
        QUIET,
        [100.0, 98.9],
        "stopped",
        "last 98.90 at or below the stop 99.00",
        "last 101.10 at or above the stop 101.00",
    ),
    (
        QUIET,
        [100.0, 101.0, 99.9],
        "stopped",
        "last 99.90 at or below the break-even stop 100.00",
        "last 100.10 at or above the break-even stop 100.00",
    ),
    (
        {**QUIET, **TRAIL},
        [100.0, 101.0, 100.48],
        "stopped",
        "last 100.48 at or below the trail stop 100.50",
        "last 99.52 at or above the trail stop 99.50",
    ),
    (
        {**QUIET, **TRAIL},
        [100.0, 101.0],
        "trail_raised",
        "best 101.00 carries the trail stop to 100.50, 0.50 behind",
        "best 99.00 carries the trail stop to 99.50, 0.50 behind",
    ),
    (
        {},
        [100.0, 99.15],
        "at_risk",
        "last 99.15 is 0.15 from the stop 99.00, within 0.20",
        "last 100.85 is 0.15 from the stop 101.00, within 0.20",
    ),
    (
        {},
        [100.0, 99.15, 99.4],
        "recovered",
        "last 99.40 is 0.40 from the stop 99.00, beyond 0.30",
        "last 100.60 is 0.40 from the stop 101.00, beyond 0.30",
    ),
    (
        {"targets": targets(102.0)},
        [100.0, 102.0],
        "completed",
        "all 1 targets hit, nothing left, +2.00 R",
        "all 1 targets hit, nothing left, +2.00 R",
    ),
]


@pytest.mark.parametrize(("changes", "prices", "kind", "long", "short"), SENTENCES, ids=[row[3] for row in SENTENCES])
def test_every_event_says_why_in_the_numbers_that_decided(
    changes: dict[str, Any], prices: list[float], kind: str, long: str, short: str
) -> None:
    """One sentence, the same for the same numbers, in the words of the plan's direction."""
    for side, sentence in ((LONG, long), (SHORT, short)):
        _, events = outcome(make_plan(side, **changes), *prices)
        assert data_of(events, kind)["why"] == sentence


def test_an_expiry_says_when_time_was_up() -> None:
    plan = make_plan()
    _, waiting = live(plan, [Expiry(START_NS + 9 * SECOND_NS)])
    _, in_position = live(plan, [tick(100.0), tick(100.5, 1), Expiry(START_NS + 9 * SECOND_NS)])
    assert waiting[-1].data["why"] == "not finished by 2013-10-08T13:30:09Z, never entered"
    assert in_position[-1].data["why"] == (
        "not finished by 2013-10-08T13:30:09Z, out at the last eligible price 100.50"
    )
