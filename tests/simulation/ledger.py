"""The database as a model in memory: what `sinks` promises, in dicts, with commits that fail or lose their answer.

One write is one transaction: all of it or nothing.  Kept against the real one by `test_ledger`.
"""

from collections.abc import Callable, Iterator
from copy import copy, deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from operators.bars.columns import Bar, Bars
from operators.events import PlanEvent
from operators.rows import Batch, DeadLetter, PlanRow, ProgressRow, StateRow
from sinks.canonical import canonical
from sinks.encoding import data_gap_rows, market_event_rows, plan_rows
from sinks.option_quotes import option_quote_rows
from sinks.scan_encoding import scan_rows
from tests.simulation.world import Wish


class PassingError(Exception):
    """The database could not take the batch now, or its answer to COMMIT was lost: try again."""


class FencedOffError(Exception):
    """Another run has taken the stream."""


@dataclass
class Command:
    """A row of the table of commands."""

    id: int
    wish: Wish
    applied: bool = False


TABLES = ("events", "states", "plans", "letters", "progress", "last_seq", "bars", "once")


@dataclass
class Ledger:
    """Tables by primary key.  `fate`: asked at each commit what becomes of it: "done", "refused" or "unanswered".

    `generation`: how often an older copy was put back.  `once`: rows of the tables where none is ever replaced: bars as
    they were before, scan results, market events, gaps; by table and key.
    """

    fate: Callable[[], str] = lambda: "done"
    token: int = 0
    events: dict[tuple[str, int], tuple[Any, ...]] = field(default_factory=dict)
    states: dict[str, StateRow] = field(default_factory=dict)
    plans: dict[tuple[str, int], tuple[Any, ...]] = field(default_factory=dict)
    letters: dict[tuple[str, int], DeadLetter] = field(default_factory=dict)
    progress: dict[str, ProgressRow] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)
    divergences: int = 0
    commits: int = 0
    last_seq: dict[str, int] = field(default_factory=dict)
    generation: int = 0
    bars: dict[tuple[str, str, int], Bar] = field(default_factory=dict)
    once: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    def take(self) -> int:
        """Take the stream; older tokens write no more."""
        self.token += 1
        return self.token

    def ask(self, wish: Wish) -> None:
        """Put a command into its table."""
        self.commands.append(Command(len(self.commands) + 1, wish))

    def copied(self) -> "Ledger":
        """Return a copy as a backup is one."""
        return replace(self, **{name: copy(getattr(self, name)) for name in TABLES}, commands=deepcopy(self.commands))

    def put_back(self, backup: "Ledger") -> None:
        """Be what the database was when a copy was made; nobody may write meanwhile."""
        for name in (*TABLES, "commands", "token"):
            setattr(self, name, getattr(backup.copied(), name))
        self.generation += 1

    def write(self, batch: Batch, token: int) -> None:
        """Write a batch.  Raises PassingError or FencedOffError."""
        if token != self.token:
            raise FencedOffError
        fate = self.fate()
        if fate == "refused":
            raise PassingError
        self._commit(batch)
        if fate == "unanswered":
            raise PassingError

    def _commit(self, batch: Batch) -> None:
        self.commits += 1
        for plan in batch.plans:
            self._once(self.plans, (plan.plan_id, plan.version), plan_told(plan))
        for event in batch.events:
            self._once(self.events, (event.plan_id, event.seq), event_told(event))
        for letter in batch.dead_letters:
            self.letters.setdefault((letter.source, letter.row), letter)
        for state in batch.states:
            kept = self.states.get(state.plan_id)
            if kept is None or (state.last_seq, state.updated_ns) >= (kept.last_seq, kept.updated_ns):
                self.states[state.plan_id] = state
        for row in batch.progress:
            known = self.progress.get(row.symbol)
            if known is None or row.tape_ns >= known.tape_ns:
                self.progress[row.symbol] = row
        for each in batch.bars:
            for bar in rows_of(each.bars):
                kept_bar = self.bars.setdefault((each.symbol, str(each.interval), bar.start_ns), bar)
                if bar.revision >= kept_bar.revision:
                    self.bars[each.symbol, str(each.interval), bar.start_ns] = bar
        for place, told in written_once(batch):
            self._once(self.once, place, told)
        self._check({state.plan_id for state in batch.states} | {event.plan_id for event in batch.events})

    def _once(self, table: dict[Any, tuple[Any, ...]], key: Any, row: tuple[Any, ...]) -> None:
        kept = table.setdefault(key, row)
        self.divergences += kept != row
        if kept is row and table is self.events:
            plan_id, seq = key
            if seq != self.last_seq.get(plan_id, 0) + 1:
                msg = f"plan {plan_id}: seq {seq} came after {self.last_seq.get(plan_id, 0)}"
                raise AssertionError(msg)
            self.last_seq[plan_id] = seq

    def _check(self, plan_ids: set[str]) -> None:
        """Every commit leaves events and states that belong together."""
        for plan_id in plan_ids:
            if self.states[plan_id].last_seq != self.last_seq[plan_id]:
                msg = f"plan {plan_id}: state of {self.states[plan_id].last_seq}, events to {self.last_seq[plan_id]}"
                raise AssertionError(msg)

    def answer(self) -> dict[str, Any]:
        """Everything that must not depend on how it came about."""
        tables = {"events": self.events, "states": self.states, "plans": self.plans, "progress": self.progress}
        tables |= {"bars": self.bars, "once": self.once}
        return tables | {"letters": {place: letter_told(letter) for place, letter in self.letters.items()}}


def written_once(batch: Batch) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """Rows that stay as they are, by table and key."""
    for scan in batch.scan_results:
        row = scan_rows([scan])[0]
        yield ("scan_results", *row[:4]), row[4:]
    for each in batch.superseded:
        for bar, until_ns in zip(rows_of(each.bars), each.until_ns.tolist(), strict=True):
            yield ("bar_revisions", each.symbol, each.interval, bar.start_ns, bar.revision), (bar, until_ns)
    for quote in option_quote_rows(batch.option_quotes):
        yield ("option_quotes", *quote), ()
    for event in market_event_rows(batch.market_events):
        yield ("market_events", event[0], event[7]), event
    for gap in data_gap_rows(batch.data_gaps):
        yield ("data_gaps", *gap[:4]), gap[4:]


def rows_of(bars: Bars) -> list[Bar]:
    """Bars, one by one."""
    return [bars.row(place) for place in range(len(bars))]


def event_told(event: PlanEvent) -> tuple[Any, ...]:
    """An event as its row holds it."""
    return (event.version, event.symbol, event.kind.value, event.at_ns, event.price, canonical(event.data))


def letter_told(letter: DeadLetter) -> tuple[Any, ...]:
    """A dead letter as its row holds it, but not by which rule a print was left out: a death forgets some repeats.

    See `operators.wire.succession`.
    """
    by_rule = letter.reason.endswith(" has this print on the tape already") or " goes back in time, " in letter.reason
    return (letter.raw, *(() if by_rule else (letter.field, letter.reason)))


def plan_told(plan: PlanRow) -> tuple[Any, ...]:
    """A plan as its row holds it."""
    return plan_rows([plan])[0][2:]
