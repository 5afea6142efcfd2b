"""What a replay is asked to do, read once and frozen.  Instants in ns UTC."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from operators.gating import GateSettings
from operators.risk import DEFAULT_RISK_BUDGET
from operators.times import DEFAULT_LATE_NS

DEFAULT_DATABASE: Final = "sqlite:///plans.db"
STREAM: Final = "tape"
SNAPSHOT_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """`symbols` None: all that plans name and that are scanned.  `speed` None: as fast as it goes.

    `batch_rows` None: as files come.  `plans` None: only those that the scan finds.  `universe` None: every symbol on
    the tape is scanned.  `bars`: folder of history; `option_quotes`: folder of option chains, whose straddles then give
    expected moves; `risk_budget`: dollars lost at a stop, by which plans are sized.  `recovery`: where state is kept,
    every `snapshot_s` seconds, and found again; None: nowhere.
    """

    paths: tuple[Path, ...]
    plans: Path | None
    database: str = DEFAULT_DATABASE
    events: Path | None = None
    from_ns: int | None = None
    to_ns: int | None = None
    symbols: frozenset[str] | None = None
    speed: float | None = None
    workers: int = 1
    batch_rows: int | None = None
    strict: bool = False
    odd_lots: bool = False
    extended_hours: bool = False
    late_ns: int = DEFAULT_LATE_NS
    gates: GateSettings = field(default_factory=GateSettings)
    scan: bool = False
    universe: Path | None = None
    bars: Path | None = None
    splits: Path | None = None
    option_quotes: Path | None = None
    risk_budget: float = DEFAULT_RISK_BUDGET
    recovery: Path | None = None
    snapshot_s: float = SNAPSHOT_SECONDS
