"""The laws of the engine over any question: mirror, scale, plan rules, as-of, and the table's limits."""

from itertools import pairwise
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from operators.engine.evaluation import evaluate
from operators.engine.inputs import EngineInput
from operators.engine.profile import StopBasis, TargetProfile, WatchReason
from operators.engine.styles import STYLES
from operators.engine.to_plan import PlanIdentity, to_plan
from operators.engine.trace import SnapLine, Verdict
from operators.plans import Direction
from tests.operators.engine.engine_cases import AS_OF_NS, TICK, move, questions

LAWS = settings(max_examples=60, deadline=None)
NOISE = 1e-9
IDENTITY = PlanIdentity("TEST-1", "test", AS_OF_NS, None)
COMMON_REASONS = {WatchReason.NO_STOP, WatchReason.NO_ROOM, WatchReason.RR_FLOOR, WatchReason.BUDGET}
COMMON_VERDICTS = set(Verdict) - {Verdict.NOT_A_PRICE, Verdict.TOO_CLOSE, Verdict.FARTHER, Verdict.WEAKER}
SWAPPED = {Direction.LONG: Direction.SHORT, Direction.SHORT: Direction.LONG}


def mirror(asked: EngineInput, around: float) -> EngineInput:
    """The same question upside down."""
    return replace(
        asked,
        direction=SWAPPED[asked.direction],
        reference=round(around - asked.reference, 3),
        last=None if asked.last is None else round(around - asked.last, 3),
        levels=tuple(replace(each, price=round(around - each.price, 3)) for each in asked.levels),
    )


def scaled(asked: EngineInput, times: float) -> EngineInput:
    """The same question in another currency; the budget stays, so only the size may differ."""
    assert asked.atr is not None
    assert asked.expected_move is not None
    return replace(
        asked,
        reference=asked.reference * times,
        last=None if asked.last is None else asked.last * times,
        levels=tuple(replace(each, price=each.price * times) for each in asked.levels),
        atr=asked.atr * times,
        expected_move=move(asked.expected_move.dollars * times),
        tick=asked.tick * times,
        risk_budget=None,
    )


def shape(line: SnapLine) -> tuple[object, ...]:
    """A line of the trace without its price."""
    return line.kind, line.strength, line.distance_atr, line.verdict, line.rung


def sign(profile: TargetProfile) -> int:
    return 1 if profile.direction is Direction.LONG else -1


def ahead(profile: TargetProfile, price: float) -> float:
    """Signed dollars from the entry."""
    assert profile.entry.price is not None
    return sign(profile) * (price - profile.entry.price)


@LAWS
@given(asked=questions(), around=st.sampled_from([200.0, 223.45, 1_000.0, 5_000.01]))
def test_mirrored_prices_give_the_mirrored_profile(asked: EngineInput, around: float) -> None:
    """Around any multiple of the tick: every price mirrored, every other number the same to the last bit."""
    straight, turned = evaluate(asked), evaluate(mirror(asked, around))

    def back(price: float | None) -> float | None:
        return None if price is None else round(around - price, 9)

    assert turned.entry.type is straight.entry.type
    assert back(turned.entry.price) == straight.entry.price
    assert back(turned.stop) == straight.stop
    assert [replace(each, price=round(around - each.price, 9)) for each in turned.targets] == list(straight.targets)
    assert [shape(line) for line in turned.snap_trace] == [shape(line) for line in straight.snap_trace]
    for name in ("stop_basis", "runner", "risk_per_share", "size", "warnings", "actionable", "reason"):
        assert getattr(turned, name) == getattr(straight, name), name


@LAWS
@given(asked=questions(), times=st.sampled_from([0.01, 0.1, 0.5, 2.0, 3.0, 7.3, 10.0, 64.0]))
def test_scaled_prices_give_the_scaled_profile(asked: EngineInput, times: float) -> None:
    """Same R and, to rounding, the same probabilities; prices times k."""
    one, other = evaluate(replace(asked, risk_budget=None)), evaluate(scaled(asked, times))
    assert other.r_multiples == one.r_multiples
    assert other.probabilities == pytest.approx(one.probabilities, rel=1e-9)
    assert [each.price for each in other.targets] == pytest.approx([each.price * times for each in one.targets])
    assert other.stop == (None if one.stop is None else pytest.approx(one.stop * times))
    assert other.stop_basis == one.stop_basis
    assert (other.actionable, other.reason) == (one.actionable, one.reason)
    assert [(line.kind, line.verdict, line.rung) for line in other.snap_trace] == [
        (line.kind, line.verdict, line.rung) for line in one.snap_trace
    ]


@LAWS
@given(asked=questions())
def test_whatever_has_a_ladder_is_a_plan(asked: EngineInput) -> None:
    """Also the ladder of a watch plan: stop, entry and targets are those of `operators.plans`."""
    profile = evaluate(asked)
    assert profile.actionable == (profile.reason is None) == (profile.reason_text is None)
    assert (profile.stop is None) == (not profile.targets) == (profile.runner is None)
    if profile.targets:
        plan = to_plan(replace(profile, actionable=True), IDENTITY)
        assert [each.price for each in plan.targets] == [each.price for each in profile.targets]
        for price in (plan.stop, *(each.price for each in plan.targets)):
            assert abs(price / TICK - round(price / TICK)) < 1e-6
    else:
        assert profile.reason in (WatchReason.NO_STOP, WatchReason.NO_ROOM)


@LAWS
@given(asked=questions())
def test_the_ladder_keeps_the_limits_of_its_style(asked: EngineInput) -> None:
    """Stop limits, floor, spacing, cap and budget, recomputed from the prices that came out."""
    profile, rule, atr, em = evaluate(asked), STYLES[asked.style], asked.atr, asked.expected_move
    assert atr is not None
    assert em is not None
    if profile.stop is None:
        return
    risk = -ahead(profile, profile.stop)
    assert rule.minimum_stop_atr * atr - NOISE <= risk <= rule.maximum_stop_atr * atr + NOISE
    rewards = [ahead(profile, each.price) for each in profile.targets]
    assert rewards[0] > 0
    assert rewards[-1] <= 1.1 * em.dollars + NOISE
    assert all(far - near >= 0.35 * atr - NOISE for near, far in pairwise(rewards))
    assert profile.r_multiples == pytest.approx([reward / risk for reward in rewards], abs=1e-6)
    if profile.actionable:
        assert rewards[0] / risk >= rule.minimum_reward_to_risk - NOISE
    if profile.size is not None and asked.risk_budget is not None and profile.risk_per_share is not None:
        assert profile.size * profile.risk_per_share <= asked.risk_budget
        assert (profile.size + 1) * profile.risk_per_share > asked.risk_budget


@LAWS
@given(asked=questions())
def test_a_watch_plan_for_the_floor_had_no_level_that_pays_it(asked: EngineInput) -> None:
    profile, rule, em = evaluate(asked), STYLES[asked.style], asked.expected_move
    assert em is not None
    if profile.reason is not WatchReason.RR_FLOOR or profile.stop is None:
        return
    floor = rule.minimum_reward_to_risk * -ahead(profile, profile.stop)
    for each in asked.levels:
        paying = floor + TICK / 2 <= ahead(profile, each.price) <= 1.1 * em.dollars - TICK
        assert not (paying and each.available_at_ns <= AS_OF_NS), each


@LAWS
@given(asked=questions())
def test_every_level_leaves_one_line_and_what_is_taken_is_where_it_was_taken(asked: EngineInput) -> None:
    profile = evaluate(asked)
    told = sorted((line.price or 0.0, line.kind, line.strength) for line in profile.snap_trace)
    assert told == sorted((each.price, str(each.kind), each.strength) for each in asked.levels)
    taken = {line.rung: line for line in profile.snap_trace if line.verdict is Verdict.TAKEN}
    assert len(taken) == sum(line.verdict is Verdict.TAKEN for line in profile.snap_trace)
    snapped = {f"target_{index}": each for index, each in enumerate(profile.targets, 1) if each.level is not None}
    floored = profile.reason is WatchReason.RR_FLOOR
    assert set(taken) - {"stop"} == set(snapped) - ({"target_1"} if floored else set())
    for rung, target in snapped.items():
        if rung in taken:
            assert target.level == taken[rung].kind
            assert target.price == pytest.approx(taken[rung].price, abs=TICK / 2 + NOISE)
    if profile.stop is not None:
        assert ("stop" in taken) == (profile.stop_basis is not StopBasis.ATR)


@LAWS
@given(asked=questions())
def test_the_stop_is_behind_the_nearest_level_or_at_the_limit(asked: EngineInput) -> None:
    profile = evaluate(asked)
    known = [each.price for each in asked.levels if each.available_at_ns <= AS_OF_NS]
    nearest = max((ahead(profile, price) for price in known if ahead(profile, price) <= NOISE), default=-inf)
    if profile.stop is None or profile.stop_basis is StopBasis.ATR:
        assert profile.stop is None or nearest == -inf
    elif profile.stop_basis is not StopBasis.MAXIMUM:
        assert ahead(profile, profile.stop) < nearest


@LAWS
@given(asked=questions(), data=st.data())
def test_neither_the_order_of_levels_nor_the_future_matters(asked: EngineInput, data: st.DataObject) -> None:
    shuffled = replace(asked, levels=tuple(data.draw(st.permutations(asked.levels))))
    assert evaluate(shuffled) == evaluate(asked)
    known = evaluate(replace(asked, levels=tuple(each for each in asked.levels if each.available_at_ns <= AS_OF_NS)))
    later = tuple(line for line in evaluate(asked).snap_trace if line.verdict is not Verdict.NOT_YET)
    assert replace(evaluate(asked), snap_trace=later) == known


@LAWS
@given(asked=questions())
def test_probabilities_fall_along_the_ladder_and_stay_below_the_touch(asked: EngineInput) -> None:
    targets = evaluate(asked).targets
    chances = [each.probability for each in targets]
    assert chances == sorted(chances, reverse=True)
    assert all(0 <= each.probability <= each.touch_probability <= 1 for each in targets)


def test_the_questions_of_these_laws_reach_every_answer() -> None:
    """Otherwise the laws would hold of nothing; what is rare or lacks an ATR or a move has examples elsewhere."""
    found: set[str] = set()

    @settings(max_examples=1_200, deadline=None, derandomize=True, database=None)
    @given(asked=questions())
    def look(asked: EngineInput) -> None:
        profile = evaluate(asked)
        found.update((profile.reason or "actionable", profile.stop_basis or "no stop"))
        found.update(line.verdict for line in profile.snap_trace)

    look()
    assert found >= {*StopBasis, "actionable", "no stop", *COMMON_REASONS, *COMMON_VERDICTS}
