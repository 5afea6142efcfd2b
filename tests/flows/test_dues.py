"""Clock marks go only where time may bring something about; all else goes everywhere."""

from flows.dues import Dues
from flows.items import Commands
from operators.book import SymbolBook
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
