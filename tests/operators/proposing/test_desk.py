"""The desk: one living plan per setup, and what its end makes of the next signal."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from operators.events import Kind
from operators.plans import Direction, Style
from operators.proposing.desk import Desk, Taken
from tests.operators.engine.engine_cases import AS_OF_NS
from tests.operators.proposing.desk_cases import CLOSE_NS, DAY_NS, MINUTE_NS, ended, proposal, take

FIRST = "TEST.vwap_reclaim.long.20131008.1"
SECOND = "TEST.vwap_reclaim.long.20131008.2"
LATER = AS_OF_NS + 30 * MINUTE_NS


@pytest.fixture
def desk() -> Desk:
    """A desk whose first proposal became a plan."""
    own = Desk("TEST")
    (taken,) = take(own, proposal())
    assert taken.plan is not None
    assert (taken.plan.plan_id, taken.plan.valid_from_ns, taken.follows) == (FIRST, AS_OF_NS, None)
    assert taken.plan.expires_at_ns == CLOSE_NS
    return own


def test_a_setup_is_not_proposed_again_while_its_plan_lives(desk: Desk) -> None:
    """The row names the plan that lives, and has no ordinal of its own."""
    (again,) = take(desk, proposal(LATER))
    assert (again.plan, again.follows) == (None, None)
    assert (again.row.plan_id, again.row.ordinal, again.row.actionable) == (FIRST, None, True)


def test_other_setups_are_proposed_beside_it(desk: Desk) -> None:
    """The other direction and another strategy have plans of their own."""
    short, other = take(desk, proposal(direction=Direction.SHORT), proposal(strategy="power_hour_trend"))
    assert short.plan is not None
    assert other.plan is not None
    assert short.plan.plan_id == FIRST.replace("long", "short")
    assert other.plan.plan_id == FIRST.replace("vwap_reclaim", "power_hour_trend")


@pytest.mark.parametrize("kind", [Kind.STOPPED, Kind.INVALIDATED])
def test_a_signal_after_a_stop_is_a_replan_and_only_the_first_one(desk: Desk, kind: Kind) -> None:
    """It follows the plan that ended; the one after it follows the second, once that one was stopped."""
    desk.note([ended(FIRST, kind, LATER - 1)])
    (second,) = take(desk, proposal(LATER))
    assert second.plan is not None
    assert (second.plan.plan_id, second.follows, second.row.ordinal) == (SECOND, FIRST, 2)
    desk.note([ended(SECOND, Kind.COMPLETED, LATER + 1)])
    (third,) = take(desk, proposal(LATER + MINUTE_NS))
    assert (third.follows, third.row.ordinal) == (None, 3)


@pytest.mark.parametrize("kind", [Kind.COMPLETED, Kind.MISSED, Kind.EXPIRED, Kind.CANCELLED])
def test_a_signal_after_another_end_follows_nothing(desk: Desk, kind: Kind) -> None:
    desk.note([ended(FIRST, kind, LATER - 1)])
    (second,) = take(desk, proposal(LATER))
    assert second.plan is not None
    assert (second.plan.plan_id, second.follows) == (SECOND, None)


@pytest.mark.parametrize("kind", [Kind.STOPPED, Kind.INVALIDATED, Kind.MISSED, Kind.COMPLETED])
def test_a_print_that_ends_a_plan_comes_after_a_proposal_of_its_instant(desk: Desk, kind: Kind) -> None:
    """Prints come last of an instant: the plan still lives for the proposal, and is gone a nanosecond later."""
    desk.note([ended(FIRST, kind, LATER)])
    at_once, after = take(desk, proposal(LATER), proposal(LATER + 1))
    assert (at_once.plan, at_once.row.plan_id) == (None, FIRST)
    assert after.plan is not None
    assert after.plan.plan_id == SECOND


@pytest.mark.parametrize("kind", [Kind.EXPIRED, Kind.CANCELLED])
def test_a_deadline_comes_before_a_proposal_of_its_instant(desk: Desk, kind: Kind) -> None:
    desk.note([ended(FIRST, kind, LATER)])
    (taken,) = take(desk, proposal(LATER))
    assert taken.plan is not None
    assert taken.plan.plan_id == SECOND


def test_ends_count_from_their_own_times_however_early_they_are_told(desk: Desk) -> None:
    """A long frame tells of the end before the proposal of an earlier instant is decided on."""
    desk.note([ended(FIRST, Kind.STOPPED, LATER + MINUTE_NS)])
    early, late = take(desk, proposal(LATER), proposal(LATER + 2 * MINUTE_NS))
    assert early.plan is None
    assert late.follows == FIRST


@pytest.mark.parametrize(
    ("style", "follows"), [(Style.SCALP, False), (Style.INTRADAY, False), (Style.SWING, True), (Style.LEAP, True)]
)
def test_only_swings_and_leaps_are_replanned_in_a_later_session(style: Style, follows: bool) -> None:
    desk, tomorrow = Desk("TEST"), AS_OF_NS + DAY_NS
    (first,) = take(desk, proposal(style=style))
    assert first.plan is not None
    desk.note([ended(first.plan.plan_id, Kind.STOPPED, LATER)])
    (second,) = take(desk, proposal(tomorrow, style=style))
    assert second.plan is not None
    assert second.plan.plan_id == "TEST.vwap_reclaim.long.20131009.1"
    assert second.follows == (FIRST if follows else None)


def test_a_swing_has_no_end_and_a_scalp_ends_with_its_session() -> None:
    swing, scalp = take(Desk("TEST"), proposal(style=Style.SWING), proposal(style=Style.SCALP, strategy="vwap_cluster"))
    assert swing.plan is not None
    assert scalp.plan is not None
    assert (swing.plan.expires_at_ns, scalp.plan.expires_at_ns) == (None, CLOSE_NS)


def test_a_plan_to_be_watched_is_told_but_holds_nothing_back(desk: Desk) -> None:
    """It has an ordinal and no plan; a replan waits for the first that can be traded."""
    desk.note([ended(FIRST, Kind.STOPPED, LATER - 1)])
    watched, traded = take(desk, proposal(LATER, em=None), proposal(LATER + MINUTE_NS))
    assert (watched.plan, watched.follows) == (None, None)
    assert (watched.row.actionable, watched.row.plan_id, watched.row.ordinal) == (False, None, 2)
    assert (traded.follows, traded.row.ordinal) == (FIRST, 3)


def test_plans_of_other_origin_do_not_matter(desk: Desk) -> None:
    """The end of a plan that no setup made is nobody's end here."""
    desk.note([ended("mine", Kind.STOPPED, LATER - 1)])
    (taken,) = take(desk, proposal(LATER))
    assert taken.plan is None


def test_a_plan_that_was_replaced_lives_on_as_its_next_version(desk: Desk) -> None:
    """Its setup is free once that version ends, and a stop of it is followed by a replan."""
    desk.note([ended(FIRST, Kind.REPLACED, LATER - 1)])
    (withheld,) = take(desk, proposal(LATER))
    assert (withheld.plan, withheld.row.plan_id, withheld.row.ordinal) == (None, FIRST, None)
    desk.note([replace(ended(FIRST, Kind.STOPPED, LATER + 1), version=2)])
    (second,) = take(desk, proposal(LATER + MINUTE_NS))
    assert second.plan is not None
    assert (second.plan.plan_id, second.follows) == (SECOND, FIRST)


ENDS = (Kind.STOPPED, Kind.INVALIDATED, Kind.EXPIRED, Kind.COMPLETED)
STRATEGIES = ("vwap_reclaim", "vwap_cluster")


def live_through(seed: int, restarts: set[int]) -> list[Taken]:
    """Proposals and ends at random; after some of them the desk comes back from its snapshot."""
    rng, desk, found, living = Random(seed), Desk("TEST"), list[Taken](), list[str]()
    for step in range(25):
        at_ns = AS_OF_NS + step * MINUTE_NS * rng.choice((1, 1, 1, 90))
        if living and rng.random() < 0.5:
            gone = living.pop(rng.randrange(len(living)))
            desk.note([ended(gone, rng.choice(ENDS), at_ns + rng.choice((-1, 0, 1, MINUTE_NS)))])
        style, direction = rng.choice((Style.SCALP, Style.SWING)), rng.choice(tuple(Direction))
        em = rng.choice((5.0, 5.0, None))
        made = proposal(at_ns, em=em, style=style, direction=direction, strategy=rng.choice(STRATEGIES))
        found += take(desk, made)
        plan = found[-1].plan
        living += [] if plan is None else [plan.plan_id]
        if step in restarts:
            desk = Desk.from_plain(desk.to_plain())
    return found


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), restarts=st.sets(st.integers(0, 24), min_size=1))
def test_a_desk_goes_on_from_its_snapshot(seed: int, restarts: set[int]) -> None:
    """The same decisions, to the last byte of the rows."""
    assert live_through(seed, restarts) == live_through(seed, set())
