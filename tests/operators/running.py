"""Running a symbol's book over a scenario, cut and interrupted in any way."""

import pickle
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, cycle
from typing import Any

from operators.book import SymbolBook
from operators.conditions import ANY_LAST, Flag
from operators.data_gaps import DataGap
from operators.eligibility import usable_flags
from operators.events import PlanEvent
from operators.plans import Plan
from operators.records import Register
from operators.rows import StateRow
from operators.state import PlanState
from tests.operators.scenarios import SYMBOL, Print, Scenario, sliced

PLAIN = (str, int, float, bool, type(None))


@dataclass
class Told:
    """What a book gave: events and last written state per plan, refused commands, and where the plans stand."""

    events: dict[str, list[PlanEvent]] = field(default_factory=lambda: defaultdict(list))
    rows: dict[str, StateRow] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    registered: list[tuple[str, int]] = field(default_factory=list)
    plans: dict[str, tuple[Plan, PlanState] | None] = field(default_factory=dict)

    def take(self, outcome: Any) -> None:
        """Add the outcome of one piece of tape."""
        for event in outcome.events:
            self.events[event.plan_id].append(event)
        self.rows |= {row.plan_id: row for row in outcome.states}
        self.refused += [letter.raw for letter in outcome.refused]
        self.registered += [(row.plan_id, row.version) for row in outcome.plans]


def start(scenario: Scenario) -> SymbolBook:
    """A book that knows the commands and the gates."""
    book = SymbolBook(SYMBOL)
    book.set_gates(scenario.gates)
    book.commands(scenario.commands)
    return book


def cut(prints: Sequence[Print], sizes: Sequence[int]) -> Iterator[Sequence[Print]]:
    """Pieces of the given sizes, over and over."""
    place = 0
    for size in cycle(sizes or [len(prints) or 1]):
        if place >= len(prints):
            return
        yield prints[place : place + size]
        place += size


def between_gaps(scenario: Scenario, sizes: Sequence[int]) -> Iterator[Sequence[Print] | DataGap]:
    """Pieces of the given sizes, none of them across the mark of a gap, and the marks at their places."""
    place = 0
    for at, gap in scenario.gaps:
        yield from cut(scenario.prints[place:at], sizes)
        yield gap
        place = at
    yield from cut(scenario.prints[place:], sizes)


def run_book(
    scenario: Scenario,
    sizes: Sequence[int] = (),
    *,
    mark_ns: int | None = None,
    end_ns: int | None = None,
    usable: Flag | None = None,
    restarts: Sequence[int] = (),
) -> Told:
    """Take a book through all prints in pieces; then time reaches `mark_ns`; then the tape ends at `end_ns`.

    `restarts`: after these pieces the book is thrown away and comes back from its snapshot.
    """
    told, book = Told(), start(scenario)
    flags = usable_for(scenario) if usable is None else usable
    for number, piece in enumerate(between_gaps(scenario, sizes)):
        told.take(book.gap(piece) if isinstance(piece, DataGap) else book.advance(sliced(piece, flags)))
        if number in restarts:
            book = restarted(book, scenario)
    if mark_ns is not None:
        told.take(book.mark(mark_ns))
    told.take(book.end(end_ns))
    for plan_id in plan_ids(scenario):
        told.plans[plan_id] = book.plan(plan_id)
    return told


def usable_for(scenario: Scenario) -> Flag:
    """The flags that the scenario's plans could use."""
    return usable_flags(each.plan for each in scenario.commands if isinstance(each, Register)) & ANY_LAST


def plan_ids(scenario: Scenario) -> set[str]:
    """All plans that are spoken of."""
    return {each.plan.plan_id if isinstance(each, Register) else each.plan_id for each in scenario.commands}


def restarted(book: SymbolBook, scenario: Scenario) -> SymbolBook:
    """The book as another process would have it."""
    back = SymbolBook.restore(pickle.loads(pickle.dumps(book.snapshot())))
    back.set_gates(scenario.gates)
    return back


def not_plain(value: object) -> list[object]:
    """Whatever in a snapshot is neither a plain value nor a container of such."""
    if type(value) in PLAIN:
        return []
    if type(value) is dict:
        return list(chain.from_iterable(map(not_plain, chain(value, value.values()))))
    if type(value) in (tuple, list):
        return list(chain.from_iterable(map(not_plain, value)))  # type: ignore[call-overload]
    return [value]
