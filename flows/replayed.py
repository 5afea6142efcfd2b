"""What is replayed, in plain values that can be sent to another process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flows.newcomers import Newcomers
from flows.tape.reader import TapeReader
from operators.bars.columns import Bars, Interval
from operators.bars.splits import Split
from operators.chains.chain_history import ChainHistory
from operators.market_events import MarketEvent
from operators.plans import Plan
from operators.records import Cancel


@dataclass(frozen=True, slots=True)
class Replay:
    """What is replayed.  `reader` reads the tape of all watched symbols; `to_ns`: where the replay stops, if anywhere.

    `batch_rows` re-cuts the frames; `speed` paces them by event time; None leaves them as they come.  `history`: bars
    from before the tape, by symbol; `splits`: those after the first session, by symbol, oldest first; `chains`: option
    quotes, by underlying.  `follow`: the tape grows, and has no end until somebody stops the run.  `kept`: the engine
    keeps state, so places are told, and with them what `ahead` tells (`flows.dues`).  `newcomers`: what symbols bring
    along that commands add to the universe.  `scan_from_ns`: a scan looks at bars from there on, ns UTC; 0: at all.
    """

    plans: tuple[Plan, ...]
    events: tuple[MarketEvent, ...]
    reader: TapeReader
    cancels: tuple[Cancel, ...] = ()
    to_ns: int | None = None
    batch_rows: int | None = None
    speed: float | None = None
    history: Mapping[str, Mapping[Interval, Bars]] = field(default_factory=dict)
    follow: bool = False
    splits: Mapping[str, tuple[Split, ...]] = field(default_factory=dict)
    chains: Mapping[str, ChainHistory] = field(default_factory=dict)
    kept: bool = False
    ahead: Callable[[], tuple[Any, ...]] = tuple
    newcomers: Newcomers | None = None
    scan_from_ns: int = 0

    def shares(self, workers: int) -> int:
        """Into how many shares the tape is read: one for each worker, or, of a topic, for each partition."""
        topic = self.reader.topic
        return workers if topic is None else topic.partitions
