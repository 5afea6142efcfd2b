"""What a book held since it was kept, told beside the kept book, makes that the book of now."""

import pickle

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.book import SymbolBook
from operators.conditions import Flag
from operators.data_gaps import DataGap
from operators.eligibility import SymbolSlice
from operators.held import Held
from operators.records import Register
from tests.operators.builders import SECOND_NS, START_NS, make_plan
from tests.operators.running import between_gaps, not_plain, run_book, start, usable_for
from tests.operators.scenarios import END_NS, SYMBOL, Scenario, any_scenarios, sliced

sizes = st.lists(st.integers(1, 9), min_size=1, max_size=3)


@settings(max_examples=40, deadline=None)
@given(scenario=any_scenarios(), cuts=sizes)
def test_a_kept_book_that_is_told_what_was_held_since_is_the_book_of_now(scenario: Scenario, cuts: list[int]) -> None:
    """A book is kept only where something happens to it; told twice, or of a time that it has passed, nothing does."""
    book, flags = start(scenario), usable_for(scenario)
    kept, before = book.snapshot(), book.held()
    for piece in between_gaps(scenario, cuts):
        if isinstance(piece, DataGap):
            book.gap(piece)
            kept = book.snapshot()
        elif not book.holds(prints := sliced(piece, flags)):
            book.advance(prints)
            kept = book.snapshot()
        held = book.held()
        assert not_plain(tuple(held)) == []
        back = SymbolBook.restore(pickle.loads(pickle.dumps(kept)))
        told = Held(*pickle.loads(pickle.dumps(tuple(held))))
        if back.catch_up(told):
            assert back.held() == held  # it may die before it is kept anew
        else:
            assert kept[3] == held.counts
        assert back.snapshot() == book.snapshot()
        assert not back.catch_up(told)
        assert not back.catch_up(before)
        assert back.snapshot() == book.snapshot()
        before = held


@settings(max_examples=30, deadline=None)
@given(scenario=any_scenarios(), cuts=sizes)
def test_what_a_book_holds_is_what_it_would_have_said_nothing_of(scenario: Scenario, cuts: list[int]) -> None:
    """Events, rows and states are those of a book that takes all slices the long way."""
    through, book, flags = run_book(scenario, cuts, mark_ns=END_NS), start(scenario), usable_for(scenario)
    events = []
    for piece in between_gaps(scenario, cuts):
        if isinstance(piece, DataGap):
            book.gap(piece)
        elif not book.holds(prints := sliced(piece, flags)):
            events += book.advance(prints).events
    events += book.mark(END_NS).events
    assert sorted((each.plan_id, each.seq) for each in events) == sorted(
        (each.plan_id, each.seq) for told in through.events.values() for each in told
    )
    assert {each: book.plan(each) for each in through.plans} == through.plans


def test_prints_that_something_happens_at_are_left_as_if_nobody_had_asked() -> None:
    """Not even counted: they come again."""
    book = SymbolBook(SYMBOL)
    book.commands([Register(START_NS, make_plan())])
    book.mark(START_NS)
    before = book.snapshot()
    assert not book.holds(prints(100.0))
    assert book.snapshot() == before
    assert book.holds(prints(100.5))
    assert book.held().records == 1
    assert [each.kind for each in book.advance(prints(100.0)).events] == ["entered"]


def prints(price: float) -> SymbolSlice:
    """One print in the regular session, a second after the start."""
    flags, phase = np.array([int(Flag.LAST)], np.uint8), np.array([2], np.uint8)
    at_ns = START_NS + SECOND_NS
    return SymbolSlice(np.array([at_ns]), np.array([price]), flags, phase, at_ns, Flag.LAST, (1, 1, 0, 0, 0))
