"""Replays that are measured: what of, and how."""

import shutil
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

MEGA = 1_000_000
DATABASE = "bench.db"
KEPT = "kept"


@dataclass(frozen=True)
class Case:
    """Files of one replay."""

    tape: Path
    plans: Path
    events: Path
    folder: Path


def make_case(folder: Path, ticks: int, symbols: int, plans: int, seed: int) -> Case:
    """Make a tape, plans and events from a seed."""
    from flows.simulation.tape import write_tape
    from flows.simulation.universe import universe
    from flows.simulation.workload import write_events, write_plans
    from operators.nyse import nyse_calendar

    day = nyse_calendar().day_on_or_after(date(2026, 10, 1))
    case = Case(folder / f"tape-{ticks}.parquet", folder / f"plans-{plans}.json", folder / "events.csv", folder)
    if not case.tape.exists():
        write_tape(case.tape, ticks, symbols, seed, day)
    write_plans(case.plans, plans, universe(symbols, seed), seed)
    write_events(case.events, day)
    return case


@dataclass(frozen=True)
class Mode:
    """How a tape is replayed: with bars, levels and all detectors, by how many processes, state kept every second."""

    scan: bool = False
    workers: int = 1
    kept: bool = False


def replay_once(case: Case, mode: Mode = Mode()) -> dict[str, Any]:
    """Replay the whole tape into a new SQLite database."""
    from flows.crew import make_ready

    make_ready(mode.workers)
    from flows.meter import Meter
    from flows.options import ReplayOptions
    from flows.replay import prepare, run
    from operators.nyse import nyse_calendar

    nyse_calendar()
    for old in case.folder.glob(f"{DATABASE}*"):
        old.unlink()
    shutil.rmtree(case.folder / KEPT, ignore_errors=True)
    url, kept = f"sqlite:///{case.folder / DATABASE}", case.folder / KEPT if mode.kept else None
    options = ReplayOptions(
        (case.tape,), case.plans, url, case.events, recovery=kept, scan=mode.scan, workers=mode.workers
    )
    meter, started, processor = Meter(), time.perf_counter(), time.process_time()
    prepared = prepare(options)
    checked = time.perf_counter()
    run(prepared, meter)
    ended = time.perf_counter()
    return {
        "rows": meter.rows,
        "seconds": ended - started,
        "checking_seconds": checked - started,
        "processor_seconds": time.process_time() - processor + meter.processor_s,
    }
