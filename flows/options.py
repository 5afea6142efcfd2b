"""What a replay is asked to do, read once and frozen.  Instants in ns UTC."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from operators.gating import GateSettings
from operators.times import DEFAULT_LATE_NS

DEFAULT_DATABASE: Final = "sqlite:///plans.db"
STREAM: Final = "tape"


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """`symbols` None: all that plans name.  `speed` None: as fast as it goes.  `batch_rows` None: as files come."""

    paths: tuple[Path, ...]
    plans: Path
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
