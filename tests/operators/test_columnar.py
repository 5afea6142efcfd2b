"""Law L8 and L1: the columns give what a plain loop over the same rules gives, however the tape is cut."""

from collections import Counter
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.columnar import Ticks, quiet_band, run
from operators.conditions import ANY_LAST
from operators.events import PlanEvent
from operators.lifecycle import register, step
from operators.plans import Plan, Trail
from operators.records import Tick
from operators.rows import state_row
from tests.operators.builders import START_NS, kinds, make_plan, targets
from tests.operators.plain_loop import plain_loop
from tests.operators.running import Told, run_book
from tests.operators.scenarios import END_NS, Scenario, any_plans, any_scenarios, random_plan, random_scenario

sizes = st.lists(st.integers(1, 9), min_size=1, max_size=4) | st.just([1]) | st.just([1_000])


def check(scenario: Scenario, told: Told, until_ns: int) -> None:
    """Hold everything a book gave against the plain loop, exactly."""
    for plan_id, life in plain_loop(scenario, until_ns).items():
        assert told.events.get(plan_id, []) == life.events
        assert told.refused.count(plan_id) == life.refused
        found = told.plans[plan_id]
        if life.plan is None or life.state is None:
            assert found is None
            assert plan_id not in told.rows
            continue
        assert found == (life.plan, life.state)
        assert told.rows[plan_id] == state_row(life.plan, life.state)
        versions = [each.version for each in life.events if each.kind == "registered"]
        assert [version for name, version in told.registered if name == plan_id] == versions


@settings(max_examples=60, deadline=None)
@given(scenario=any_scenarios(), cuts=sizes, everything=st.booleans())
def test_a_book_gives_what_a_plain_loop_gives(scenario: Scenario, cuts: list[int], everything: bool) -> None:
    """Events and final states, byte for byte, in pieces of any size, with and without prints that nobody uses."""
    told = run_book(scenario, cuts, mark_ns=END_NS, usable=ANY_LAST if everything else None)
    check(scenario, told, END_NS)


@pytest.mark.parametrize("seed", range(4))
def test_many_plans_over_a_long_walk_live_as_the_plain_loop_says(seed: int) -> None:
    """A thousand prints and many plans at once: in whole, one by one, and in pieces."""
    rng = Random(seed)
    scenario = random_scenario(rng, 1_000, 25)
    for cuts in ([1_000], [1], [rng.randint(1, 200) for _ in range(5)]):
        check(scenario, run_book(scenario, cuts, mark_ns=END_NS), END_NS)


def test_the_scenarios_of_these_tests_see_everything_happen() -> None:
    """Otherwise agreement would say little."""
    seen: Counter[str] = Counter()
    for seed in range(40):
        for life in plain_loop(random_scenario(Random(seed), 400, 20), END_NS).values():
            seen.update(str(event.kind) for event in life.events)
            seen.update(f"stopped by {event.data['reason']}" for event in life.events if event.kind == "stopped")
            seen["refused"] += life.refused
    wanted = "registered entered target_hit trail_raised at_risk recovered stopped completed invalidated missed"
    wanted_too = "expired cancelled replaced gated ungated refused"
    reasons = [f"stopped by {reason}" for reason in ("stop", "breakeven", "trail")]
    assert {kind: seen[kind] for kind in [*wanted.split(), *wanted_too.split(), *reasons] if seen[kind] < 10} == {}


def walk(cents: list[int]) -> Ticks:
    """A tick a second on the penny grid."""
    prices = np.array(cents, dtype=np.float64) / 100
    return Ticks.of(START_NS + np.arange(len(cents), dtype=np.int64) * 1_000_000_000, prices)


steps = st.lists(st.sampled_from([0, 1, -1, 2, -2, 5, -5, 20, -20, 60, -60]), max_size=300)


@settings(max_examples=100, deadline=None)
@given(plan=any_plans(), moves=steps, start=st.integers(0, 3))
def test_a_run_over_columns_is_step_after_step(plan: Plan, moves: list[int], start: int) -> None:
    """For one plan, from any place on, chunks of the search included."""
    ticks = walk([10_000 + int(each) for each in np.cumsum(moves)])
    state, _ = register(plan, START_NS)
    end = max(start, len(moves))
    found, events = run(plan, state, ticks, start, end)
    expected: list[PlanEvent] = []
    for at_ns, price in zip(ticks.sip_ns[start:end].tolist(), ticks.price[start:end].tolist(), strict=True):
        state, happened = step(plan, state, Tick(at_ns, price))
        expected += happened
    assert (found, events) == (state, expected)


@pytest.mark.parametrize("quiet", [1, 50, 63, 64, 65, 640, 5_000])
def test_a_trail_remembers_a_best_that_was_long_ago(quiet: int) -> None:
    """A silent raise far back still decides where the stop is, however long nothing happened since."""
    plan = make_plan(targets=targets(101.0, 110.0), trail=Trail(0.5, 5.0), at_risk_buffer=0.0)
    ticks = walk([10_000, 10_100, 10_140, *[10_120] * quiet, 10_091, 10_090])
    state, _ = register(plan, START_NS)
    state, events = run(plan, state, ticks, 0, len(ticks.price))
    assert kinds(events) == ["entered", "target_hit", "trail_raised", "stopped"]
    assert (events[-1].price, events[-1].data["level"], state.best_price) == (100.9, 100.9, 101.4)


@pytest.mark.parametrize("seed", range(40))
def test_a_quiet_band_is_quiet(seed: int) -> None:
    """At every state on the way, no price inside the band does more than become the last price."""
    rng = Random(seed)
    plan = random_plan(rng)
    state, _ = register(plan, START_NS)
    cents = 10_000
    for _ in range(60):
        band = quiet_band(plan, state)
        for price in (each / 100 for each in range(cents - 50, cents + 50)):
            if band.low < price < band.high:
                after, events = step(plan, state, Tick(START_NS, price))
                assert events == ()
                assert (after.trail_stop, after.best_price) == (state.trail_stop, state.best_price)
        cents += rng.choice((0, 1, -1, 3, -3, 10, -10))
        state, _ = step(plan, state, Tick(START_NS, cents / 100))
        if not state.live:
            return
