"""Writing plans and market events as the files that a replay reads.  Equal values give equal bytes."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.event_files import COLUMNS
from operators.times import iso


@dataclass(frozen=True, slots=True)
class EventRow:
    """One market event to be; `at_ns`, `known_at_ns`: ns UTC; `symbol`: a ticker, or * for all."""

    event_id: str
    symbol: str
    kind: str
    severity: str
    at_ns: int
    known_at_ns: int
    label: str


def write_plan_rows(path: Path, plans: Sequence[Mapping[str, Any]]) -> None:
    """Write plans as a JSON array, one plan per line."""
    lines = ",\n".join(json.dumps(plan, allow_nan=False) for plan in plans)
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8", newline="\n")


def write_event_rows(path: Path, events: Sequence[EventRow]) -> None:
    """Write market events as CSV, times as RFC 3339."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for event in events:
            times = iso(event.at_ns), iso(event.known_at_ns)
            writer.writerow((event.event_id, event.symbol, event.kind, event.severity, *times, event.label))
