"""A plan that breaks a rule cannot be built; the error names the field, the value and what is allowed."""

from math import inf, nan
from typing import Any

import pytest
from msgspec.structs import replace

from operators.plans import (
    Direction,
    Entry,
    EntryType,
    Gate,
    Plan,
    PlanError,
    SessionPhase,
    Target,
    Trail,
)
from tests.operators.builders import LIMIT, MARKET, START_NS, STOP, make_plan, mirror_plan, targets

PRE, REGULAR, POST, CLOSED = SessionPhase.PRE, SessionPhase.REGULAR, SessionPhase.POST, SessionPhase.CLOSED

REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"plan_id": ""}, "plan_id", "got ''; must be 1 to 64 of A-Z a-z 0-9 . _ : -"),
    ({"plan_id": "a b"}, "plan_id", "got 'a b'; must be 1 to 64 of"),
    ({"plan_id": "a\n"}, "plan_id", r"got 'a\n'; must be 1 to 64 of"),
    ({"plan_id": "é"}, "plan_id", "got 'é'; must be 1 to 64 of"),
    ({"plan_id": "x" * 65}, "plan_id", "must be 1 to 64 of"),
    ({"version": 0}, "version", "got 0; must be 1 to"),
    ({"version": -1}, "version", "got -1; must be 1 to"),
    ({"symbol": ""}, "symbol", "got ''; must be a ticker"),
    ({"expires_at_ns": START_NS}, "expires_at", "must be later than valid_from"),
    ({"expires_at_ns": START_NS - 1}, "expires_at", "must be later than valid_from"),
    ({"sessions": ()}, "sessions", "got nothing; must be one or more of pre, regular, post, each once"),
    ({"sessions": (PRE, PRE)}, "sessions", "got pre, pre; must be one or more of pre, regular, post, each once"),
    ({"sessions": (CLOSED,)}, "sessions", "got closed; must be one or more of pre, regular, post"),
    ({"sessions": (REGULAR, CLOSED)}, "sessions", "got regular, closed; must be one or more of"),
    ({"targets": ()}, "targets", "got 0; must be 1 to 5"),
    ({"targets": targets(101, 102, 103, 104, 105, 106)}, "targets", "got 6; must be 1 to 5"),
    ({"targets": (Target(101.0, 0.0),)}, "targets[1].fraction", "got 0.0; must be above 0, at most 1"),
    ({"targets": (Target(101.0, -0.5),)}, "targets[1].fraction", "got -0.5; must be above 0, at most 1"),
    ({"targets": (Target(101.0, 1.01),)}, "targets[1].fraction", "got 1.01; must be above 0, at most 1"),
    ({"targets": targets(101.0, 102.0, fractions=[0.5, nan])}, "targets[2].fraction", "got nan; must be above 0"),
    ({"targets": targets(101.0, 102.0, fractions=[0.5, inf])}, "targets[2].fraction", "got inf; must be above 0"),
    ({"targets": targets(101.0, 102.0, fractions=[0.6, 0.5])}, "targets", "fractions sum to 1.1; must be at most 1"),
    ({"entry": Entry(LIMIT, None)}, "entry.price", "is missing; a limit entry needs one"),
    ({"entry": Entry(STOP, None)}, "entry.price", "is missing; a stop entry needs one"),
    ({"entry": Entry(LIMIT, nan)}, "entry", "got nan; must be dollars above 0"),
    ({"entry": Entry(MARKET, nan)}, "entry", "got nan; must be dollars above 0"),
    ({"entry": Entry(MARKET, 0.0)}, "entry", "got 0.0; must be dollars above 0"),
    ({"entry": Entry(MARKET, inf)}, "entry", "got inf; must be dollars above 0"),
    ({"stop": nan}, "stop", "got nan; must be dollars above 0"),
    ({"stop": inf}, "stop", "got inf; must be dollars above 0"),
    ({"stop": -inf}, "stop", "got -inf; must be dollars above 0"),
    ({"stop": 0.0}, "stop", "got 0.0; must be dollars above 0"),
    ({"stop": -1.0}, "stop", "got -1.0; must be dollars above 0"),
    ({"stop": 100.0}, "stop", "got 100.00; for a long must be below entry 100.00"),
    ({"stop": 100.5}, "stop", "got 100.50; for a long must be below entry 100.00"),
    ({"entry": Entry(LIMIT, 101.0)}, "targets[1]", "got 101.00; for a long must be above entry 101.00"),
    ({"targets": targets(101.0, 101.0)}, "targets[2]", "got 101.00; for a long must be above targets[1] 101.00"),
    ({"targets": targets(102.0, 101.0)}, "targets[2]", "got 101.00; for a long must be above targets[1] 102.00"),
    ({"targets": targets(101.0, nan)}, "targets[2]", "got nan; must be dollars above 0"),
    ({"targets": targets(101.0, inf)}, "targets[2]", "got inf; must be dollars above 0"),
    (
        {"entry": Entry(MARKET, None), "stop": 101.0},
        "stop",
        "got 101.00; for a long must be below targets[1] 101.00",
    ),
    ({"direction": Direction.SHORT}, "stop", "got 99.00; for a short must be above entry 100.00"),
    (
        {"direction": Direction.SHORT, "stop": 101.0},
        "targets[1]",
        "got 101.00; for a short must be below entry 100.00",
    ),
    (
        {"direction": Direction.SHORT, "stop": 101.0, "targets": targets(99.0, 99.5)},
        "targets[2]",
        "got 99.50; for a short must be below targets[1] 99.00",
    ),
    ({"breakeven_after": -1}, "breakeven_after", "got -1; must be 0 (never) to 5"),
    ({"breakeven_after": 6}, "breakeven_after", "got 6; must be 0 (never) to 5"),
    ({"at_risk_buffer": -0.1}, "at_risk_buffer", "got -0.1; must be a fraction of risk, 0 or more"),
    ({"at_risk_buffer": nan}, "at_risk_buffer", "got nan; must be a fraction of risk, 0 or more"),
    ({"at_risk_buffer": inf}, "at_risk_buffer", "got inf; must be a fraction of risk, 0 or more"),
    ({"on_event": Gate.ALLOW}, "on_event", "got 'allow'; must be defined_risk or suppress"),
]


@pytest.mark.parametrize(("changes", "field", "text"), REFUSED, ids=lambda value: str(value)[:50])
def test_a_plan_that_breaks_a_rule_cannot_be_built(changes: dict[str, Any], field: str, text: str) -> None:
    with pytest.raises(PlanError) as refused:
        make_plan(**changes)
    assert refused.value.field == field
    assert str(refused.value) == f"{field}: {refused.value.message}"
    assert text in refused.value.message
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("trail", "field", "text"),
    [
        ((0.0, 0.1, 1), "trail.distance", "got 0.0; must be dollars above 0"),
        ((-1.0, 0.1, 1), "trail.distance", "got -1.0; must be dollars above 0"),
        ((nan, 0.1, 1), "trail.distance", "got nan; must be dollars above 0"),
        ((inf, 0.1, 1), "trail.distance", "got inf; must be dollars above 0"),
        ((0.5, 0.0, 1), "trail.step", "got 0.0; must be dollars above 0"),
        ((0.5, nan, 1), "trail.step", "got nan; must be dollars above 0"),
        ((0.5, 0.1, 0), "trail.after", "got 0; must be a number of targets, 1 to 5"),
        ((0.5, 0.1, 6), "trail.after", "got 6; must be a number of targets, 1 to 5"),
    ],
)
def test_a_trail_that_cannot_trail_cannot_be_built(trail: tuple[float, float, int], field: str, text: str) -> None:
    with pytest.raises(PlanError) as refused:
        Trail(*trail)
    assert (refused.value.field, refused.value.message) == (field, text)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"plan_id": "Az09._:-" * 8},
        {"version": 7},
        {"expires_at_ns": START_NS + 1},
        {"sessions": (POST, PRE, REGULAR)},
        {"targets": targets(101)},
        {"targets": targets(101, 102, 103, 104, 105)},
        {"targets": targets(101, 102, 103, fractions=[0.1, 0.2, 0.7])},
        {"targets": targets(101, 102, fractions=[0.25, 0.25])},
        {"targets": targets(*[101 + step / 10 for step in range(3)], fractions=[1 / 3] * 3)},
        {"entry": Entry(MARKET, None)},
        {"entry": Entry(MARKET, 55.0)},  # only a reference: no rung of the ladder
        {"entry": Entry(STOP, 100.0)},
        {"stop": 99.999999},
        {"breakeven_after": 0},
        {"breakeven_after": 5},
        {"at_risk_buffer": 0.0},
        {"at_risk_buffer": 3.0},
        {"on_event": Gate.SUPPRESS},
        {"trail": Trail(0.01, 0.01, 5)},
    ],
    ids=str,
)
def test_a_plan_that_keeps_the_rules_can_be_built_long_and_short(changes: dict[str, Any]) -> None:
    """The mirror image keeps them too; only the sign differs."""
    plan = make_plan(**changes)
    if plan.entry.price != 55.0 and plan.stop != 99.999999:
        assert (plan.sign, mirror_plan(plan).sign) == (1, -1)


def test_a_plan_is_a_value() -> None:
    """Equal fields, equal plans; no field can be set afterwards."""
    assert make_plan() == make_plan()
    assert hash(make_plan()) == hash(make_plan())
    assert replace(make_plan(), version=2) != make_plan()
    with pytest.raises(AttributeError):
        make_plan().stop = 98.0  # type: ignore[misc]


def test_defaults_are_those_of_the_design() -> None:
    """Regular session, break-even after the first target, a fifth of the risk, defined risk, neither option."""
    plan: Plan = make_plan()
    assert (plan.sessions, plan.breakeven_after, plan.trail, plan.at_risk_buffer) == ((REGULAR,), 1, None, 0.2)
    assert (plan.on_event, plan.odd_lots, plan.extended_hours) == (Gate.DEFINED_RISK, False, False)
    assert Trail(0.5, 0.1).after == 1
    assert plan.entry.type is EntryType.LIMIT
