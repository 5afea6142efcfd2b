"""Reward to risk, distances and R, worked out by hand."""

from typing import Any

import pytest

from operators.lifecycle import register
from operators.plans import Direction, Entry, Plan, Trail
from operators.records import Expiry
from operators.targets import LadderMeasure, Standing, profile, standing
from tests.operators.builders import LIMIT, MARKET, START_NS, STOP, live, make_plan, outcome, targets

LONG, SHORT = Direction.LONG, Direction.SHORT
both_ways = pytest.mark.parametrize("side", [LONG, SHORT], ids=["long", "short"])
UNSET = Standing(
    effective_stop=99.0,
    open_r=None,
    mfe_r=None,
    mae_r=None,
    rr_to_next_target=None,
    to_next_target=None,
    to_stop=None,
)


@both_ways
@pytest.mark.parametrize(
    ("changes", "measured"),
    [
        ({}, LadderMeasure(1.0, (1.0, 2.0))),
        ({"stop": 99.6, "targets": targets(100.2, 101.0, 102.5)}, LadderMeasure(0.4, (0.5, 2.5, 6.25))),
        ({"entry": Entry(STOP, 100.0), "stop": 97.0}, LadderMeasure(3.0, (0.333333333, 0.666666667))),
        ({"entry": Entry(MARKET, 100.5)}, LadderMeasure(1.5, (0.333333333, 1.0))),
        ({"entry": Entry(MARKET, None)}, LadderMeasure(None, None)),
        ({"entry": Entry(MARKET, 98.0)}, LadderMeasure(None, None)),  # a reference beyond the stop measures nothing
        ({"entry": Entry(MARKET, 99.0)}, LadderMeasure(None, None)),
    ],
)
def test_a_ladder_is_measured_from_its_entry(side: Direction, changes: dict[str, Any], measured: LadderMeasure) -> None:
    """Dollars per share at risk, and each target's reward in units of that."""
    assert profile(make_plan(side, **changes)) == measured


EXAMPLES: list[tuple[str, dict[str, Any], list[float], tuple[float | None, ...]]] = [
    # open R, MFE, MAE, reward to risk of the next target, dollars to it, dollars to the stop
    ("waiting, nothing heard", {}, [], (None, None, None, 1.0, None, None)),
    ("waiting, away from the entry", {}, [100.4], (None, None, None, 1.0, 0.6, 1.4)),
    ("waiting at market without a reference", {"entry": Entry(MARKET, None)}, [], (None,) * 6),
    ("just in", {}, [100.0], (0.0, 0.0, 0.0, 1.0, 1.0, 1.0)),
    ("in at a better price", {}, [99.5], (0.0, 0.0, 0.0, 3.0, 1.5, 0.5)),
    ("on its way", {}, [100.0, 100.5], (0.5, 0.5, 0.0, 0.333333333, 0.5, 1.5)),
    ("there and back", {}, [100.0, 100.8, 99.2, 99.6], (-0.4, 0.8, -0.8, 2.333333333, 1.4, 0.6)),
    ("half sold, stop at break-even", {}, [100.0, 101.0], (0.5, 1.0, 0.0, 1.0, 1.0, 1.0)),
    ("half sold, beyond", {}, [100.0, 101.5], (0.75, 1.5, 0.0, 0.333333333, 0.5, 1.5)),
    (
        "trailing",
        {"trail": Trail(0.4, 0.1), "targets": targets(101.0, 103.0)},
        [100.0, 101.2],
        (0.6, 1.2, 0.0, 4.5, 1.8, 0.4),
    ),
    (
        "no target left",
        {"targets": targets(101.0, fractions=[0.5])},
        [100.0, 101.0],
        (0.5, 1.0, 0.0, None, None, 1.0),
    ),
    ("stopped", {}, [100.0, 100.6, 98.5], (0.0, 0.6, -1.5, None, 2.5, -0.5)),
    ("completed", {}, [100.0, 103.0], (0.0, 3.0, 0.0, None, None, 3.0)),
]


@both_ways
@pytest.mark.parametrize(("where", "changes", "prices", "numbers"), EXAMPLES, ids=[row[0] for row in EXAMPLES])
def test_a_plan_is_measured_at_its_last_price(
    side: Direction, where: str, changes: dict[str, Any], prices: list[float], numbers: tuple[float | None, ...]
) -> None:
    """The same numbers for a long and its mirror image; the stop is the effective one."""
    plan = make_plan(side, **changes)
    state, _ = outcome(plan, *prices)
    found = standing(plan, state)
    measured = (
        found.open_r,
        found.mfe_r,
        found.mae_r,
        found.rr_to_next_target,
        found.to_next_target,
        found.to_stop,
    )
    assert measured == pytest.approx(numbers, abs=2e-9), where


@both_ways
def test_the_effective_stop_is_the_tightest(side: Direction) -> None:
    """Stop, then break-even, then trail."""
    plan = make_plan(side, trail=Trail(0.5, 0.1))
    stops = [standing(plan, outcome(plan, *prices)[0]).effective_stop for prices in ([], [100.0], [100.0, 101.2])]
    assert stops == ([99.0, 99.0, 100.7] if side is LONG else [101.0, 101.0, 99.3])


def test_a_registered_plan_has_a_stop_and_nothing_else() -> None:
    """Without a reference price there is no reward to compare."""
    plan = make_plan(entry=Entry(MARKET, None))
    state, _ = register(plan, START_NS)
    assert standing(plan, state) == UNSET


def test_an_expired_plan_has_nothing_open() -> None:
    plan: Plan = make_plan(entry=Entry(LIMIT, 100.0))
    state, _ = live(plan, [Expiry(START_NS + 1)])
    assert standing(plan, state).rr_to_next_target is None
