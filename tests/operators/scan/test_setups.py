"""Proposals: one living plan per setup, replans of what was stopped, and ids that follow from the setup."""

from datetime import date
from itertools import pairwise, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from operators.plans import PLAN_ID, Direction, Style
from operators.scan.candidate import Candidate
from operators.scan.detectors.catalog import DETECTORS
from operators.scan.plan_ids import plan_id
from operators.scan.setups import Decision, Outcome, Setups
from operators.state import LIVE, Phase

MONDAY, TUESDAY = date(2013, 10, 7), date(2013, 10, 8)
OTHER_ENDS = sorted(set(Phase) - LIVE - {Phase.STOPPED, Phase.INVALIDATED})


def candidate(**changes: Any) -> Candidate:
    made = Candidate("IBM", "vwap_reclaim", Style.INTRADAY, Direction.LONG, 1, MONDAY, 100.0, 0.5, (), 0.8, ())
    return replace(made, **changes)


def propose(setups: Setups, actionable: bool = True, **changes: Any) -> tuple[Setups, Decision]:
    decision = setups.consider(candidate(**changes))
    return setups.accept(decision, actionable=actionable), decision


def test_a_first_candidate_is_proposed() -> None:
    _, decision = propose(Setups("IBM"))
    assert decision.outcome is Outcome.PROPOSED
    assert (decision.plan_id, decision.ordinal) == ("IBM.vwap_reclaim.long.20131007.1", 1)
    assert decision.replaces is None


def test_while_its_plan_lives_a_setup_is_withheld() -> None:
    """The living plan is named; nothing is remembered of what was withheld."""
    setups, first = propose(Setups("IBM"))
    again, decision = propose(setups, session_date=TUESDAY)
    assert (decision.outcome, decision.plan_id, decision.ordinal) == (Outcome.WITHHELD, first.plan_id, None)
    assert again == setups


def test_other_strategies_directions_and_symbols_are_other_setups() -> None:
    setups, _ = propose(Setups("IBM"))
    for change in ({"direction": Direction.SHORT}, {"strategy": "vwap_cluster"}):
        assert setups.consider(candidate(**change)).outcome is Outcome.PROPOSED


@pytest.mark.parametrize("phase", [Phase.STOPPED, Phase.INVALIDATED])
def test_a_fresh_signal_after_a_stop_replans_the_old_plan(phase: Phase) -> None:
    setups, first = propose(Setups("IBM"))
    setups, second = propose(setups.ended(first.plan_id, phase, MONDAY))
    assert (second.outcome, second.replaces, second.ordinal) == (Outcome.REPLANNED, first.plan_id, 2)
    assert second.plan_id == "IBM.vwap_reclaim.long.20131007.2"
    assert setups.consider(candidate()).outcome is Outcome.WITHHELD


def test_a_plan_is_replanned_once() -> None:
    setups, first = propose(Setups("IBM"))
    setups, second = propose(setups.ended(first.plan_id, Phase.STOPPED, MONDAY))
    _, third = propose(setups.ended(second.plan_id, Phase.COMPLETED, MONDAY))
    assert (third.outcome, third.replaces, third.ordinal) == (Outcome.PROPOSED, None, 3)


@pytest.mark.parametrize("phase", OTHER_ENDS)
def test_after_any_other_end_the_next_plan_is_a_new_one(phase: Phase) -> None:
    setups, first = propose(Setups("IBM"))
    _, second = propose(setups.ended(first.plan_id, phase, MONDAY))
    assert (second.outcome, second.replaces, second.ordinal) == (Outcome.PROPOSED, None, 2)


@pytest.mark.parametrize("phase", sorted(LIVE))
def test_a_plan_that_lives_has_not_ended(phase: Phase) -> None:
    setups, first = propose(Setups("IBM"))
    with pytest.raises(ValueError, match=phase):
        setups.ended(first.plan_id, phase, MONDAY)


@pytest.mark.parametrize(("style", "replans"), [(each, each in (Style.SWING, Style.LEAP)) for each in Style])
def test_ideas_of_a_day_are_replanned_on_that_day_only(style: Style, replans: bool) -> None:
    setups, first = propose(Setups("IBM"), style=style)
    _, second = propose(setups.ended(first.plan_id, Phase.STOPPED, MONDAY), style=style, session_date=TUESDAY)
    assert second.replaces == (first.plan_id if replans else None)
    assert second.ordinal == 1


def test_a_watch_plan_uses_its_ordinal_and_holds_nothing_back() -> None:
    """A plan to be replanned waits on until an actionable one comes."""
    setups, first = propose(Setups("IBM"))
    setups, watch = propose(setups.ended(first.plan_id, Phase.STOPPED, MONDAY), actionable=False)
    assert (watch.outcome, watch.ordinal) == (Outcome.REPLANNED, 2)
    _, third = propose(setups)
    assert (third.outcome, third.replaces, third.ordinal) == (Outcome.REPLANNED, first.plan_id, 3)


def test_the_end_of_a_plan_of_no_setup_is_passed_over() -> None:
    setups, _ = propose(Setups("IBM"))
    assert setups.ended("somebody-elses", Phase.STOPPED, MONDAY) == setups


@settings(deadline=None)
@given(steps=st.lists(st.tuples(st.sampled_from([*product(["a", "b"], Direction)]), st.sampled_from(sorted(Phase)))))
def test_ids_are_never_given_twice_and_state_survives_writing(steps: list[tuple[Any, Phase]]) -> None:
    setups, given_out = Setups("IBM"), []
    for (strategy, direction), phase in steps:
        setups = Setups.from_plain(setups.to_plain())
        setups, decision = propose(setups, strategy=strategy, direction=direction)
        if decision.ordinal is not None:
            given_out.append(decision.plan_id)
        if phase not in LIVE:
            setups = setups.ended(decision.plan_id, phase, MONDAY)
    assert len(given_out) == len(set(given_out))
    names = [(each.strategy, each.direction) for each in setups.known]
    assert all(one < other for one, other in pairwise(names))


symbols = st.text(min_size=1, max_size=32)


@settings(deadline=None)
@given(symbol=symbols, ordinal=st.integers(1, 99), detector=st.sampled_from(DETECTORS), side=st.sampled_from(Direction))
def test_every_symbol_makes_an_id_of_a_plan(symbol: str, ordinal: int, detector: Any, side: Direction) -> None:
    assert PLAN_ID.fullmatch(plan_id(symbol, detector.strategy, side, MONDAY, ordinal))


@settings(deadline=None)
@given(one=symbols, other=symbols)
def test_two_symbols_never_share_an_id(one: str, other: str) -> None:
    names = {plan_id(symbol, "vwap_reclaim", Direction.LONG, MONDAY, 1) for symbol in (one, other)}
    assert len(names) == len({one, other})
