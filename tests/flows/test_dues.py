"""Clock marks and prints go only where something may come of them; all else goes everywhere."""

import numpy as np

from flows.dues import LONGEST_HELD_NS, Dues
from flows.items import Commands
from operators.book import SymbolBook
from operators.conditions import Flag
from operators.eligibility import SymbolSlice
from operators.held import Held
from operators.records import ClockMark, Register
from operators.times import MINUTE_NS
from tests.operators.builders import SECOND_NS, START_NS, make_plan

END_NS = START_NS + 90 * SECOND_NS
PLAN = make_plan(expires_at_ns=END_NS)
ASKED = Commands("TEST", (Register(START_NS, PLAN),))


def known(dues: Dues) -> SymbolBook:
    """A book with one plan that waits, which has come to the open."""
    book = SymbolBook("TEST")
    dues.knows(book)
    assert dues.sent("TEST", ASKED)
    book.commands(ASKED.commands)
    book.mark(START_NS)
    dues.reached("TEST")
    return book


def test_a_mark_goes_to_a_symbol_when_something_of_it_is_due() -> None:
    """The plan's end is, at its very instant and not before."""
    dues = Dues(bars=False)
    book = known(dues)
    assert not dues.sent("TEST", ClockMark(START_NS + SECOND_NS))
    assert not dues.sent("TEST", ClockMark(END_NS - 1))
    assert dues.sent("TEST", ClockMark(END_NS))
    assert [each.kind for each in book.mark(END_NS).events] == ["expired"]


def test_a_mark_follows_whatever_is_on_its_way_and_every_other_item_goes() -> None:
    """A command that has not arrived may be due; a symbol that nobody knows anything of may wait for anything."""
    dues = Dues(bars=False)
    known(dues)
    assert dues.sent("TEST", ASKED)
    assert dues.sent("TEST", ClockMark(START_NS + SECOND_NS))
    dues.reached("TEST")
    assert dues.sent("TEST", ClockMark(START_NS + SECOND_NS))
    dues.reached("TEST")
    dues.reached("TEST")
    assert not dues.sent("TEST", ClockMark(START_NS + SECOND_NS))
    assert dues.sent("OTHER", ClockMark(START_NS))


def test_where_bars_are_built_a_mark_of_another_minute_goes_too() -> None:
    """Bars end with their minutes, whatever the plans wait for."""
    dues = Dues(bars=True)
    known(dues)
    assert not dues.sent("TEST", ClockMark(START_NS + MINUTE_NS - 1))
    assert dues.sent("TEST", ClockMark(START_NS + MINUTE_NS))


def test_what_was_left_out_is_made_good_before_anything_but_prints() -> None:
    """So a command, or the end of the tape, finds the symbol's time where every mark would have taken it."""
    dues = Dues(bars=False)
    known(dues)
    first, second = ClockMark(START_NS + 1), ClockMark(START_NS + SECOND_NS)
    assert (dues.sent("TEST", first), dues.sent("TEST", second)) == ((), ())
    assert dues.sent("TEST", ASKED) == (second, ASKED)
    assert dues.sent("TEST", ASKED) == (ASKED,)


def a_print(price: float, seconds: int) -> SymbolSlice:
    """One print in the regular session, so long after the start."""
    at_ns, flags, phase = START_NS + seconds * SECOND_NS, np.array([Flag.LAST], np.uint8), np.array([2], np.uint8)
    return SymbolSlice(np.array([at_ns]), np.array([price]), flags, phase, at_ns, Flag.LAST, (1, 1, 0, 0, 0))


def test_quiet_prints_go_into_the_book_at_once_and_are_told_of_until_it_is_kept() -> None:
    """The first ones are sent, and whatever follows what is on its way; then only those that something comes of."""
    dues = Dues(bars=False, holds=True)
    book = known(dues)
    first, second, third = a_print(100.5, 1), a_print(100.6, 2), a_print(100.7, 3)
    assert dues.sent("TEST", first) == (first,)
    assert dues.sent("TEST", second) == (second,)
    for each in (first, second):
        book.advance(each)
        dues.reached("TEST")
    assert dues.ahead() == ()
    assert dues.sent("TEST", third) == ()
    assert dues.ahead() == (("TEST", *book.held()),)
    assert (book.now_ns, book.held().records) == (third.end_ns, 3)
    entering = a_print(100.0, 4)
    assert dues.sent("TEST", entering) == (entering,)
    assert book.held().records == 3
    dues.kept("TEST")
    assert dues.ahead() == ()


def test_a_symbol_that_was_long_held_is_sent_its_quiet_prints_so_that_it_is_kept_anew() -> None:
    """Few symbols shall be ahead of their states: that is written whole with every epoch."""
    dues = Dues(bars=False, holds=True)
    book = known(dues)
    first, last = a_print(100.5, 1), a_print(100.5, 2 + LONGEST_HELD_NS // SECOND_NS)
    assert dues.sent("TEST", first) == (first,)
    book.advance(first)
    dues.reached("TEST")
    assert dues.sent("TEST", a_print(100.5, 2)) == ()
    assert dues.sent("TEST", last) == (last,)


def test_where_nobody_may_hold_prints_all_are_sent() -> None:
    """Bars are built of them, or the symbol's tape is another worker's."""
    for dues in (Dues(bars=True), Dues(bars=False)):
        book = known(dues)
        for each in (a_print(100.5, 1), a_print(100.6, 2)):
            assert dues.sent("TEST", each) == (each,)
            book.advance(each)
            dues.reached("TEST")


def test_a_book_that_comes_back_catches_up_and_what_nobody_here_knows_is_told_again() -> None:
    """Its symbol may be another worker's, who tells more of it; nothing is told of a book that was kept later."""
    held = Held(START_NS + SECOND_NS, (1, 1, 0, 0, 0), ())
    dues = Dues(bars=False, before={"TEST": held, "KEPT": held, "OTHER": held})
    kept = SymbolBook("KEPT")
    kept.advance(a_print(100.5, 1))
    dues.knows(kept)
    book = known(dues)
    assert (book.now_ns, book.held().records) == (held.now_ns, 1)
    assert dues.ahead() == (("OTHER", *held), ("TEST", *book.held()))
