"""Where targets go, and what the trace says.  A long intraday idea at 100, ATR 1, expected move 5, stop 99.10.

Ideals 102.25, 104.00, 105.50; window 0.20; spacing 0.35; cap 105.50; target 1 must pay 1.4 x 0.90 = 1.26.
"""

import pytest

from operators.engine.evaluation import evaluate
from operators.engine.profile import TargetProfile, WatchReason
from operators.engine.trace import Verdict
from operators.levels.level import LevelKind
from operators.plans import Direction, EntryType, Style
from tests.operators.engine.engine_cases import AS_OF_NS, ask, level, line_of, prices


def verdict(profile: TargetProfile, price: float) -> tuple[Verdict, str | None]:
    line = line_of(profile, price)
    return line.verdict, line.rung


def test_without_levels_the_ideals_stand() -> None:
    profile = evaluate(ask())
    assert prices(profile) == [102.25, 104.0, 105.5]
    assert [target.level for target in profile.targets] == [None, None, None]
    assert [target.fraction for target in profile.targets] == [0.4, 0.3, 0.2]
    assert profile.r_multiples == pytest.approx((2.5, 4 / 0.9, 5.5 / 0.9), abs=1e-9)
    assert profile.actionable


@pytest.mark.parametrize(("style", "share"), [("scalp", 0.9), ("intraday", 1.1), ("swing", 1.1), ("leap", 1.1)])
def test_the_last_ideal_is_capped(style: str, share: float) -> None:
    """1.25 and 1.3 expected moves are 1.1; with 100 dollars a move the spacing is no matter."""
    profile = evaluate(ask(style=Style(style), reference=1_000.0, em=100.0))
    assert prices(profile)[-1] == 1_000 + 100 * share


def test_a_target_snaps_to_the_level_in_its_window() -> None:
    profile = evaluate(ask(level(102.05), level(104.21), level(105.3)))
    assert prices(profile) == [102.05, 104.0, 105.3]
    assert verdict(profile, 102.05) == (Verdict.TAKEN, "target_1")
    assert verdict(profile, 104.21) == (Verdict.NO_WINDOW, None)
    assert [target.level for target in profile.targets] == ["prior_day_high", None, "prior_day_high"]


def test_the_strongest_level_of_a_window_wins_and_then_the_nearest() -> None:
    profile = evaluate(ask(level(102.25, 0.5), level(102.40, 0.9), level(103.9, 0.5), level(104.05, 0.5)))
    assert prices(profile)[:2] == [102.40, 104.05]
    assert verdict(profile, 102.25) == (Verdict.WEAKER, "target_1")
    assert verdict(profile, 103.9) == (Verdict.FARTHER, "target_2")


def test_of_two_as_strong_and_as_near_the_one_nearer_the_entry_wins() -> None:
    assert prices(evaluate(ask(level(104.1), level(103.9))))[1] == 103.9
    short = evaluate(ask(level(96.1), level(95.9), direction=Direction.SHORT))
    assert prices(short)[1] == 96.1


def test_a_level_past_the_cap_is_beyond_the_expected_move() -> None:
    profile = evaluate(ask(level(105.51, 1.0), level(120.0)))
    assert prices(profile)[2] == 105.5
    assert verdict(profile, 105.51) == verdict(profile, 120.0) == (Verdict.BEYOND_EM, None)


def test_a_level_too_near_the_target_before_is_too_close() -> None:
    """A scalp with ideals 0.45, 0.90 and 1.35: target 1 must pay 0.72, and target 2 stand 0.35 beyond it."""
    profile = evaluate(ask(level(100.72), level(101.0, 1.0), style=Style.SCALP, em=1.5))
    assert verdict(profile, 101.0) == (Verdict.TOO_CLOSE, "target_2")
    assert prices(profile) == [100.72, 101.07, 101.42]


def test_an_ideal_overtaken_by_the_target_before_moves_one_spacing_on() -> None:
    """Target 1 has to move to 103.9: 104.00 is less than 0.35 beyond it."""
    profile = evaluate(ask(level(98.0), level(103.9)))
    assert prices(profile) == [103.9, 104.25, 105.5]


def test_target_1_below_the_floor_moves_to_the_next_level_that_meets_it() -> None:
    """The stop at 98.00 asks 2.80 of target 1; the level in the window pays 2.30, the next 2.70, the third 3.10."""
    profile = evaluate(ask(level(98.0), level(102.3), level(102.7), level(103.1), level(103.2, 1.0)))
    assert prices(profile)[0] == 103.1
    assert profile.actionable
    assert verdict(profile, 102.3) == verdict(profile, 102.7) == (Verdict.RR_FLOOR, "target_1")
    assert verdict(profile, 103.1) == (Verdict.TAKEN, "target_1")


def test_a_level_that_pays_the_floor_exactly_meets_it() -> None:
    assert evaluate(ask(level(98.0), level(102.8))).actionable
    assert evaluate(ask(level(98.0), level(102.8))).targets[0].r == 1.4


def test_without_such_a_level_it_is_a_watch_plan() -> None:
    profile = evaluate(ask(level(98.0), level(102.3), level(105.9)))
    assert not profile.actionable
    assert profile.reason is WatchReason.RR_FLOOR
    told = "target 1 at 102.30 pays 1.15 R, less than 1.40, and no level within 1.1 expected moves pays more"
    assert profile.reason_text == told
    assert verdict(profile, 102.3) == (Verdict.RR_FLOOR, "target_1")
    assert prices(profile) == [102.3, 104.0, 105.5]


def test_targets_without_room_are_left_out_and_their_share_goes_to_the_others() -> None:
    """Target 1 has to move to 105.40, and the cap is at 105.50."""
    profile = evaluate(ask(level(98.0), level(105.4)))
    assert prices(profile) == [105.4]
    assert [target.fraction for target in profile.targets] == [0.9]
    assert any("only 1 of 3 targets" in warning for warning in profile.warnings)


def test_a_level_of_the_future_is_told_and_decides_nothing() -> None:
    future = evaluate(ask(level(102.3, known_ns=AS_OF_NS + 1)))
    assert prices(future) == [102.25, 104.0, 105.5]
    assert verdict(future, 102.3) == (Verdict.NOT_YET, None)
    assert prices(evaluate(ask(level(102.3, known_ns=AS_OF_NS))))[0] == 102.3


def test_a_level_between_two_ticks_becomes_the_tick_nearer_the_entry() -> None:
    assert prices(evaluate(ask(level(102.305))))[0] == 102.3
    assert prices(evaluate(ask(level(97.695), direction=Direction.SHORT)))[0] == 97.7


def test_what_the_targets_leave_trails_after_the_last_one() -> None:
    runner = evaluate(ask()).runner
    assert runner is not None
    assert (runner.fraction, runner.trail.distance, runner.trail.step, runner.trail.after) == (0.1, 1.0, 0.25, 3)


@pytest.mark.parametrize(
    ("direction", "last", "entry"),
    [
        (Direction.LONG, 99.9, EntryType.STOP),
        (Direction.LONG, 100.1, EntryType.LIMIT),
        (Direction.LONG, 100.0, EntryType.LIMIT),
        (Direction.LONG, None, EntryType.LIMIT),
        (Direction.SHORT, 100.1, EntryType.STOP),
        (Direction.SHORT, 99.9, EntryType.LIMIT),
    ],
)
def test_the_last_price_says_whether_the_entry_waits_for_a_break(
    direction: Direction, last: float | None, entry: EntryType
) -> None:
    assert evaluate(ask(direction=direction, last=last)).entry.type is entry


def test_the_asker_may_choose_the_entry() -> None:
    assert evaluate(ask(last=99.9, entry_type=EntryType.MARKET)).entry.type is EntryType.MARKET


@pytest.mark.parametrize(
    ("budget", "shares"), [(None, None), (90.0, 100), (89.99, 99), (1_000_000.0, 1_111_111), (0.9, 1)]
)
def test_the_size_is_whole_shares_within_the_budget(budget: float | None, shares: int | None) -> None:
    """90 cents of risk a share."""
    profile = evaluate(ask(level(99.9), risk_budget=budget))
    assert profile.size == shares
    assert profile.actionable


def test_a_budget_below_one_share_is_a_watch_plan() -> None:
    profile = evaluate(ask(risk_budget=0.89))
    assert (profile.size, profile.actionable, profile.reason) == (0, False, WatchReason.BUDGET)
    assert profile.reason_text == "one share risks 0.90, more than the budget of 0.89"


def test_a_few_shares_that_cannot_be_split_are_told() -> None:
    assert evaluate(ask(level(99.9), risk_budget=3.6)).warnings == ("4 shares are too few to sell 20% of them",)


def test_a_trace_runs_from_the_stop_to_the_targets() -> None:
    profile = evaluate(ask(level(104.0), level(98.0), level(102.3, kind=LevelKind.POC), level(99.0)))
    assert [(line.price, line.distance_atr) for line in profile.snap_trace] == [
        (98.0, -2.0),
        (99.0, -1.0),
        (102.3, 2.3),
        (104.0, 4.0),
    ]
