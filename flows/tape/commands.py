"""Commands as they stand on the tape, into what the dataflow obeys.  A command acts at its record's time.

Commands may be on the tape more than once (their writer died between two of its steps): the first counts.
"""

from collections.abc import Mapping
from typing import Any

from flows.items import Commands, Watch
from flows.tape.segments.payloads import PlanCommand, read_command
from operators.nyse import nyse_calendar
from operators.plan_reading import PlanDefaults, read_plan
from operators.plans import PlanError
from operators.records import Cancel, Register
from operators.tickers import is_ticker

Refusal = tuple[str, str]
"""The field that a command fails by, and why."""


class CommandReader:
    """Reads the commands of one tape in its order.  `symbols`: of plans that are known from elsewhere, by plan_id."""

    def __init__(self, symbols: Mapping[str, str], *, odd_lots: bool = False, extended_hours: bool = False) -> None:
        self._symbols = dict(symbols)
        self._odd_lots, self._extended_hours = odd_lots, extended_hours
        self._seen: dict[str, None] = {}  # in the order of the tape: sorting all days' would take longer each day
        self._added: dict[str, int] = {}

    @property
    def plan_symbols(self) -> Mapping[str, str]:
        """The symbols of all plans that commands were of so far, by plan_id."""
        return self._symbols

    def to_plain(self) -> tuple[Any, ...]:
        """Write what was commanded so far as plain values."""
        return tuple(self._symbols.items()), tuple(self._seen), tuple(self._added.items())

    def restore(self, plain: tuple[Any, ...]) -> None:
        """Undo `to_plain`."""
        symbols, seen, *added = plain  # the first layout knows of none that were added
        self._symbols, self._seen = dict(symbols), dict.fromkeys(seen)
        self._added = dict(*added)

    def read(self, payload: bytes, at_ns: int) -> Commands | Watch | Refusal | None:
        """Return what a record commands, why it commands nothing, or None when it is there for the second time."""
        try:
            given = read_command(payload)
        except ValueError as error:
            return "command", f"is none ({error})"
        if given.id in self._seen:
            return None
        self._seen[given.id] = None
        match given.kind:
            case "register":
                return self._register(given, at_ns)
            case "cancel":
                return self._cancel(given, at_ns)
            case "watch":
                return self._watch(given.symbol or "", at_ns)

    def _register(self, given: PlanCommand, at_ns: int) -> Commands | Refusal:
        defaults = PlanDefaults(at_ns, nyse_calendar().close_after, self._odd_lots, self._extended_hours)
        try:
            plan = read_plan(given.plan, defaults)
        except PlanError as error:
            return error.field, error.message
        traded = self._symbols.setdefault(plan.plan_id, plan.symbol)
        if traded != plan.symbol:
            return "symbol", f"got {plan.symbol}; earlier versions trade {traded}"
        return Commands(plan.symbol, (Register(at_ns, plan),))

    def _cancel(self, given: PlanCommand, at_ns: int) -> Commands | Refusal:
        if not given.plan_id:
            return "plan_id", "is missing"
        symbol = self._symbols.get(given.plan_id, given.symbol)
        if symbol is None:
            return "plan_id", f"no plan {given.plan_id} was registered before"
        self._symbols[given.plan_id] = symbol  # which is watched from here on, also by a run that goes on from here
        return Commands(symbol, (Cancel(at_ns, given.plan_id),))

    def _watch(self, symbol: str, at_ns: int) -> Watch | Refusal | None:
        """A symbol that plans brought before has been read since then."""
        if not is_ticker(symbol):
            return "symbol", f"got {symbol!r}; must be one ticker"
        if symbol in self._added:
            return None
        self._added[symbol] = 0 if symbol in self._symbols.values() else at_ns
        return Watch(symbol, at_ns, self._added[symbol])
