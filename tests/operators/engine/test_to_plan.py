"""A profile becomes the plan that the lifecycle lives through."""

import pytest
from msgspec.structs import replace

from operators.engine.evaluation import evaluate
from operators.engine.to_plan import PlanIdentity, to_plan
from operators.plan_json import plan_to_json
from operators.plan_reading import PlanDefaults, read_plan
from operators.plans import Direction, PlanError
from tests.operators.builders import START_NS, kinds, live, ticks
from tests.operators.engine.engine_cases import ask, level

IDENTITY = PlanIdentity("TEST:reclaim:long:2013-10-08:1", "vwap_reclaim", START_NS, START_NS + 10**13)


def test_every_number_of_the_profile_is_in_the_plan() -> None:
    profile = evaluate(ask(level(99.2), level(102.3)))
    plan = to_plan(profile, IDENTITY)
    assert (plan.plan_id, plan.version, plan.symbol) == (IDENTITY.plan_id, 1, "TEST")
    assert (plan.valid_from_ns, plan.expires_at_ns) == (IDENTITY.valid_from_ns, IDENTITY.expires_at_ns)
    assert (plan.entry, plan.stop) == (profile.entry, profile.stop)
    assert [(each.price, each.fraction) for each in plan.targets] == [(102.3, 0.4), (104.0, 0.3), (105.5, 0.2)]
    assert profile.runner is not None
    assert plan.trail == profile.runner.trail


def test_the_plan_survives_its_normal_form() -> None:
    plan = to_plan(evaluate(ask(level(99.2))), IDENTITY)
    assert read_plan(plan_to_json(plan), PlanDefaults(START_NS, lambda at_ns: at_ns)) == plan


@pytest.mark.parametrize("direction", list(Direction))
def test_the_runner_runs_on_after_the_last_target_and_trails_out(direction: Direction) -> None:
    """In at 100, out at 102.25, 104 and 105.5; a tenth runs to 107 and is stopped one ATR below."""
    plan = to_plan(evaluate(ask(direction=direction)), replace(IDENTITY, expires_at_ns=None))
    _, events = live(plan, ticks(plan, [100.0, 102.3, 104.0, 103.2, 105.5, 107.0, 106.0]))
    told = [kind for kind in kinds(events) if kind != "trail_raised"]
    assert told == ["registered", "entered", "target_hit", "target_hit", "target_hit", "stopped"]
    assert events[-1].data["reason"] == "trail"


def test_a_watch_profile_is_no_plan() -> None:
    with pytest.raises(ValueError, match="is only to be watched: the ATR is not available"):
        to_plan(evaluate(ask(atr=None)), IDENTITY)
    with pytest.raises(ValueError, match="is only to be watched: one share risks"):
        to_plan(evaluate(ask(risk_budget=0.1)), IDENTITY)


def test_an_identity_that_is_none_is_refused() -> None:
    with pytest.raises(PlanError, match="plan_id"):
        to_plan(evaluate(ask()), replace(IDENTITY, plan_id="no spaces, please"))
