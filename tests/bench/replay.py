"""How fast a recorded day replays, and against what.  Prints JSON; run by `fancy-trader bench replay`.

Everything is measured in one run, each part in a process of its own, best of `--repeat`; ratios are of rates taken
in turn, because machines are noisy.  A replay's time runs from the first byte of plans and tape to the last commit;
what its processes import, all at once as in the command, comes before, if it is done by then.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.measuring import best, measured, rate
from tests.bench.replaying import DATABASE, MEGA, Case, Mode, make_case, replay_once


def polars_bars(case: Case) -> dict[str, Any]:
    """Let polars alone build the same one-minute bars from the same file, sale conditions and late prints included."""
    from tests.bench.polars_bars import build_bars

    return build_bars(case.tape)


def raw_read(case: Case) -> dict[str, Any]:
    """Let polars merely read the columns that a replay reads."""
    import polars as pl

    from flows.tape.layout import VENDOR_NAMES

    columns = list(VENDOR_NAMES.values())
    started = time.perf_counter()
    if case.tape.suffix == ".parquet":
        rows = len(pl.read_parquet(case.tape, columns=columns))
    else:
        rows = len(pl.read_csv(case.tape, schema_overrides={"conditions": pl.String, "id": pl.String}))
    return {"rows": rows, "seconds": time.perf_counter() - started}


def scalar_loop(case: Case, rows: int) -> dict[str, Any]:
    """Take prints from all over the tape one by one through the same rules."""
    from tests.bench.scalar_loop import run_scalar

    return run_scalar(case.tape, case.plans, case.events, rows)


def write_flat_file(case: Case, rows: int) -> Case:
    """Write the tape's first prints as the vendor's CSV.gz."""
    import polars as pl

    from flows.simulation.vendor import by_ticker, write_flat_file

    path = case.folder / "2026-10-01.csv.gz"
    write_flat_file(by_ticker(pl.read_parquet(case.tape, n_rows=rows)), path)
    return Case(path, case.plans, case.events, case.folder)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="fancy-trader bench replay", description=__doc__)
    parser.add_argument("--ticks", type=int, default=10 * MEGA)
    parser.add_argument("--plans", type=int, default=1_000)
    parser.add_argument("--symbols", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--scalar-ticks", type=int, default=200_000)
    parser.add_argument("--scan", action="store_true", help="bars, levels and all detectors on; nothing else")
    parser.add_argument("--workers", type=int, default=1, help="processes of the replay with --scan")
    parser.add_argument("--full", action="store_true", help="also 100 000 plans, five times the ticks, and CSV.gz")
    given = parser.parse_args()
    with TemporaryDirectory(prefix="fancy-trader-bench-") as folder:
        print(json.dumps((bench_scan if given.scan else bench)(Path(folder), given), indent=1))


def bench(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Run all parts."""
    case = make_case(folder, given.ticks, given.symbols, given.plans, given.seed)
    raw, replayed = [], []
    for _ in range(given.repeat):
        raw.append(measured(raw_read, case))
        replayed.append(measured(replay_once, case))
    scalar = measured(scalar_loop, case, given.scalar_ticks)
    quickest = best(replayed)
    report: dict[str, Any] = {
        "ticks": given.ticks,
        "symbols": given.symbols,
        "plans": given.plans,
        "python": sys.version.split()[0],
        "ticks_per_second": round(rate(quickest)),
        "peak_mb": quickest["peak_mb"],
        "checking_seconds": round(quickest["checking_seconds"], 3),
        "raw_read_per_second": round(rate(best(raw))),
        "ratio_to_raw_read": round(rate(quickest) / rate(best(raw)), 3),
        "scalar_per_second": round(rate(scalar)),
        "ratio_to_scalar_loop": round(rate(quickest) / rate(scalar), 1),
    }
    if given.full:
        report |= many_plans(folder, given) | long_tape(folder, given) | flat_file(case, given)
    return report


def bench_scan(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Measure the replay with the scanner on against polars building the bars alone, in turn."""
    case = make_case(folder, given.ticks, given.symbols, given.plans, given.seed)
    alone, scanned = [], []
    for _ in range(given.repeat):
        alone.append(measured(polars_bars, case))
        scanned.append(measured(replay_once, case, Mode(scan=True, workers=given.workers)))
    quickest = best(scanned)
    return {
        "ticks": given.ticks,
        "symbols": given.symbols,
        "plans": given.plans,
        "workers": given.workers,
        "python": sys.version.split()[0],
        "scan_ticks_per_second": round(rate(quickest)),
        "scan_peak_mb": quickest["peak_mb"],
        "polars_bars": best(alone)["bars"],
        "polars_bars_ticks_per_second": round(rate(best(alone))),
        "ratio_to_polars_bars": round(rate(quickest) / rate(best(alone)), 3),
    }


def many_plans(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Measure 1 000 and 100 000 plans in turn, and of the latter the bare inserting of what they leave."""
    from tests.bench.bare_rows import insert_again

    few = make_case(folder, given.ticks, given.symbols, 1_000, given.seed)
    many = make_case(folder, given.ticks, given.symbols, 100_000, given.seed)
    parts = (replay_once, few), (replay_once, many), (insert_again, folder / DATABASE)
    results = [[measured(*part)["seconds"] for part in parts] for _ in range(given.repeat)]
    of_few, of_many, of_rows = map(min, zip(*results, strict=True))
    return {
        "seconds_1000_plans": round(of_few, 3),
        "seconds_100000_plans": round(of_many, 3),
        "ratio_100000_to_1000_plans": round(of_many / of_few, 2),
        "seconds_bare_rows_of_100000_plans": round(of_rows, 3),
        "ratio_bare_rows_to_1000_plans": round(of_rows / of_few, 2),
    }


def long_tape(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Measure the memory of five times the ticks, in turn with that of the tape itself; of each the highest peak."""
    short = make_case(folder, given.ticks, given.symbols, given.plans, given.seed)
    long = make_case(folder, 5 * given.ticks, given.symbols, given.plans, given.seed)
    pairs = [(measured(replay_once, short), measured(replay_once, long)) for _ in range(given.repeat)]
    long.tape.unlink()
    of_short, of_long = ([result["peak_mb"] for result in results] for results in zip(*pairs, strict=True))
    return {
        "long_tape_ticks_per_second": round(rate(best([result for _, result in pairs]))),
        "peaks_mb": of_short,
        "long_tape_peaks_mb": of_long,
        "ratio_of_peak_memory": round(max(of_long) / max(of_short), 3),
    }


def flat_file(case: Case, given: argparse.Namespace) -> dict[str, Any]:
    """Measure a vendor CSV.gz against polars parsing the same file."""
    flat = write_flat_file(case, min(given.ticks, 8 * MEGA))
    raw, replayed = [], []
    for _ in range(given.repeat):
        raw.append(measured(raw_read, flat))
        replayed.append(measured(replay_once, flat))
    return {
        "csv_gz_ticks_per_second": round(rate(best(replayed))),
        "csv_gz_polars_per_second": round(rate(best(raw))),
        "csv_gz_ratio": round(rate(best(replayed)) / rate(best(raw)), 3),
    }


if __name__ == "__main__":
    main()
