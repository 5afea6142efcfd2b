"""The dataflow, top to bottom as in the picture.  Frames travel through it, keyed by symbol once they are cut.

Every step wraps a pure function of `operators`; what a step remembers is one plain value per symbol.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow, Stream
from bytewax.inputs import Source
from bytewax.operators import KeyedStream
from bytewax.outputs import Sink

from flows.dues import Dues
from flows.hits import HitLogic
from flows.in_order import InOrder, concerns_scan
from flows.items import (
    Announced,
    Commands,
    CutFrame,
    History,
    MarketCalendar,
    ShardItems,
    SymbolEvents,
    SymbolGates,
    SymbolItem,
    TapeItem,
    ToAll,
    Unusable,
)
from flows.recovery.standing import PLACES_STEP, PlacesLogic, Standing
from flows.scan_steps import BarLogic, EvaluateLogic, ScanLogic, ScanRules, measured
from flows.shards import shard_key
from operators.conditions import ANY_LAST, Flag
from operators.data_gaps import DataGap
from operators.frames import TickFrame, by_symbol, tag
from operators.gating import GateSettings, gate_timeline
from operators.market_events import EVERY_SYMBOL, standing
from operators.records import ClockMark, TapeEnd
from operators.rows import Batch
from operators.sessions import SessionCalendar


@dataclass(frozen=True, slots=True)
class Rules:
    """What the steps are told once: sessions, gate margins, and which flags any plan of the run could use.

    `keep_state`: whether snapshots are wanted; the engine asks for them at every epoch even if nobody stores them.
    `scan` None: plans are only those that are given, and no bars are built.  `workers`: how many there are.
    `dues` None: every clock mark goes to every symbol.
    """

    calendar: SessionCalendar
    gates: GateSettings
    usable: Flag = ANY_LAST
    keep_state: bool = False
    scan: ScanRules | None = None
    workers: int = 1
    dues: Dues | None = None


def build(tape: Source[TapeItem], rules: Rules, sink: Sink[Any]) -> Dataflow:
    """Wire the picture: tape, tag_sessions, build_bars, scan, evaluate_targets, gate_events, detect_hits, sinks."""
    flow = Dataflow("plans")
    items = op.input("tape", flow, tape)
    arrived = op.branch("usable", items, lambda item: not isinstance(item, Unusable | Announced))
    tagged = op.map("tag_sessions", arrived.trues, lambda item: tag_sessions(item, rules.calendar))
    evaluated = _evaluated(tagged, rules)
    gated = op.map_value("gate_events", evaluated, partial(gate_events, settings=rules.gates))
    hits = op.stateful("detect_hits", gated, partial(HitLogic, keep_state=rules.keep_state, dues=rules.dues))
    noted = op.flat_map("dead_letters", arrived.falses, noted_at_once)
    op.output("sinks", op.merge("rows", hits, noted), sink)
    return flow


def _evaluated(tagged: Stream[TapeItem], rules: Rules) -> KeyedStream[SymbolItem]:
    """With a scan, bars, candidates and questions to the engine; without, only the ladders that are given."""
    scan = rules.scan
    if scan is None:
        keyed = op.flat_map("by_symbol", tagged, lambda item: place(item) or spread(item, rules.usable, rules.dues))
        return op.map_value("evaluate_targets", _without_places(keyed) if rules.keep_state else keyed, evaluate_targets)
    key = symbol_key if rules.keep_state else partial(shard_key, workers=rules.workers)
    cut = op.flat_map(
        "by_shard", tagged, lambda item: place(item) or by_shard(spread(item, rules.usable, rules.dues), key)
    )
    sharded = _without_places(cut) if rules.keep_state else cut
    barred = op.stateful("build_bars", sharded, lambda kept: BarLogic(scan, kept))
    ways = op.branch("concerns_scan", barred, concerns_scan)
    scanned = op.stateful("scan", ways.trues, lambda kept: ScanLogic(scan, kept))
    asked = op.stateful("evaluate_targets", scanned, lambda kept: EvaluateLogic(scan, kept))
    past = op.map_value("evaluate_given", ways.falses, evaluate_all)
    evaluated = op.stateful("in_order", op.merge("past_scan", asked, past), lambda _: InOrder())
    return op.flat_map("by_symbol", evaluated, lambda keyed: keyed[1].items)


def place(item: TapeItem) -> list[tuple[str, Standing]]:
    """Key what a worker tells of its place; nothing for all else."""
    return [(item.key, item)] if isinstance(item, Standing) else []


def _without_places(keyed: KeyedStream[Any]) -> KeyedStream[Any]:
    """Keep the places that are told, and pass on all else.

    Behind the cutting, which quiet prints do not leave: when the engine asks for the places, all have been held.
    """
    told = op.branch("told", keyed, lambda each: not isinstance(each[1], Standing))
    op.stateful(PLACES_STEP, told.falses, PlacesLogic)
    return told.trues


def noted_at_once(item: TapeItem) -> Iterable[tuple[str, Batch]]:
    """Turn what takes no further step into rows: unusable input, and what the tape tells of market events and gaps."""
    match item:
        case Unusable():
            return [("", Batch(dead_letters=item.letters))]
        case Announced():
            return [("", Batch(market_events=item.events, data_gaps=item.gaps))]
        case _:
            return []


def tag_sessions(item: TapeItem, calendar: SessionCalendar) -> TapeItem:
    """Give the prints of a frame their session phase."""
    return tag(item, calendar) if isinstance(item, TickFrame) else item


def spread(item: TapeItem, usable: Flag, dues: Dues | None = None) -> Iterable[tuple[str, SymbolItem]]:
    """Key a tape item by symbol: frames are cut, commands have their symbol, the rest reaches every symbol."""
    keyed = _keyed(item, usable)
    if dues is None:
        return keyed
    return [(symbol, each) for symbol, item in keyed for each in dues.sent(symbol, item)]


def _keyed(item: TapeItem, usable: Flag) -> Iterable[tuple[str, SymbolItem]]:
    match item:
        case TickFrame():
            return by_symbol(item, usable)
        case CutFrame():
            return item.slices
        case Commands() | History():
            return [(item.symbol, item)]
        case ToAll():
            return [(symbol, _addressed(symbol, item.record)) for symbol in item.symbols]
        case Unusable() | Announced() | Standing():
            return []


def symbol_key(symbol: str) -> str:
    """Give every symbol a shard of its own: state that is kept is a symbol's, whatever groups later versions make."""
    return symbol


def by_shard(items: Iterable[tuple[str, SymbolItem]], key_of: Callable[[str], str]) -> Iterable[tuple[str, ShardItems]]:
    """Put together the items of symbols that are scanned together."""
    found: dict[str, list[tuple[str, SymbolItem]]] = {}
    for item in items:
        found.setdefault(key_of(item[0]), []).append(item)
    return [(key, ShardItems(tuple(each))) for key, each in found.items()]


def cut_ahead(frame: TickFrame, rules: Rules) -> CutFrame:
    """Tag and cut a frame before the dataflow asks for it: the same two steps, for a thread beside it."""
    slices = by_symbol(tag(frame, rules.calendar), rules.usable)
    return CutFrame(tuple(slices), int(frame.sip_ns.max(initial=0)))


def _addressed(symbol: str, record: MarketCalendar | ClockMark | TapeEnd | DataGap) -> SymbolItem:
    if not isinstance(record, MarketCalendar):
        return record
    return SymbolEvents(
        symbol, tuple(each for each in standing(record.events) if each.symbol in (symbol, EVERY_SYMBOL))
    )


def evaluate_targets(item: SymbolItem) -> SymbolItem:
    """Measure the ladders of plans that are given; how they stand later is `targets.standing` at each row written."""
    return measured(item) if isinstance(item, Commands) else item


def evaluate_all(items: ShardItems) -> ShardItems:
    """Measure the ladders of plans that are given, of every symbol."""
    return replace(items, items=tuple((symbol, evaluate_targets(item)) for symbol, item in items.items))


def gate_events(item: SymbolItem, settings: GateSettings) -> SymbolItem:
    """Turn a symbol's market events into its gate windows; pass on all else."""
    if not isinstance(item, SymbolEvents):
        return item
    return SymbolGates(item.symbol, gate_timeline(item.symbol, item.events, settings))
