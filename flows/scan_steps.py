"""The stateful steps of the scan: bars, candidates, questions to the engine.  Each remembers plain values per symbol.

They are keyed by shard, a group of symbols: most of what a step costs is fixed, and is paid once for all symbols that
are worked on together.  No symbol knows of another.  Where state is kept, every symbol is a shard of its own.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import bytewax.operators as op

from flows.items import Commands, History, ShardItems, SymbolItem, Watched
from operators.bars.columns import Interval
from operators.bars.fold import fold
from operators.bars.summing import SummedPrints
from operators.bars.symbol_bars import SymbolBars, extend_together
from operators.data_gaps import DataGap
from operators.eligibility import SymbolSlice
from operators.proposing.proposer import Proposer
from operators.records import Cancel, ClockMark, Command, Register
from operators.risk import DEFAULT_RISK_BUDGET
from operators.scan.features.clock import SessionClock
from operators.scan.over_splits import ScanOverSplits, scan_over_splits
from operators.sessions import SessionCalendar
from operators.targets import profile

FOLDED = (Interval.M5, Interval.M15, Interval.M60)
"""What is folded of minutes that are loaded; days are loaded themselves."""


@dataclass(frozen=True, slots=True)
class ScanRules:
    """What the steps of the scan are told once.  `risk_budget`: dollars lost at a stop, by which plans are sized.

    `from_ns`: bars of the tape that start before are of a session that is known in part, ns UTC.
    """

    calendar: SessionCalendar
    clock: SessionClock
    risk_budget: float = DEFAULT_RISK_BUDGET
    keep_state: bool = False
    from_ns: int = 0


Keyed = tuple[str, SymbolItem]
Kept = tuple[Any, ...]
State = TypeVar("State")


class ShardLogic(op.StatefulLogic[ShardItems, ShardItems, Kept], ABC, Generic[State]):
    """A step over a shard's symbols: what it remembers of each, and what it does with the items of one piece.

    `kept`: what was remembered of the shard's only symbol.
    """

    def __init__(self, rules: ScanRules, kept: Kept | None) -> None:
        self._rules = rules
        self._kept = kept or None
        self._states: dict[str, State] = {}

    def on_item(self, value: ShardItems) -> tuple[Iterable[ShardItems], bool]:
        """Work on."""
        for symbol, _ in value.items:
            if symbol not in self._states:
                self._states[symbol] = self._begun(symbol)
        return [replace(value, items=tuple(self._worked(value.items)))], op.StatefulLogic.RETAIN

    def snapshot(self) -> Kept:
        """Return what is remembered of the shard's only symbol as plain values."""
        if not self._rules.keep_state:
            return ()
        if self._kept is not None:
            return self._kept
        (state,) = self._states.values()
        return self._plain(state)

    def _begun(self, symbol: str) -> State:
        kept, self._kept = self._kept, None
        return self._new(symbol) if kept is None else self._restored(symbol, kept)

    @abstractmethod
    def _worked(self, items: Sequence[Keyed]) -> Iterable[Keyed]:
        """Return what becomes of a piece's items, in their order."""

    @abstractmethod
    def _new(self, symbol: str) -> State:
        """Return what is remembered of a symbol before its first item."""

    @abstractmethod
    def _restored(self, symbol: str, plain: tuple[Any, ...]) -> State:
        """Undo `_plain`."""

    @abstractmethod
    def _plain(self, state: State) -> tuple[Any, ...]:
        """Return a state as plain values."""


class BarLogic(ShardLogic[SymbolBars]):
    """build_bars: prints and clock marks get the bars that ended with them.  What it gives is numbered."""

    def __init__(self, rules: ScanRules, kept: Kept | None) -> None:
        super().__init__(rules, kept)
        self._given = 0

    def on_item(self, value: ShardItems) -> tuple[Iterable[ShardItems], bool]:
        """Work on."""
        numbered = replace(value, number=self._given)
        self._given += 1
        return super().on_item(numbered)

    def _worked(self, items: Sequence[Keyed]) -> Iterable[Keyed]:
        worked, news = list(items), list[tuple[SummedPrints | None, int]]()
        places, records = list[int](), list[SymbolSlice | ClockMark]()
        for place, (symbol, item) in enumerate(items):
            match item:
                case SymbolSlice() | ClockMark():
                    places.append(place)
                    records.append(item)
                    news.append((item.summed, item.end_ns) if isinstance(item, SymbolSlice) else (None, item.at_ns))
                case History():
                    worked[place] = symbol, self._loaded(self._states[symbol], item)
                case _:
                    pass
        pieces = extend_together([self._states[items[place][0]] for place in places], news)
        for place, record, piece in zip(places, records, pieces, strict=True):
            symbol = items[place][0]
            worked[place] = symbol, Watched(record, piece, self._states[symbol].of_whole_sessions(piece.bars))
        return worked

    def _loaded(self, own: SymbolBars, history: History) -> History:
        """Fold what was loaded, all of it known before the first print."""
        own.cross(history.splits)
        own.whole_from_ns = max(own.whole_from_ns, history.whole_from_ns)
        bars, calendar = dict(history.bars), self._rules.calendar
        ends = [int(each.end_ns[-1]) for each in bars.values() if len(each)]
        if Interval.M1 in bars:
            bars |= {interval: fold(bars[Interval.M1], interval, calendar, max(ends)) for interval in FOLDED}
        if Interval.D1 in bars:
            bars[Interval.W1] = own.load_days(bars[Interval.D1], max(ends))
        return replace(history, bars=bars)

    def _new(self, symbol: str) -> SymbolBars:
        return SymbolBars(self._rules.calendar, self._rules.from_ns)

    def _restored(self, symbol: str, plain: tuple[Any, ...]) -> SymbolBars:
        return SymbolBars.from_plain(plain, self._rules.calendar)

    def _plain(self, state: SymbolBars) -> tuple[Any, ...]:
        return state.to_plain()


class ScanLogic(ShardLogic[ScanOverSplits]):
    """scan: detectors run over the bars that ended, those of all symbols in one go."""

    def _worked(self, items: Sequence[Keyed]) -> Iterable[Keyed]:
        ended: list[tuple[int, Watched]] = []
        for place, (symbol, item) in enumerate(items):
            if isinstance(item, Watched) and item.bars:
                ended.append((place, item))
            elif isinstance(item, History):
                self._states[symbol].warm_up(item.bars, item.splits)
        scans = [self._states[items[place][0]] for place, _ in ended]
        found = scan_over_splits(scans, [item.bars for _, item in ended])
        worked = list(items)
        for (place, item), candidates in zip(ended, found, strict=True):
            if candidates:
                worked[place] = items[place][0], replace(item, candidates=tuple(candidates))
        return worked

    def _new(self, symbol: str) -> ScanOverSplits:
        return ScanOverSplits(symbol, self._rules.clock)

    def _restored(self, symbol: str, plain: tuple[Any, ...]) -> ScanOverSplits:
        return ScanOverSplits.from_plain(self._rules.clock, plain)

    def _plain(self, state: ScanOverSplits) -> tuple[Any, ...]:
        return state.to_plain()


class EvaluateLogic(ShardLogic[Proposer]):
    """evaluate_targets: candidates become questions to the engine; plans that were given have their ladder measured."""

    def _worked(self, items: Sequence[Keyed]) -> Iterable[Keyed]:
        return [(symbol, self._evaluated(self._states[symbol], item)) for symbol, item in items]

    def _evaluated(self, proposer: Proposer, item: SymbolItem) -> SymbolItem:
        match item:
            case Watched():
                proposals = proposer.take(item.bars, item.candidates)
                return replace(item, proposals=proposals) if proposals else item
            case History():
                proposer.warm_up(item.bars, item.splits)
                if item.chain is not None:
                    proposer.take_chain(item.chain)
                return item
            case Commands():
                return measured(item)
            case DataGap():
                proposer.tell(item)
                return item
            case _:
                return item

    def _new(self, symbol: str) -> Proposer:
        return Proposer(self._rules.calendar, self._rules.risk_budget)

    def _restored(self, symbol: str, plain: tuple[Any, ...]) -> Proposer:
        proposer = self._new(symbol)
        proposer.restore(plain)
        return proposer

    def _plain(self, state: Proposer) -> tuple[Any, ...]:
        return state.to_plain()


def measured(item: Commands) -> Commands:
    """Measure the ladders of the plans that are registered."""
    return Commands(item.symbol, tuple(map(_measured, item.commands)))


def _measured(command: Command) -> Command:
    return command if isinstance(command, Cancel) else Register(command.at_ns, command.plan, profile(command.plan))
