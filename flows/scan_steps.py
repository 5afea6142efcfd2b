"""The stateful steps of the scan: bars, candidates, questions to the engine.  Each remembers one plain value."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import bytewax.operators as op

from flows.items import Commands, History, SymbolEvents, SymbolItem, Watched
from operators.bars.columns import Interval
from operators.bars.fold import fold
from operators.bars.symbol_bars import SymbolBars
from operators.eligibility import SymbolSlice
from operators.proposing.proposer import Proposer
from operators.records import Cancel, ClockMark, Command, Register
from operators.risk import DEFAULT_RISK_BUDGET
from operators.scan.features.clock import SessionClock
from operators.scan.over_splits import ScanOverSplits
from operators.sessions import SessionCalendar
from operators.targets import profile

FOLDED = (Interval.M5, Interval.M15, Interval.M60)
"""What is folded of minutes that are loaded; days are loaded themselves."""


@dataclass(frozen=True, slots=True)
class ScanRules:
    """What the steps of the scan are told once.  `risk_budget`: dollars lost at a stop, by which plans are sized."""

    calendar: SessionCalendar
    clock: SessionClock
    risk_budget: float = DEFAULT_RISK_BUDGET
    keep_state: bool = False


Emitted = tuple[Iterable[SymbolItem], bool]


class BarLogic(op.StatefulLogic[SymbolItem, SymbolItem, tuple[Any, ...]]):
    """build_bars: prints and clock marks get the bars that ended with them."""

    def __init__(self, rules: ScanRules, kept: tuple[Any, ...] | None) -> None:
        self._rules = rules
        self._bars = SymbolBars.from_plain(kept, rules.calendar) if kept else SymbolBars(rules.calendar)

    def on_item(self, value: SymbolItem) -> Emitted:
        """Build on."""
        match value:
            case SymbolSlice():
                value = Watched(value, self._bars.extend(value.summed, value.end_ns))
            case ClockMark():
                value = Watched(value, self._bars.extend(None, value.at_ns))
            case History():
                value = self._loaded(value)
            case _:
                pass
        return [value], op.StatefulLogic.RETAIN

    def _loaded(self, history: History) -> History:
        """Fold what was loaded, all of it known before the first print."""
        self._bars.cross(history.splits)
        bars, calendar = dict(history.bars), self._rules.calendar
        ends = [int(each.end_ns[-1]) for each in bars.values() if len(each)]
        if Interval.M1 in bars:
            bars |= {interval: fold(bars[Interval.M1], interval, calendar, max(ends)) for interval in FOLDED}
        if Interval.D1 in bars:
            bars[Interval.W1] = self._bars.load_days(bars[Interval.D1], max(ends))
        return replace(history, bars=bars)

    def snapshot(self) -> tuple[Any, ...]:
        """Return the bars in the making as plain values."""
        return self._bars.to_plain() if self._rules.keep_state else ()


class ScanLogic(op.StatefulLogic[SymbolItem, SymbolItem, tuple[Any, ...]]):
    """scan: detectors run over the bars that ended."""

    def __init__(self, rules: ScanRules, kept: tuple[Any, ...] | None) -> None:
        self._rules = rules
        self._scan = ScanOverSplits.from_plain(rules.clock, kept) if kept else ScanOverSplits("", rules.clock)

    def on_item(self, value: SymbolItem) -> Emitted:
        """Scan on."""
        match value:
            case Watched() if value.piece.bars:
                value = replace(value, candidates=tuple(self._scan.extend(value.piece.bars)))
            case SymbolEvents():  # with them every symbol's tape opens
                self._scan.name(value.symbol)
            case History():
                self._scan.warm_up(value.bars, value.splits)
            case _:
                pass
        return [value], op.StatefulLogic.RETAIN

    def snapshot(self) -> tuple[Any, ...]:
        """Return features and detectors as plain values."""
        return self._scan.to_plain() if self._rules.keep_state else ()


class EvaluateLogic(op.StatefulLogic[SymbolItem, SymbolItem, tuple[Any, ...]]):
    """evaluate_targets: candidates become questions to the engine; plans that were given have their ladder measured."""

    def __init__(self, rules: ScanRules, kept: tuple[Any, ...] | None) -> None:
        self._rules = rules
        self._proposer = Proposer(rules.calendar, rules.risk_budget)
        if kept:
            self._proposer.restore(kept)

    def on_item(self, value: SymbolItem) -> Emitted:
        """Evaluate what was found."""
        match value:
            case Watched():
                proposals = self._proposer.take(value.piece.bars, value.candidates)
                if proposals:
                    value = replace(value, proposals=proposals)
            case History():
                self._proposer.warm_up(value.bars, value.splits)
                if value.chain is not None:
                    self._proposer.take_chain(value.chain)
            case Commands():
                value = measured(value)
            case _:
                pass
        return [value], op.StatefulLogic.RETAIN

    def snapshot(self) -> tuple[Any, ...]:
        """Return what questions look back on as plain values."""
        return self._proposer.to_plain() if self._rules.keep_state else ()


def measured(item: Commands) -> Commands:
    """Measure the ladders of the plans that are registered."""
    return Commands(item.symbol, tuple(map(_measured, item.commands)))


def _measured(command: Command) -> Command:
    return command if isinstance(command, Cancel) else Register(command.at_ns, command.plan, profile(command.plan))
