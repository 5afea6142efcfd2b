"""Proposals in a symbol's book, among prints: order within an instant, replans, and any cut of the tape."""

import pickle
from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from operators.book import SymbolBook
from operators.conditions import ANY_LAST
from operators.events import PlanEvent
from operators.plans import Direction, Style
from operators.proposing.proposer import Proposal
from operators.records import Register
from operators.rows import ScanRow
from operators.slots import Outcome
from tests.operators.builders import SECOND_NS, START_NS, make_plan
from tests.operators.proposing.desk_cases import proposal
from tests.operators.running import not_plain
from tests.operators.scenarios import END_NS, REGULAR, SYMBOL, Print, sliced

OPEN_NS = START_NS + 60 * SECOND_NS
"""The regular open of the examples' five minutes of a day."""
CLOSE_NS = START_NS + 180 * SECOND_NS
NAME = "TEST.vwap_reclaim.long.20131008"


def idea(second: float, price: float = 100.0, close_ns: int = CLOSE_NS, **changes: object) -> Proposal:
    """A scalp's proposal so long after the open; its stop is some 5 to 16 cents away."""
    at_ns = OPEN_NS + round(second * SECOND_NS)
    fields: dict[str, object] = {"style": Style.SCALP, "atr": 0.1, "em": 0.5, "close_ns": close_ns}
    return proposal(at_ns, price, **(fields | changes))  # type: ignore[arg-type]


def printed(second: float, price: float) -> Print:
    """A regular print so long after the open."""
    return Print(OPEN_NS + round(second * SECOND_NS), price, REGULAR)


def told(*outcomes: Outcome) -> list[tuple[str, str, int]]:
    """Plan, kind and second of every event, in the order they came."""
    events = [event for outcome in outcomes for event in outcome.events]
    return [
        (event.plan_id.removeprefix(NAME), str(event.kind), (event.at_ns - OPEN_NS) // SECOND_NS) for event in events
    ]


def test_a_proposal_acts_before_the_prints_of_its_instant() -> None:
    """The print that closes its bar may enter it."""
    book = SymbolBook(SYMBOL)
    outcome = book.advance(sliced([printed(10, 100.0)], ANY_LAST), [idea(10)])
    assert told(outcome) == [(".1", "registered", 10), (".1", "entered", 10)]
    assert [scan.plan_id for scan in outcome.scans] == [NAME + ".1"]


def test_a_print_that_stops_the_plan_at_the_instant_of_a_proposal_stops_it_after_that() -> None:
    """The proposal is withheld; one of the next instant replans."""
    book = SymbolBook(SYMBOL)
    first = book.advance(sliced([printed(10, 100.0)], ANY_LAST), [idea(10)])
    second = book.advance(sliced([printed(20, 99.0)], ANY_LAST), [idea(20, 99.0)])
    assert [(each.plan_id, each.ordinal) for each in second.scans] == [(NAME + ".1", None)]
    third = book.advance(sliced([printed(30, 99.0)], ANY_LAST), [idea(30, 99.0)])
    assert told(first, second, third)[2:] == [
        (".1", "stopped", 20),
        (".1", "replan", 30),
        (".2", "registered", 30),
        (".2", "entered", 30),
    ]


def test_a_replan_is_numbered_on_and_names_the_new_plan() -> None:
    """The old plan's state moves its number on and stays stopped."""
    book = SymbolBook(SYMBOL)
    prints = [printed(10, 100.0), printed(15, 99.0), printed(20, 99.0)]
    outcome = book.advance(sliced(prints, ANY_LAST), [idea(10), idea(20, 99.0)])
    (event,) = [event for event in outcome.events if event.kind == "replan"]
    assert (event.plan_id, event.seq, event.price) == (NAME + ".1", 4, None)
    assert event.data["plan_id"] == NAME + ".2"
    rows = {row.plan_id: row for row in outcome.states}
    assert (rows[NAME + ".1"].phase, rows[NAME + ".1"].last_seq) == ("stopped", event.seq)
    assert rows[NAME + ".2"].phase == "open"


def test_an_expiry_at_the_instant_of_a_proposal_comes_first() -> None:
    """The setup is free again, and an expired plan is not replanned."""
    book = SymbolBook(SYMBOL)
    at_ns = OPEN_NS + 20 * SECOND_NS
    book.advance(sliced([printed(10, 100.0)], ANY_LAST), [idea(10, close_ns=at_ns)])
    outcome = book.advance(sliced([printed(25, 100.0)], ANY_LAST), [idea(20)])
    assert told(outcome) == [(".1", "expired", 20), (".2", "registered", 20), (".2", "entered", 25)]


def test_a_clock_mark_lets_a_proposal_act_without_a_print() -> None:
    book = SymbolBook(SYMBOL)
    marked = book.mark(OPEN_NS + 10 * SECOND_NS, [idea(10)])
    after = book.advance(sliced([printed(12, 100.0)], ANY_LAST))
    assert told(marked, after) == [(".1", "registered", 10), (".1", "entered", 12)]


def world(seed: int) -> tuple[list[Print], list[Proposal]]:
    """A walk of prints in cents, many at the same instants, and proposals at whole seconds, some at prints' own."""
    rng, cents, prints, second = Random(seed), 10_000, list[Print](), 0.0
    for _ in range(80):
        cents += rng.choice((0, 1, -1, 2, -2, 9, -9))
        second += rng.choice((0, 0, 0.5, 1, 1, 3))
        prints.append(printed(second, cents / 100))
    prints = [each for each in prints if each.at_ns < END_NS]
    instants = sorted(rng.sample(range(1, 118), 18))
    proposals = []
    for at in instants:
        before = [each.price for each in prints if each.at_ns <= OPEN_NS + at * SECOND_NS] or [100.0]
        style, direction = rng.choice((Style.SCALP, Style.SCALP, Style.SWING)), rng.choice(tuple(Direction))
        close_ns = OPEN_NS + rng.choice((at + 10, at + 20, 120)) * SECOND_NS
        atr = rng.choice((0.1, 0.05))
        proposals.append(idea(at, before[-1], close_ns, style=style, direction=direction, atr=atr))
    return prints, proposals


def second_versions(seed: int) -> list[Register]:
    """Commands that somebody gave beforehand for plans that are found on the way, before they are or later."""
    rng = Random(seed)
    plans = [
        make_plan(direction, plan_id=f"TEST.vwap_reclaim.{direction}.20131008.{ordinal}", version=2)
        for direction in Direction
        for ordinal in (1, 2, 3)
    ]
    return [Register(OPEN_NS + rng.randrange(120) * SECOND_NS, each) for each in rng.sample(plans, rng.randint(0, 6))]


def run(
    seed: int, sizes: list[int], restarts: set[int], *, commanded: bool = False
) -> tuple[list[PlanEvent], list[ScanRow], list[Any]]:
    """Take a book through the world in pieces; proposals come with the first print at or past their instant."""
    prints, proposals = world(seed)
    book, events, scans, place, number = SymbolBook(SYMBOL), list[PlanEvent](), list[ScanRow](), 0, 0
    book.commands(second_versions(seed) if commanded else [])
    waiting = list(proposals)
    while place < len(prints):
        piece = prints[place : place + sizes[number % len(sizes)]]
        due = [each for each in waiting if each.candidate.at_ns <= piece[-1].at_ns]
        waiting = waiting[len(due) :]
        outcome = book.advance(sliced(piece, ANY_LAST), due)
        events += outcome.events
        scans += outcome.scans
        if number in restarts:
            snapshot = book.snapshot()
            assert not_plain(snapshot) == []
            book = SymbolBook.restore(pickle.loads(pickle.dumps(snapshot)))
        place, number = place + len(piece), number + 1
    last = book.mark(END_NS, waiting)
    rows = [book.plan(plan_id) for plan_id in sorted({event.plan_id for event in events})]
    return sorted([*events, *last.events], key=lambda each: (each.plan_id, each.seq)), [*scans, *last.scans], rows


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 100_000),
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=4),
    restarts=st.sets(st.integers(0, 40)),
    commanded=st.booleans(),
)
def test_proposals_come_to_the_same_however_the_tape_is_cut_and_interrupted(
    seed: int, sizes: list[int], restarts: set[int], commanded: bool
) -> None:
    """Events, scan rows and final states, though commands bring further versions; snapshots are plain and resume."""
    whole = run(seed, [1_000], set(), commanded=commanded)
    assert run(seed, sizes, restarts, commanded=commanded) == whole


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_a_setup_never_has_two_living_plans(seed: int) -> None:
    """Lives follow one another; a replan is of a plan that was stopped or invalidated, and names the next."""
    events, _, _ = run(seed, [7], set())
    lives: dict[str, list[list[PlanEvent]]] = {}
    by_plan: dict[str, list[PlanEvent]] = {}
    for event in events:
        by_plan.setdefault(event.plan_id, []).append(event)
    for plan_id, own in sorted(by_plan.items(), key=lambda item: item[1][0].at_ns):
        lives.setdefault(plan_id.rsplit(".", 1)[0], []).append(own)
    for plans in lives.values():
        for earlier, later in pairwise(plans):
            last = [event for event in earlier if event.kind != "replan"][-1]
            assert str(last.kind) in ("stopped", "invalidated", "missed", "completed", "expired")
            assert last.at_ns <= later[0].at_ns
            replans = [event for event in earlier if event.kind == "replan"]
            assert [event.data["plan_id"] for event in replans] == [later[0].plan_id] * len(replans)
            assert not replans or str(last.kind) in ("stopped", "invalidated")
