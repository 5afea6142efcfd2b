"""What travels through the dataflow: tape items before they are cut by symbol, symbol items after."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flows.recovery.standing import Standing
from operators.bars.columns import Bars, Interval
from operators.bars.splits import Split
from operators.bars.symbol_bars import NOTHING, BarPiece
from operators.chains.chain_history import ChainHistory
from operators.data_gaps import DataGap
from operators.eligibility import SymbolSlice
from operators.frames import TickFrame
from operators.gating import GateTimeline
from operators.market_events import MarketEvent
from operators.proposing.proposer import Proposal
from operators.records import ClockMark, Command, TapeEnd
from operators.rows import DeadLetter, GapRow, MarketEventRow
from operators.scan.candidate import Candidate


@dataclass(frozen=True, slots=True)
class Commands:
    """Plan commands of one symbol, in any order: each has its own time.

    `reached_ns`: how far the symbol's tape had come where they stand on it, ns UTC; 0 where nobody knows.
    """

    symbol: str
    commands: tuple[Command, ...]
    reached_ns: int = 0


@dataclass(frozen=True, slots=True)
class Watch:
    """A symbol that a command adds to the universe.  `since_ns`: prints before that are not its own, ns UTC."""

    symbol: str
    at_ns: int
    since_ns: int


@dataclass(frozen=True, slots=True)
class MarketCalendar:
    """Market events, each with the time since when it is known: of one record of a tape, or all that it told so far.

    `reached_ns`: how far the last clock mark had brought time where the record stands, ns UTC; 0 where nobody knows.
    """

    events: tuple[MarketEvent, ...]
    reached_ns: int = 0


@dataclass(frozen=True, slots=True)
class SymbolEvents:
    """All market events so far that concern one symbol, whether by name or as all others, in the order of the tape."""

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
    record: MarketCalendar | ClockMark | TapeEnd | DataGap


@dataclass(frozen=True, slots=True)
class GapOf:
    """A gap of some symbols, `*` among them meaning all."""

    symbols: tuple[str, ...]
    gap: DataGap


@dataclass(frozen=True, slots=True)
class Unusable:
    """Input that could not be used, on its way to the dead letters."""

    letters: tuple[DeadLetter, ...]


@dataclass(frozen=True, slots=True)
class Announced:
    """Market events and gaps that the tape tells, on their way to their tables; symbols hear of them otherwise."""

    events: tuple[MarketEventRow, ...] = ()
    gaps: tuple[GapRow, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """One symbol's bars from before the tape, by interval, ascending, and its splits on the tape, oldest first.

    `chain`: its options' quotes, of the whole tape's time; each counts from its own instant on.  `whole_from_ns`: of a
    symbol that is added within a session, from where on its sessions are known whole, ns UTC; 0: as those of the tape.
    """

    symbol: str
    bars: Mapping[Interval, Bars]
    splits: tuple[Split, ...] = ()
    chain: ChainHistory | None = None
    whole_from_ns: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """A symbol's prints or a clock mark, the bars that ended with it, and what was found at their ends.

    `bars`: those of whole sessions, which the scan looks at.
    """

    record: SymbolSlice | ClockMark
    piece: BarPiece
    bars: Mapping[Interval, Bars] = field(default_factory=lambda: NOTHING)
    candidates: tuple[Candidate, ...] = ()
    proposals: tuple[Proposal, ...] = field(default=())


@dataclass(frozen=True, slots=True, eq=False)
class CutFrame:
    """A frame that was tagged and cut into symbols ahead.  `end_ns`: newest SIP time in it, ns UTC, 0 without."""

    slices: tuple[tuple[str, SymbolSlice], ...]
    end_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class ShardItems:
    """What one step of the tape brings to a shard: items by symbol, no symbol twice.

    `number`: how many came to the shard before, since this run began; 0 where nobody counts.
    """

    items: "tuple[tuple[str, SymbolItem], ...]"
    number: int = 0


TapeItem = TickFrame | CutFrame | Commands | ToAll | Unusable | Announced | History | Standing
SymbolItem = SymbolSlice | Commands | SymbolEvents | SymbolGates | ClockMark | TapeEnd | DataGap | History | Watched
