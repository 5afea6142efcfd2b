"""What keeping state costs, and how long going on from it takes.  Prints JSON; run by `fancy-trader bench recovery`.

The cost: the replay of `bench replay` with snapshots every second and without, in turn, best of `--repeat`.  Going on:
`--sessions` days are replayed, each the continuation of the one before, with plans that end every day beside those that
stay open; then the time from nothing to the first new piece of tape, all states restored, and what the store holds.
"""

import argparse
import json
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from tests.bench.replay import MEGA, Case, best, make_case, measured, rate

DAY_S = 86_400
FIRST_S = 1790859600  # 2026-10-01 09:00 New York


def replayed(case: Case, kept: bool) -> dict[str, Any]:
    """Replay the whole tape into a new SQLite database, state kept every second or not at all."""
    from flows.calendars import nyse_calendar
    from flows.meter import Meter
    from flows.options import ReplayOptions
    from flows.replay import prepare, run

    nyse_calendar()
    for old in case.folder.glob("bench.db*"):
        old.unlink()
    folder = case.folder / "kept"
    shutil.rmtree(folder, ignore_errors=True)
    url = f"sqlite:///{case.folder}/bench.db"
    options = ReplayOptions((case.tape,), case.plans, url, case.events, recovery=folder if kept else None)
    meter, started, processor = Meter(), time.perf_counter(), time.process_time()
    run(prepare(options), meter)
    return {
        "rows": meter.rows,
        "seconds": time.perf_counter() - started,
        "processor_seconds": time.process_time() - processor,
    }


def sessions(folder: Path, symbols: int, plans: int, ending: int, days: int) -> dict[str, Any]:
    """Let a tape grow day by day; go on from the kept state each day."""
    found: dict[str, Any] = {}
    for day in range(days):
        result = measured(one_session, folder, symbols, ending if day else plans, day)
        size = sum(path.stat().st_size for path in (folder / "kept").glob("part*"))
        if day == 0:
            found |= {"store_mb_first": round(size / MEGA, 2), "first_seconds": round(result["seconds"], 2)}
        found |= {"store_mb": round(size / MEGA, 2), "rows_in_store": result["rows_in_store"]}
    resumed = measured(resume, folder, symbols)
    return found | {f"resume_{name}": round(value, 3) for name, value in resumed.items()}


def one_session(folder: Path, symbols: int, plans: int, day: int) -> dict[str, Any]:
    """Append a session to the tape, and run over what is new; each symbol prints now and then, most plans end."""
    import sqlite3

    from flows.tape.segments.payloads import PlanCommand, clock, command
    from flows.tape.segments.writer import Sync, TapeWriter

    start_ns = (FIRST_S + day * DAY_S) * 1_000_000_000
    records = [clock(start_ns)]
    for number in range(plans):
        symbol = f"S{number % symbols:04d}"
        stays = day == 0
        plan: dict[str, Any] = {
            "plan_id": f"{'stay' if stays else 'ends'}-{day}-{number}",
            "symbol": symbol,
            "direction": "long",
        }
        plan |= {"style": "leap" if stays else "scalp", "entry": "market", "stop": 50.0, "targets": [150.0, 160.0]}
        if not stays:
            plan |= {"expires_at": start_ns + 3_600 * 1_000_000_000}
        records.append(command(PlanCommand(f"{day}-{number}", "register", plan=plan), start_ns + number))
    open_ms = start_ns // 1_000_000 + 1_860_000
    for minute in range(3):
        for first in range(0, symbols, 500):
            at = open_ms + minute * 3_600_000 + first
            records.append(
                _frame([f"S{each:04d}" for each in range(first, min(symbols, first + 500))], at, day, minute)
            )
    records.append(clock(start_ns + 8 * 3_600 * 1_000_000_000))
    with TapeWriter(folder / "tape", Sync.NEVER) as writer:
        for first in range(0, len(records), 5_000):
            writer.append(records[first : first + 5_000])
    started = time.perf_counter()
    _go_on(folder, symbols)
    found: dict[str, Any] = {"seconds": time.perf_counter() - started}
    with sqlite3.connect(folder / "kept" / "part-0.sqlite3") as connection:
        found["rows_in_store"] = connection.execute("SELECT count(*) FROM snaps").fetchone()[0]
    return found


def _frame(names: list[str], at_ms: int, day: int, minute: int) -> Any:
    from flows.tape.segments.payloads import frame

    events = [
        {"ev": "T", "sym": name, "i": f"{day}-{minute}", "x": 11, "p": 100.0 + minute / 10, "s": 100, "ds": "100"}
        | {"z": 1, "t": at_ms, "pt": at_ms, "q": day * 10 + minute}
        for name in names
    ]
    return frame(json.dumps(events, separators=(",", ":")).encode(), at_ms * 1_000_000 + 30_000_000, feed=1)


def _go_on(folder: Path, symbols: int) -> Any:
    from flows.meter import Meter
    from flows.options import ReplayOptions
    from flows.replay import prepare, run

    names = frozenset(f"S{number:04d}" for number in range(symbols))
    url = f"sqlite:///{folder}/plans.db"
    options = ReplayOptions((folder / "tape",), None, url, symbols=names, recovery=folder / "kept")
    prepared, meter = prepare(options), Meter()
    meter.stop.set()
    run(replace(prepared, replay=replace(prepared.replay, follow=True)), meter)
    return meter


def resume(folder: Path, symbols: int) -> dict[str, Any]:
    """The time of everything but reading the tape through, which a live run does not do before it starts."""
    from flows.calendars import nyse_calendar
    from flows.dataflow import HitLogic
    from flows.tape_partition import TapePartition

    nyse_calendar()
    first: list[float] = []
    restored, given = [0], TapePartition.next_batch
    begun = HitLogic.__init__

    def counted(logic: HitLogic, rules: Any, kept: Any) -> None:
        restored[0] += bool(kept)
        begun(logic, rules, kept)

    def noted(partition: TapePartition) -> Any:
        batch = given(partition)
        if len(first) < 2:  # the first says where it stands, the second is what is new
            first.append(time.perf_counter())
        return batch

    from flows.meter import Meter
    from flows.options import ReplayOptions
    from flows.replay import prepare, run

    names = frozenset(f"S{number:04d}" for number in range(symbols))
    options = ReplayOptions(
        (folder / "tape",), None, f"sqlite:///{folder}/plans.db", symbols=names, recovery=folder / "kept"
    )
    prepared, meter = prepare(options), Meter()
    meter.stop.set()
    started, processor = time.perf_counter(), time.process_time()
    with patch.object(HitLogic, "__init__", counted), patch.object(TapePartition, "next_batch", noted):
        run(replace(prepared, replay=replace(prepared.replay, follow=True)), meter)
    return {
        "seconds": first[-1] - started,
        "all_seconds": time.perf_counter() - started,
        "processor_seconds": time.process_time() - processor,
        "symbols": restored[0],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="fancy-trader bench recovery", description=__doc__)
    parser.add_argument("--ticks", type=int, default=10 * MEGA)
    parser.add_argument("--symbols", type=int, default=500)
    parser.add_argument("--plans", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--open-symbols", type=int, default=5_000)
    parser.add_argument("--open-plans", type=int, default=20_000)
    parser.add_argument("--ending", type=int, default=2_000, help="plans of each later session, which end with it")
    parser.add_argument("--sessions", type=int, default=30)
    given = parser.parse_args()
    with TemporaryDirectory(prefix="fancy-trader-bench-") as folder:
        print(json.dumps(bench(Path(folder), given), indent=1))


def bench(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Run both parts."""
    report: dict[str, Any] = {"python": sys.version.split()[0], "ticks": given.ticks}
    if given.repeat:
        case = make_case(folder, given.ticks, given.symbols, given.plans, given.seed)
        pairs = [(measured(replayed, case, False), measured(replayed, case, True)) for _ in range(given.repeat)]
        without, kept = (best([pair[side] for pair in pairs]) for side in (0, 1))
        case.tape.unlink()
        report |= {
            "ticks_per_second": round(rate(without)),
            "kept_ticks_per_second": round(rate(kept)),
            "ratio": round(rate(kept) / rate(without), 3),
            "ratios": [round(rate(after) / rate(before), 3) for before, after in pairs],
            "processor_ratios": [
                round(before["processor_seconds"] / after["processor_seconds"], 3) for before, after in pairs
            ],
        }
    if given.sessions:
        home = folder / "sessions"
        home.mkdir()
        report |= {"sessions": given.sessions, "open_plans": given.open_plans}
        report |= {"ending_plans_per_session": given.ending}
        report |= sessions(home, given.open_symbols, given.open_plans, given.ending, given.sessions)
    return report


if __name__ == "__main__":
    main()
