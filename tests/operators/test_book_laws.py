"""A symbol's book over random tapes: no look-ahead (L5), and snapshots that resume exactly (towards L3)."""

import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from operators.book import SymbolBook
from operators.data_gaps import DataGap
from operators.events import PlanEvent
from operators.records import Register
from operators.slots import Outcome
from tests.operators.builders import SECOND_NS, START_NS, make_plan
from tests.operators.running import between_gaps, not_plain, plan_ids, run_book, start, usable_for
from tests.operators.scenarios import END_NS, SYMBOL, Scenario, any_scenarios, sliced

sizes = st.lists(st.integers(1, 9), min_size=1, max_size=3)
instants = st.integers(0, 600).map(lambda half: START_NS + half * SECOND_NS // 2)
offsets = st.sampled_from([0, 0, 1, -1])


@settings(max_examples=50, deadline=None)
@given(scenario=any_scenarios(), at=instants, off=offsets, cuts=sizes)
def test_cutting_the_tape_gives_the_events_up_to_the_cut(
    scenario: Scenario, at: int, off: int, cuts: list[int]
) -> None:
    """Once time has reached the cut, nothing up to it is missing and nothing after it is known."""
    cut_ns = at + off
    whole = run_book(scenario, cuts, mark_ns=END_NS).events
    part = run_book(scenario.until(cut_ns), cuts, mark_ns=cut_ns).events
    for plan_id in plan_ids(scenario):
        assert part.get(plan_id, []) == up_to(whole.get(plan_id, []), cut_ns)


@settings(max_examples=50, deadline=None)
@given(scenario=any_scenarios(), at=instants, off=offsets, cuts=sizes)
def test_at_the_end_of_a_tape_commands_have_happened_and_later_deadlines_have_not(
    scenario: Scenario, at: int, off: int, cuts: list[int]
) -> None:
    """Nobody has seen time pass beyond the last print or command, so nothing expires there."""
    end_ns = at + off
    whole = run_book(scenario, cuts, mark_ns=END_NS).events
    part = run_book(scenario.until(end_ns), cuts, end_ns=end_ns).events
    printed = [each.at_ns for each in scenario.prints if each.at_ns <= end_ns]
    commanded = [each.at_ns for each in scenario.commands if each.at_ns <= end_ns]
    reached_ns = max([*printed, *commanded], default=0)
    for plan_id in plan_ids(scenario):
        assert part.get(plan_id, []) == up_to(whole.get(plan_id, []), reached_ns)


def up_to(events: list[PlanEvent], at_ns: int) -> list[PlanEvent]:
    return [event for event in events if event.at_ns <= at_ns]


@settings(max_examples=50, deadline=None)
@given(scenario=any_scenarios(), cuts=sizes)
def test_events_are_numbered_and_never_go_back_in_time(scenario: Scenario, cuts: list[int]) -> None:
    """Per plan from 1 without gaps, over all its versions."""
    for events in run_book(scenario, cuts, mark_ns=END_NS).events.values():
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert [event.at_ns for event in events] == sorted(event.at_ns for event in events)


@settings(max_examples=50, deadline=None)
@given(scenario=any_scenarios(), cuts=sizes, restarts=st.sets(st.integers(0, 12)) | st.just(frozenset(range(99))))
def test_a_book_that_comes_back_from_its_snapshot_goes_on_as_if_nothing_had_been(
    scenario: Scenario, cuts: list[int], restarts: set[int]
) -> None:
    """Through pickle, any number of times: the same events, states, refusals and written rows."""
    through = run_book(scenario, cuts, mark_ns=END_NS)
    interrupted = run_book(scenario, cuts, mark_ns=END_NS, restarts=sorted(restarts))
    assert vars(interrupted) == vars(through)


@settings(max_examples=50, deadline=None)
@given(scenario=any_scenarios(), cuts=sizes, restarts=st.sets(st.integers(0, 12)) | st.just(frozenset(range(99))))
def test_a_book_whose_ended_plans_retire_goes_on_as_if_nothing_had_been(
    scenario: Scenario, cuts: list[int], restarts: set[int]
) -> None:
    """The same events, refusals and written rows; later versions count on from where the earlier ones ended."""
    through = vars(run_book(scenario, cuts, mark_ns=END_NS))
    kept = SymbolBook.snapshot

    def retiring(book: SymbolBook) -> tuple[Any, ...]:
        book.retire()
        return kept(book)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SymbolBook, "snapshot", retiring)
        interrupted = vars(run_book(scenario, cuts, mark_ns=END_NS, restarts=sorted(restarts)))
    assert {**interrupted, "plans": None} == {**through, "plans": None}


@settings(max_examples=50, deadline=None)
@given(scenario=any_scenarios(), first=st.integers(0, 60))
def test_a_snapshot_is_plain_and_stays_as_it_is(scenario: Scenario, first: int) -> None:
    """No class of ours, no array, nothing that the book goes on to change; taking one changes nothing."""
    book = start(scenario)
    pieces = [piece for piece in (scenario.prints[:first], scenario.prints[first:]) if piece]
    for piece in pieces:
        snapshot = book.snapshot()
        kept = pickle.dumps(snapshot)
        assert not_plain(snapshot) == []
        assert SymbolBook.restore(snapshot).snapshot() == book.snapshot() == snapshot
        book.advance(sliced(piece, usable_for(scenario)))
        assert pickle.dumps(snapshot) == kept
    book.mark(END_NS)
    assert not_plain(book.snapshot()) == []


def test_a_retired_plan_that_a_command_will_bring_back_is_kept_with_it() -> None:
    """Its slot holds nothing but the command and the number of its events; the new version counts on from there."""
    book = SymbolBook(SYMBOL)
    plan = make_plan(expires_at_ns=START_NS + 2 * SECOND_NS)
    book.commands([Register(START_NS, plan)])
    told = book.mark(START_NS + 3 * SECOND_NS).events
    book.retire()
    assert book.plan(plan.plan_id) is None
    again = replace(plan, version=2, expires_at_ns=None)
    book.commands([Register(START_NS + 9 * SECOND_NS, again)])
    back = SymbolBook.restore(pickle.loads(pickle.dumps(book.snapshot())))
    back.retire()
    events = back.mark(START_NS + 10 * SECOND_NS).events
    assert events == book.mark(START_NS + 10 * SECOND_NS).events
    assert [(event.version, event.seq) for event in events] == [(2, len(told) + 1)]


@settings(max_examples=40, deadline=None)
@given(scenario=any_scenarios(), cuts=sizes, back=st.integers(0, 60))
def test_a_clock_mark_no_further_than_the_last_print_changes_nothing(
    scenario: Scenario, cuts: list[int], back: int
) -> None:
    """So whoever feeds a book may leave it out, which live saves most of them."""
    book = start(scenario)
    for piece in between_gaps(scenario, cuts):
        if isinstance(piece, DataGap):
            book.gap(piece)
            continue
        book.advance(sliced(piece, usable_for(scenario)))
        before = book.snapshot()
        assert book.mark(piece[-1].at_ns - back * SECOND_NS) == Outcome()
        assert book.snapshot() == before
