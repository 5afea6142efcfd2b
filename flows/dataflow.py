"""The dataflow, top to bottom as in the picture.  Frames travel through it, keyed by symbol once they are cut.

Every step wraps a pure function of `operators`; what a step remembers is one plain value per symbol.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, replace
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.inputs import Source
from bytewax.outputs import Sink

from operators.book import SymbolBook
from operators.conditions import ANY_LAST, Flag
from operators.eligibility import SymbolSlice
from operators.frames import TickFrame, by_symbol, tag
from operators.gating import GateSettings, GateTimeline, gate_timeline
from operators.market_events import EVERY_SYMBOL, MarketEvent, Severity
from operators.records import Cancel, ClockMark, Command, TapeEnd
from operators.rows import Batch, DeadLetter
from operators.sessions import SessionCalendar
from operators.slots import Outcome
from operators.targets import profile


@dataclass(frozen=True, slots=True)
class Commands:
    """Plan commands of one symbol, in any order: each has its own time."""

    symbol: str
    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class MarketCalendar:
    """Market events that the tape knows of, each with the time since when."""

    events: tuple[MarketEvent, ...]


@dataclass(frozen=True, slots=True)
class SymbolEvents:
    """The market events that concern one symbol, whether by name or as all others."""

    symbol: str
    events: tuple[MarketEvent, ...]


@dataclass(frozen=True, slots=True)
class SymbolGates:
    """One symbol's gate windows."""

    symbol: str
    timeline: GateTimeline


@dataclass(frozen=True, slots=True)
class ToAll:
    """A record that must reach every one of `symbols`."""

    symbols: tuple[str, ...]
    record: MarketCalendar | ClockMark | TapeEnd


@dataclass(frozen=True, slots=True)
class Unusable:
    """Input that could not be used, on its way to the dead letters."""

    letters: tuple[DeadLetter, ...]


TapeItem = TickFrame | Commands | ToAll | Unusable
SymbolItem = SymbolSlice | Commands | SymbolEvents | SymbolGates | ClockMark | TapeEnd


@dataclass(frozen=True, slots=True)
class Rules:
    """What the steps are told once: sessions, gate margins, and which flags any plan of the run could use.

    `keep_state`: whether snapshots are wanted; the engine asks for them at every epoch even if nobody stores them.
    """

    calendar: SessionCalendar
    gates: GateSettings
    usable: Flag = ANY_LAST
    keep_state: bool = False


def build(tape: Source[TapeItem], rules: Rules, sink: Sink[Any]) -> Dataflow:
    """Wire the picture: tape, tag_sessions, evaluate_targets, gate_events, detect_hits, sinks."""
    flow = Dataflow("plans")
    arrived = op.branch("usable", op.input("tape", flow, tape), lambda item: not isinstance(item, Unusable))
    tagged = op.map("tag_sessions", arrived.trues, lambda item: tag_sessions(item, rules.calendar))
    keyed = op.flat_map("by_symbol", tagged, lambda item: spread(item, rules.usable))
    evaluated = op.map_value("evaluate_targets", keyed, evaluate_targets)
    gated = op.stateful("gate_events", evaluated, lambda kept: GateLogic(rules, kept))
    hits = op.stateful("detect_hits", gated, lambda kept: HitLogic(rules, kept))
    unusable = op.flat_map("dead_letters", arrived.falses, dead_letters)
    op.output("sinks", op.merge("rows", hits, unusable), sink)
    return flow


def dead_letters(item: TapeItem) -> Iterable[tuple[str, Batch]]:
    """Turn unusable input into rows."""
    return [("", Batch(dead_letters=item.letters))] if isinstance(item, Unusable) else []


def tag_sessions(item: TapeItem, calendar: SessionCalendar) -> TapeItem:
    """Give the prints of a frame their session phase."""
    return tag(item, calendar) if isinstance(item, TickFrame) else item


def spread(item: TapeItem, usable: Flag) -> Iterable[tuple[str, SymbolItem]]:
    """Key a tape item by symbol: frames are cut, commands have their symbol, the rest reaches every symbol."""
    match item:
        case TickFrame():
            return by_symbol(item, usable)
        case Commands():
            return [(item.symbol, item)]
        case ToAll():
            return [(symbol, _addressed(symbol, item.record)) for symbol in item.symbols]
        case Unusable():
            return []


def _addressed(symbol: str, record: MarketCalendar | ClockMark | TapeEnd) -> SymbolItem:
    if isinstance(record, MarketCalendar):
        return SymbolEvents(symbol, tuple(event for event in record.events if event.symbol in (symbol, EVERY_SYMBOL)))
    return record


def evaluate_targets(item: SymbolItem) -> SymbolItem:
    """Measure the ladders of plans that are given; how they stand later is `targets.standing` at each row written."""
    if isinstance(item, Commands):
        return Commands(item.symbol, tuple(map(_measured, item.commands)))
    return item


def _measured(command: Command) -> Command:
    return command if isinstance(command, Cancel) else replace(command, profile=profile(command.plan))


class GateLogic(op.StatefulLogic[SymbolItem, SymbolItem, tuple[Any, ...]]):
    """Remembers the market events that reached a symbol, and turns them into its gate windows."""

    def __init__(self, rules: Rules, kept: tuple[Any, ...] | None) -> None:
        self._settings, self._keep_state = rules.gates, rules.keep_state
        self._events = () if kept is None else tuple(_event_from_row(row) for row in kept)

    def on_item(self, value: SymbolItem) -> tuple[Iterable[SymbolItem], bool]:
        """Pass everything on; events become the timeline of all events so far."""
        if isinstance(value, SymbolEvents):
            self._events += value.events
            timeline = gate_timeline(value.symbol, self._events, self._settings)
            return [SymbolGates(value.symbol, timeline)], op.StatefulLogic.RETAIN
        return [value], op.StatefulLogic.RETAIN

    def snapshot(self) -> tuple[Any, ...]:
        """Return the events as plain rows."""
        if not self._keep_state:
            return ()
        return tuple(tuple(map(_plain, astuple(event))) for event in self._events)


class HitLogic(op.StatefulLogic[SymbolItem, Batch, tuple[Any, ...]]):
    """Keeps a symbol's book and takes it through what arrives."""

    def __init__(self, rules: Rules, kept: tuple[Any, ...] | None) -> None:
        self._keep_state = rules.keep_state
        self._book = SymbolBook.restore(kept) if kept else None

    def on_item(self, value: SymbolItem) -> tuple[Iterable[Batch], bool]:
        """Advance the book; give what is to be written, if anything happened."""
        if isinstance(value, Commands | SymbolGates) and self._book is None:
            self._book = SymbolBook(value.symbol)
        if self._book is None:
            return [], op.StatefulLogic.DISCARD
        outcome = _advance(self._book, value)
        return _batches(self._book, outcome, force=isinstance(value, TapeEnd)), op.StatefulLogic.RETAIN

    def snapshot(self) -> tuple[Any, ...]:
        """Return the book as plain values."""
        return self._book.snapshot() if self._book and self._keep_state else ()


def _advance(book: SymbolBook, item: SymbolItem) -> Outcome:
    match item:
        case SymbolSlice():
            return book.advance(item)
        case ClockMark():
            return book.mark(item.at_ns)
        case TapeEnd():
            return book.end(item.at_ns)
        case Commands():
            book.commands(item.commands)
        case SymbolGates():
            book.set_gates(item.timeline)
        case SymbolEvents():
            msg = f"market events of {item.symbol} passed gate_events without becoming gates"
            raise TypeError(msg)
    return Outcome()


def _batches(book: SymbolBook, outcome: Outcome, *, force: bool) -> list[Batch]:
    if not (force or outcome.events or outcome.refused):
        return []
    return [
        Batch(
            plans=tuple(outcome.plans),
            events=tuple(outcome.events),
            states=tuple(outcome.states),
            dead_letters=tuple(outcome.refused),
            progress=(book.progress(),),
        )
    ]


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Severity) else value


def _event_from_row(row: tuple[Any, ...]) -> MarketEvent:
    event = MarketEvent(*row)
    return replace(event, severity=Severity(event.severity))
