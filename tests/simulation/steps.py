"""The dataflow's steps without its engine: where an item goes first, what a step remembers, and where its word goes.

As `flows.dataflow.build` wires them.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from bytewax.operators import StatefulLogic

from flows.dataflow import Rules, by_shard, evaluate_all, evaluate_targets, gate_events, place, spread, symbol_key
from flows.dues import Dues
from flows.hits import HitLogic
from flows.in_order import InOrder, concerns_scan
from flows.items import TapeItem
from flows.recovery.running import HITS_STEP
from flows.recovery.standing import PLACES_STEP, PlacesLogic
from flows.scan_steps import BarLogic, EvaluateLogic, ScanLogic, ScanRules
from flows.shards import shard_key
from operators.nyse import nyse_calendar
from operators.scan.features.clock import SessionClock
from tests.simulation.world import GATES

BARS, SCAN, EVALUATE, GIVEN, IN_ORDER = "build_bars", "scan", "evaluate_targets", "evaluate_given", "in_order"
SINKS: Final = "sinks"
KEPT: Final = (PLACES_STEP, BARS, SCAN, EVALUATE, IN_ORDER, HITS_STEP)
"""The steps that remember something."""

Logic = StatefulLogic[Any, Any, Any]
Sent = tuple[str, str, Any]
"""A step, the key of it that must hear, and an item."""


def rules_of(dues: Dues | None, *, scan: bool, keeps: bool, workers: int) -> Rules:
    """What the steps of one worker are told once."""
    calendar = nyse_calendar()
    scanned = ScanRules(calendar, SessionClock.of(calendar), keep_state=keeps) if scan else None
    return Rules(calendar, GATES, keep_state=keeps, scan=scanned, workers=workers, dues=dues)


class Steps:
    """The steps of one worker; items of one key stay in order between two of them, and nothing else does."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._key: Callable[[str], str] = symbol_key if rules.keep_state else partial(shard_key, workers=rules.workers)

    def enter(self, tagged: TapeItem) -> list[Sent]:
        """Say where a tagged item goes."""
        if told := place(tagged):
            return [(PLACES_STEP, key, each) for key, each in told]
        keyed = spread(tagged, self.rules.usable, self.rules.dues)
        if self.rules.scan is None:
            return [self._to_hits(symbol, evaluate_targets(item)) for symbol, item in keyed]
        return [(BARS, key, each) for key, each in by_shard(keyed, self._key)]

    def logic(self, step: str, state: Any) -> Logic | None:
        """Return what a step is for one key, going on from a state, None: it begins.  None for one without any."""
        scan = self.rules.scan
        scanning: dict[str, Callable[[ScanRules, Any], Logic]]
        scanning = {BARS: BarLogic, SCAN: ScanLogic, EVALUATE: EvaluateLogic}
        if scan is not None and step in scanning:
            return scanning[step](scan, state)
        match step:
            case "evaluate_given":
                return None
            case "in_order":
                return InOrder()
            case "places":
                return PlacesLogic(state)
            case _:
                return HitLogic(state, keep_state=self.rules.keep_state, dues=self.rules.dues)

    def follow(self, step: str, key: str, told: Iterable[Any]) -> list[Sent]:
        """Say where goes what a step said."""
        if step == BARS:
            return [(SCAN if concerns_scan((key, each)) else GIVEN, key, each) for each in told]
        if step == GIVEN:
            return [(IN_ORDER, key, evaluate_all(each)) for each in told]
        if step == IN_ORDER:
            return [self._to_hits(symbol, item) for each in told for symbol, item in each.items]
        after = {SCAN: EVALUATE, EVALUATE: IN_ORDER}
        return [(after.get(step, SINKS), key, each) for each in told]

    def _to_hits(self, symbol: str, item: Any) -> Sent:
        return HITS_STEP, symbol, gate_events(item, self.rules.gates)
