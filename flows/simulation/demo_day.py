"""The demo's day: eight simulated symbols, thirty plans that show every way a plan can go, and three market events.

Rule: everything says that it is simulated.  The tickers hold a digit, as no listed one does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl

from flows.event_files import load_events
from flows.simulation.demo_gate_ideas import GATE_IDEAS
from flows.simulation.demo_ideas import GAP_IDEAS, RANGE_IDEAS, TREND_IDEAS
from flows.simulation.ideas import NoLevelsError, settle
from flows.simulation.market import simulate
from flows.simulation.paths import Shape, Shock, SymbolSpec
from flows.simulation.rehearsal import Stage, symbol_slice
from flows.simulation.vendor import write_flat_file
from flows.simulation.writing import EventRow, write_event_rows, write_plan_rows
from operators.gating import GateSettings, gate_timeline
from operators.market_events import MarketEvent
from operators.nyse import nyse_calendar
from operators.records import Cancel
from operators.sessions import SessionDay, new_york_day_ns
from operators.times import MINUTE_NS

ATTEMPTS: Final = 10
"""Days drawn at most until one lets every idea find its levels."""
DEMO_DAY: Final = date(2026, 6, 17)
IDEAS: Final = tuple(sorted((*TREND_IDEAS, *RANGE_IDEAS, *GAP_IDEAS, *GATE_IDEAS), key=lambda idea: idea.symbol))

SPECS: Final = (
    SymbolSpec("SIM1", 120.0, 0.018, 30_000, Shape.TREND_UP, tape=3),
    SymbolSpec("SIM2", 64.0, 0.022, 22_000, Shape.TREND_DOWN, tape=1),
    SymbolSpec("SIM3", 85.0, 0.012, 18_000, Shape.RANGE, tape=1),
    SymbolSpec("SIM4", 210.0, 0.016, 28_000, Shape.REVERSAL, tape=3),
    SymbolSpec("SIM5", 47.0, 0.030, 26_000, Shape.GAP, tape=3),
    SymbolSpec("SIM6", 132.0, 0.014, 24_000, Shape.RANGE, tape=1),
    SymbolSpec("SIM7", 33.0, 0.028, 20_000, Shape.TREND_DOWN, tape=1),
    SymbolSpec("SIM8", 405.0, 0.007, 34_000, Shape.RANGE, tape=2),
)

_MIDNIGHT_NS: Final = new_york_day_ns(DEMO_DAY)[0]


def _at(hour: int, minute: int = 0) -> int:
    """Return a New York time of the demo's day in ns UTC."""
    return _MIDNIGHT_NS + (60 * hour + minute) * MINUTE_NS


EVENTS: Final = (
    EventRow("sim-update", "SIM7", "earnings", "high", _at(11), _at(10, 40), "simulated trading update of SIM7"),
    EventRow("sim-fomc", "*", "fomc", "high", _at(14), _at(4), "simulated FOMC rate decision"),
    EventRow("sim-speech", "*", "speech", "low", _at(15), _at(4), "simulated speech, too small for a gate"),
)
SHOCKS: Final = (Shock(_at(11), 1.2, "SIM7"), Shock(_at(14), 0.6))
DEMO_CANCELS: Final = (Cancel(_at(11, 30), "sim8-dip-long"),)
"""Commands of the demo's day; a plans file cannot hold them, so a replay of the files alone knows nothing of them."""


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """Where the demo's day was written."""

    tape: Path
    plans: Path
    events: Path


def write_demo(folder: Path, seed: int) -> DemoFiles:
    """Write the demo's day into a folder.  The same seed, 0 or more, gives the same bytes."""
    files = DemoFiles(folder / f"{DEMO_DAY}.csv.gz", folder / "plans.json", folder / "events.csv")
    folder.mkdir(parents=True, exist_ok=True)
    write_event_rows(files.events, EVENTS)
    prints, plans = _day_and_plans(seed, load_events(files.events))
    write_flat_file(prints, files.tape)
    write_plan_rows(files.plans, plans)
    (folder / "README.txt").write_text(_readme(seed), encoding="utf-8", newline="\n")
    return files


def _day_and_plans(seed: int, events: Sequence[MarketEvent]) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """Return the first day of a seed that lets every idea find its levels; nearly always that is the first."""
    day = nyse_calendar().day_on_or_after(DEMO_DAY)
    missing: NoLevelsError | None = None
    for attempt in range(ATTEMPTS):
        prints = simulate((seed, attempt), day, SPECS, SHOCKS)
        try:
            return prints, demo_plans(day, prints, events)
        except NoLevelsError as error:
            missing = error
    msg = f"seed {seed}: {missing}, nor do {ATTEMPTS - 1} further days"
    raise NoLevelsError(msg)


def demo_plans(day: SessionDay, prints: pl.DataFrame, events: Sequence[MarketEvent]) -> list[dict[str, Any]]:
    """Return the demo's plans for a simulated day, levels and all."""
    calendar = nyse_calendar()
    end_ns = int(prints.get_column("sip_timestamp")[-1])
    stages = {
        spec.symbol: Stage(
            day,
            spec.symbol,
            spec.daily_volatility * spec.open_price,
            symbol_slice(prints.filter(pl.col("ticker") == spec.symbol), calendar),
            gate_timeline(spec.symbol, events, GateSettings()),
            end_ns,
        )
        for spec in SPECS
    }
    return [settle(idea, stages[idea.symbol], calendar.close_after) for idea in IDEAS]


def _readme(seed: int) -> str:
    shapes = "\n".join(f"  {spec.symbol}  {spec.shape.replace('_', ' ')}" for spec in SPECS)
    stories = "\n".join(f"  {idea.plan_id:<28}{idea.story}" for idea in IDEAS)
    return _README.format(day=DEMO_DAY, seed=seed, shapes=shapes, stories=stories)


_README: Final = """\
SIMULATED DATA.  Nothing here was traded.

A made-up trading day, {day}, from seed {seed}: symbols, prices, prints, plans and market events do not exist.
The plans' levels were chosen with hindsight, so that every way a plan can go is shown.  They are not a trading
result, and they are no advice.

Symbols
{shapes}

Plans, and what shall become of them
{stories}
The scanner's own plans stand beside these in the database, named after symbol, strategy, direction and day.

Files
  {day}.csv.gz    every print of the day, in the layout of a vendor's flat file
  plans.json           the plans
  events.csv           the market events
"""
