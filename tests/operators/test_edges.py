"""A gate edge met at rest: exactly what `step` gives, or nothing at all."""

from random import Random

import numpy as np
import pytest
from msgspec.structs import replace

from operators.columnar import Ticks, quiet_band, run
from operators.edges import Meeting
from operators.lifecycle import register, step
from operators.plans import Gate, Plan
from operators.records import GateEdge, Tick
from operators.rows import state_row
from operators.slots import Outcome, Slot
from operators.state import PlanState
from tests.operators.builders import CAUSE, SECOND_NS, START_NS
from tests.operators.scenarios import random_plan

EDGE_NS = START_NS + 100 * SECOND_NS


def lived(rng: Random, plan: Plan) -> PlanState:
    """A plan after some ticks around its levels, live."""
    while True:
        state, _ = register(plan, START_NS)
        state = replace(state, gate=rng.choice(list(Gate)))
        for second in range(rng.randint(0, 40)):
            state, _ = step(plan, state, Tick(START_NS + second * SECOND_NS, 100 + rng.randint(-150, 150) / 100))
        if state.live:
            return state


def around(rng: Random) -> Ticks:
    """Ticks before and after the edge, all before, or all after it, near some price."""
    first, count, cents = rng.choice((50, 95, 100, 101)), rng.randint(1, 9), rng.randint(9_700, 10_300)
    price = np.array([cents + rng.randint(-1, 1) for _ in range(count)], dtype=np.float64) / 100
    return Ticks.of(START_NS + (first + np.arange(count, dtype=np.int64)) * SECOND_NS, price)


@pytest.mark.parametrize("seed", range(8))
def test_an_edge_met_at_rest_is_the_edge_among_the_ticks(seed: int) -> None:
    """State, event and row; and whoever would not be quiet after it is left as it was."""
    rng, met, left = Random(seed), 0, 0
    while met < 60 or left < 5:
        plan = random_plan(rng)
        state, ticks = lived(rng, plan), around(rng)
        gate = plan.on_event if state.gate is Gate.ALLOW else Gate.ALLOW
        edge, band = GateEdge(EDGE_NS, gate, (CAUSE,)), quiet_band(plan, state)
        if not band.holds(ticks):
            continue
        slot, outcome = Slot(plan.plan_id, [], plan, state, state, state_row(plan, state)), Outcome()
        place = ticks.place(EDGE_NS)
        expected, before = run(plan, state, ticks, 0, place)
        expected, happened = step(plan, expected, edge)
        expected, after = run(plan, expected, ticks, place, len(ticks.price))
        if Meeting.of(edge, ticks).meet(slot, outcome):
            met += 1
            assert (slot.state, slot.written, outcome.events) == (expected, expected, [*before, *happened, *after])
            assert outcome.states == [slot.row] == [state_row(plan, expected)]
        else:
            left += 1
            assert (slot.state, outcome) == (state, Outcome())
