"""A symbol's book: versions, cancels, deadlines, gates, and what is written at the end."""

from typing import Any

import pytest
from msgspec.structs import replace

from operators.book import SymbolBook
from operators.conditions import ANY_LAST, CORRECTED
from operators.gating import GateTimeline, GateWindow
from operators.plans import Gate, Plan
from operators.records import Cancel, Command, Register
from tests.operators.builders import CAUSE, SECOND_NS, START_NS, kinds, make_plan
from tests.operators.running import Told, restarted, run_book, start
from tests.operators.scenarios import REGULAR, SYMBOL, Print, Scenario, sliced

OPEN_NS = START_NS + 60 * SECOND_NS
"""Where the regular session of these tests begins."""


@pytest.mark.parametrize("layout", [0, 1, 999, None, "2"])
def test_a_snapshot_of_an_unknown_layout_is_refused(layout: Any) -> None:
    """Rather than read as something that it is not; the error names symbol, layout and the one that is read."""
    snapshot = SymbolBook(SYMBOL).snapshot()
    assert SymbolBook.restore(snapshot).snapshot() == snapshot
    with pytest.raises(
        ValueError, match=f"snapshot of {SYMBOL} has layout {layout}; this version reads 2 and {snapshot[0]}"
    ):
        SymbolBook.restore((layout, *snapshot[1:]))


def test_the_snapshot_keeps_time_and_counts() -> None:
    """What a symbol's progress row shows survives a restart."""
    scenario = Scenario((), (Print(OPEN_NS, 100.0, REGULAR), Print(OPEN_NS + 1, 100.0, CORRECTED)), GateTimeline())
    book = start(scenario)
    book.advance(sliced(scenario.prints, ANY_LAST))
    progress = restarted(book, scenario).progress()
    assert progress == book.progress()
    assert (progress.symbol, progress.tape_ns, progress.records, progress.eligible, progress.corrected) == (
        SYMBOL,
        OPEN_NS + 1,
        2,
        1,
        1,
    )


def run_commands(*commands: Command, prices: dict[int, float], gates: GateTimeline | None = None) -> Told:
    """Prints at whole seconds of the regular session, in one piece."""
    prints = tuple(Print(OPEN_NS + second * SECOND_NS, price, REGULAR) for second, price in prices.items())
    return run_book(Scenario(commands, prints, gates or GateTimeline()))


def at(second: int, plan: Plan | None = None) -> Register:
    """Register a plan so many seconds after the open."""
    at_ns = OPEN_NS + second * SECOND_NS
    return Register(at_ns, replace(plan or make_plan(), valid_from_ns=at_ns))


def cancel(second: int) -> Cancel:
    return Cancel(OPEN_NS + second * SECOND_NS, "p")


def test_a_higher_version_takes_the_place_of_the_one_before() -> None:
    """Numbers go on; the new version hears the ticks of its own instant, the old one does not."""
    again = make_plan(version=3, stop=98.0)
    told = run_commands(at(0), at(5, again), prices={1: 100.0, 5: 98.5, 6: 101.0})
    events = told.events["p"]
    assert kinds(events) == ["registered", "entered", "replaced", "registered", "entered", "target_hit"]
    assert [event.version for event in events] == [1, 1, 1, 3, 3, 3]
    assert [event.seq for event in events] == [1, 2, 3, 4, 5, 6]
    assert events[2].data == {"by_version": 3, "why": "version 3 takes the place of version 1"}
    assert (events[2].at_ns, events[2].price) == (OPEN_NS + 5 * SECOND_NS, None)
    assert told.registered == [("p", 1), ("p", 3)]


@pytest.mark.parametrize("version", [1, 2])
def test_a_version_that_is_not_higher_is_refused(version: int) -> None:
    """It is kept as a dead letter, and the plan lives on."""
    told = run_commands(at(0, make_plan(version=2)), at(5, make_plan(version=version)), prices={1: 100.0, 9: 99.0})
    assert kinds(told.events["p"]) == ["registered", "entered", "stopped"]
    assert told.refused == ["p"]


def test_a_refusal_says_what_was_asked_and_why_not() -> None:
    book = SymbolBook(SYMBOL)
    book.commands([at(0, make_plan(version=2)), at(1), cancel(2), cancel(3)])
    first, second = book.mark(OPEN_NS + 9 * SECOND_NS).refused
    assert (first.source, first.field, first.reason) == (
        "command p version 1",
        "version",
        "version 1 is not above the registered version 2",
    )
    assert (second.source, second.field, second.reason) == ("command p", "cancel", "no live plan has this id")


def test_commands_of_one_plan_that_are_refused_at_one_instant_are_letters_of_their_own() -> None:
    """What a database keeps of them goes by source and row: none takes the place of another."""
    book = SymbolBook(SYMBOL)
    versions = [at(0, make_plan(version=3)), at(5, make_plan(version=1)), at(5, make_plan(version=2))]
    book.commands([*versions, cancel(5), cancel(5)])
    told = book.mark(OPEN_NS + 9 * SECOND_NS).refused
    assert [letter.field for letter in told] == ["version", "version", "cancel"]
    assert len({(letter.source, letter.row) for letter in told}) == 3


def test_a_cancelled_plan_hears_nothing_more() -> None:
    """The tick of the same instant comes after the command."""
    told = run_commands(at(0), cancel(5), prices={1: 100.0, 5: 99.0, 6: 101.0})
    assert kinds(told.events["p"]) == ["registered", "entered", "cancelled"]
    assert told.events["p"][-1].at_ns == OPEN_NS + 5 * SECOND_NS
    assert told.events["p"][-1].data["why"] == "cancelled by command"
    assert told.rows["p"].phase == "cancelled"


@pytest.mark.parametrize("second", [-1, 9])
def test_a_cancel_of_nothing_that_lives_is_refused(second: int) -> None:
    """Before the plan is registered, or after it has ended."""
    told = run_commands(at(0), cancel(second), prices={1: 99.0, 10: 100.0})
    assert kinds(told.events["p"]) == ["registered", "invalidated"]
    assert told.refused == ["p"]


def test_a_new_version_of_an_ended_plan_replaces_nothing() -> None:
    """What has ended stays ended; the new version begins with the next number."""
    told = run_commands(at(0), at(5, make_plan(version=2)), prices={1: 99.0, 6: 100.0})
    events = told.events["p"]
    assert kinds(events) == ["registered", "invalidated", "registered", "entered"]
    assert [event.seq for event in events] == [1, 2, 3, 4]


def test_ticks_before_a_plan_is_valid_do_not_concern_it() -> None:
    """Registered at the open, valid ten seconds later: the stop that printed in between is no stop yet."""
    plan = make_plan(valid_from_ns=OPEN_NS + 10 * SECOND_NS)
    told = run_commands(Register(OPEN_NS, plan), prices={5: 98.0, 9: 105.0, 10: 100.0})
    assert kinds(told.events["p"]) == ["registered", "entered"]
    assert told.events["p"][1].at_ns == plan.valid_from_ns


def test_a_deadline_comes_before_the_ticks_of_its_instant() -> None:
    """The event carries the deadline's time and the last price heard before it."""
    plan = make_plan(valid_from_ns=OPEN_NS, expires_at_ns=OPEN_NS + 5 * SECOND_NS)
    told = run_commands(Register(OPEN_NS, plan), prices={1: 100.0, 3: 100.5, 5: 101.0, 6: 98.0})
    last = told.events["p"][-1]
    assert (last.kind, last.at_ns, last.price) == ("expired", OPEN_NS + 5 * SECOND_NS, 100.5)
    assert told.rows["p"].realized_r == 0.5


def window(first: int, last: int) -> GateTimeline:
    start_ns, end_ns = (OPEN_NS + second * SECOND_NS for second in (first, last))
    return GateTimeline((GateWindow(start_ns, end_ns, (CAUSE,), (CAUSE,)),), (start_ns, end_ns))


def test_under_suppress_no_entry_is_taken_until_the_window_ends() -> None:
    """The first tick at or after the window's end enters; the edges have their own times."""
    plan = make_plan(on_event=Gate.SUPPRESS)
    told = run_commands(at(0, plan), prices={1: 100.5, 4: 100.0, 7: 100.0, 9: 99.5}, gates=window(3, 9))
    events = told.events["p"]
    assert kinds(events) == ["registered", "gated", "ungated", "entered"]
    assert [(event.at_ns - OPEN_NS) // SECOND_NS for event in events] == [0, 3, 9, 9]


def test_a_plan_registered_inside_a_window_is_gated_at_once() -> None:
    told = run_commands(at(5, make_plan(on_event=Gate.SUPPRESS)), prices={6: 100.0}, gates=window(3, 9))
    assert kinds(told.events["p"]) == ["registered", "gated"]
    assert told.events["p"][1].at_ns == OPEN_NS + 5 * SECOND_NS


def test_a_window_that_becomes_known_while_it_stands_still_shuts_the_gate() -> None:
    """The calendar's update arrives a moment after the window has begun: no entry is taken from then on."""
    book = SymbolBook(SYMBOL)
    book.commands([at(0, make_plan(on_event=Gate.SUPPRESS))])
    book.advance(sliced([quiet(4, 100.5)], ANY_LAST))
    book.set_gates(window(3, 9))
    (gated,) = book.advance(sliced([quiet(6, 100.0)], ANY_LAST)).events
    assert (gated.kind, gated.at_ns) == ("gated", OPEN_NS + 4 * SECOND_NS)
    assert kinds(book.advance(sliced([quiet(9, 99.5)], ANY_LAST)).events) == ["ungated", "entered"]


def test_a_window_that_is_withdrawn_opens_the_gate_and_says_so() -> None:
    """There is no event left to be clear of, and the sentence does not trail off."""
    book = start(Scenario((at(0, make_plan(on_event=Gate.SUPPRESS)),), (), window(3, 9)))
    assert kinds(book.advance(sliced([quiet(4, 100.0)], ANY_LAST)).events) == ["registered", "gated"]
    book.set_gates(GateTimeline())
    ungated, entered = book.advance(sliced([quiet(6, 100.0)], ANY_LAST)).events
    assert (ungated.kind, entered.kind) == ("ungated", "entered")
    assert ungated.data["why"].strip() not in ("", "clear of")


def test_a_book_that_comes_back_under_a_gate_is_still_under_it() -> None:
    """Its snapshot is all that the next process has: nothing opens because nobody has said yet what stands."""
    book = start(Scenario((at(0, make_plan(on_event=Gate.SUPPRESS)),), (), window(3, 9)))
    book.advance(sliced([quiet(4, 100.5)], ANY_LAST))
    back = SymbolBook.restore(book.snapshot())
    assert back.advance(sliced([quiet(6, 100.0)], ANY_LAST)).events == []


def test_a_command_at_the_end_shows_that_its_time_has_come_and_no_more() -> None:
    """A tape that ends at 9 with a registration at 5: what was due by 5 has happened, what was due at 7 has not."""
    for due, happened in ((4, "expired"), (5, "expired"), (7, "registered")):
        plan = make_plan(valid_from_ns=OPEN_NS, expires_at_ns=OPEN_NS + due * SECOND_NS)
        commands = (Register(OPEN_NS, plan), at(5, make_plan(plan_id="q")))
        told = run_book(Scenario(commands, (quiet(1, 100.5),), GateTimeline()), end_ns=OPEN_NS + 9 * SECOND_NS)
        assert [kinds(told.events[plan_id])[-1] for plan_id in "pq"] == [happened, "registered"]


def test_a_plan_that_comes_after_its_own_end_does_not_go_back_in_time() -> None:
    """Whether it expires at once or is refused, nothing is told of an instant before anybody knew the plan."""
    book = SymbolBook(SYMBOL)
    plan = make_plan(valid_from_ns=OPEN_NS, expires_at_ns=OPEN_NS + 2 * SECOND_NS)
    book.commands([Register(OPEN_NS + 5 * SECOND_NS, plan)])
    outcome = book.mark(OPEN_NS + 9 * SECOND_NS)
    assert [event.at_ns for event in outcome.events if event.at_ns < OPEN_NS + 5 * SECOND_NS] == []


def test_what_was_written_before_a_restart_is_not_written_again() -> None:
    """The snapshot knows which rows the database already has."""
    scenario = Scenario((at(0),), (), GateTimeline())
    book = start(scenario)
    book.advance(sliced([quiet(1, 100.0)], ANY_LAST))
    assert restarted(book, scenario).end(None).states == []
    book.advance(sliced([quiet(2, 100.5)], ANY_LAST))
    assert [row.last_price for row in restarted(book, scenario).end(None).states] == [100.5]


def test_a_plan_that_nobody_registered_has_no_state() -> None:
    book = SymbolBook(SYMBOL)
    book.commands([at(5)])
    assert book.plan("p") is None
    assert book.plan("nobody") is None
    assert book.end(OPEN_NS).states == []
    book.mark(OPEN_NS + 5 * SECOND_NS)
    assert book.plan("p") is not None


def test_time_does_not_go_back() -> None:
    """A mark of an earlier instant changes nothing."""
    book = SymbolBook(SYMBOL)
    book.commands([at(5)])
    book.mark(OPEN_NS + 9 * SECOND_NS)
    assert book.mark(OPEN_NS).events == []
    assert book.now_ns == OPEN_NS + 9 * SECOND_NS


def test_a_state_is_written_once_more_at_the_end_when_only_its_last_price_moved() -> None:
    """Quiet ticks make no events, yet the database shows where the plan stood last."""
    book = start(Scenario((at(0),), (), GateTimeline()))
    assert [row.last_price for row in book.advance(sliced([quiet(1, 100.5)], ANY_LAST)).states] == [100.5]
    assert book.advance(sliced([quiet(2, 100.75)], ANY_LAST)).states == []
    assert [(row.last_price, row.updated_ns) for row in book.end(None).states] == [(100.75, OPEN_NS + 2 * SECOND_NS)]
    assert book.end(None).states == []


def test_a_tick_of_the_same_instant_in_the_next_piece_is_written_too() -> None:
    """However the tape is cut, the last row shows the last price and the extremes (L1)."""
    prices = [100.0, 100.75, 100.25, 100.5]
    prints = tuple(quiet(1, price) for price in prices)
    scenario = Scenario((at(0),), prints, GateTimeline())
    whole, apart = (run_book(scenario, sizes).rows["p"] for sizes in ([4], [1]))
    assert (whole.last_price, whole.mfe_r) == (100.5, 0.75)
    assert apart == whole


def quiet(second: int, price: float) -> Print:
    return Print(OPEN_NS + second * SECOND_NS, price, REGULAR)
