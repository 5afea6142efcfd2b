"""Replays with the scanner on: what they leave in every table, and simulated sessions to run it over."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl

from flows.meter import Meter
from flows.options import ReplayOptions
from flows.replay import prepare, run
from flows.simulation.market import simulate
from flows.simulation.paths import Shape, SymbolSpec
from flows.simulation.vendor import by_ticker
from operators.events import PlanEvent
from operators.nyse import nyse_calendar
from operators.rows import BarRows
from operators.sessions import SessionDay
from sinks.scan_encoding import bar_columns
from tests.flows.conftest import Replayed, read_back
from tests.flows.made import rows_of

FIRST_SESSION: Final = date(2026, 5, 18)
SHAPES: Final = tuple(Shape)
OPENS: Final = {"SIMA": 50.0, "SIMB": 150.0}
AT: Final = 3
"""Column of scan results."""
INTERVAL, END, CLOSE, REVISION = 1, 3, 7, 12
"""Columns of bars."""
KEY: Final = 3
"""Columns of a bar's key."""

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Scanned:
    """What a replay left: events and states, every bar, every scan result, and bars as they had stood."""

    replayed: Replayed
    bars: list[Row]
    scans: list[Row]
    superseded: list[Row]

    @property
    def everything(self) -> tuple[str, list[Row], list[Row], list[Row]]:
        """What must be the same however the tape came."""
        return self.replayed.digest, self.bars, self.scans, self.superseded

    def until(self, at_ns: int) -> tuple[list[Row], list[Row], list[Row]]:
        """The prefix of an instant: events, bars that had ended, scan results."""
        events = [event for event in self.replayed.events if event.at_ns <= at_ns]
        bars = [row for row in self.bars if row[END] <= at_ns]
        return told(events), bars, [row for row in self.scans if row[AT] <= at_ns]


def bar_rows(pieces: Sequence[BarRows]) -> list[Row]:
    """Bars as rows of their table."""
    return list(zip(*bar_columns(pieces), strict=True))


def told(events: Iterable[PlanEvent]) -> list[Row]:
    """Events by plan and number, as plain values."""
    rows = ((e.plan_id, e.seq, e.version, str(e.kind), e.at_ns, e.price, dict(e.data)) for e in events)
    return sorted(rows, key=lambda row: row[:2])


def scan(paths: Iterable[Path], database: str, **options: Any) -> Scanned:
    """Replay files with the scanner on."""
    meter = Meter()
    plans = options.pop("plans", None)
    run(prepare(ReplayOptions(tuple(paths), plans, database, scan=True, **options)), meter)
    return left_in(database, meter)


def left_in(database: str, meter: Meter | None = None) -> Scanned:
    """Read everything a replay wrote."""
    bars = rows_of(database, "SELECT * FROM bars ORDER BY symbol, interval, start_ns")
    scans = rows_of(database, "SELECT * FROM scan_results ORDER BY symbol, strategy, direction, at_ns")
    superseded = rows_of(database, "SELECT * FROM bar_revisions ORDER BY symbol, interval, start_ns, revision")
    return Scanned(read_back(database, meter or Meter()), bars, scans, superseded)


def sessions(count: int, first: date = FIRST_SESSION) -> list[SessionDay]:
    """Sessions of the exchange, in a row."""
    days = nyse_calendar().days
    place = next(index for index, day in enumerate(days) if day.date >= first)
    return list(days[place : place + count])


def simulated_prints(seed: int, number: int, day: SessionDay, trades: int = 4_000) -> pl.DataFrame:
    """One simulated session of two symbols, every shape in its turn, prices near those of `OPENS`."""
    specs = [
        SymbolSpec(symbol, price, 0.02, trades, SHAPES[(number + 2 * place) % len(SHAPES)], gap=0.0)
        for place, (symbol, price) in enumerate(OPENS.items())
    ]
    return by_ticker(simulate((seed, number), day, specs))


def write_prints(folder: Path, days: Sequence[SessionDay], frames: Iterable[pl.DataFrame]) -> list[Path]:
    """Write each session's prints in the vendor's layout."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{day.date}.csv" for day in days]
    for path, frame in zip(paths, frames, strict=True):
        frame.write_csv(path, float_precision=6)
    return paths


def simulated(folder: Path, count: int, trades: int = 4_000, seed: int = 1) -> list[Path]:
    """Write sessions in a row; late, corrected and odd prints among them."""
    days = sessions(count)
    frames = (simulated_prints(seed, number, day, trades) for number, day in enumerate(days))
    return write_prints(folder, days, frames)
