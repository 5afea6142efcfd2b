"""How much faster two processes replay a Parquet tape than one.  Prints JSON; run by `fancy-trader bench workers`.

Both read the same file, in turn, best of `--repeat`; time runs from the first byte of plans and tape to the last
commit.  Processes are started, and import, all at once before, as in the command: see `tests.bench.replay`.  `--kept`:
as it runs where it may be killed.
`one_cores`, `several_cores`: how many they kept busy; where one alone keeps busy all that there are, others cannot make
it faster.
"""

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.measuring import best, measured, rate
from tests.bench.replaying import MEGA, Mode, make_case, replay_once


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="fancy-trader bench workers", description=__doc__)
    parser.add_argument("--ticks", type=int, default=20 * MEGA)
    parser.add_argument("--plans", type=int, default=1_000)
    parser.add_argument("--symbols", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--no-scan", action="store_true", help="given plans alone, no bars, levels and detectors")
    parser.add_argument("--kept", action="store_true", help="state kept every second, as with --recovery")
    given = parser.parse_args()
    with TemporaryDirectory(prefix="fancy-trader-bench-") as folder:
        print(json.dumps(bench(Path(folder), given), indent=1))


def bench(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Measure one process and several, in turn."""
    case = make_case(folder, given.ticks, given.symbols, given.plans, given.seed)
    alone = Mode(scan=not given.no_scan, kept=given.kept)
    together = replace(alone, workers=given.workers)
    results = [(measured(replay_once, case, alone), measured(replay_once, case, together)) for _ in range(given.repeat)]
    one, several = (best([pair[side] for pair in results]) for side in (0, 1))
    return {
        "ticks": given.ticks,
        "symbols": given.symbols,
        "plans": given.plans,
        "scan": alone.scan,
        "kept": alone.kept,
        "workers": given.workers,
        "cores_of_machine": os.cpu_count(),
        "python": sys.version.split()[0],
        "one_ticks_per_second": round(rate(one)),
        "several_ticks_per_second": round(rate(several)),
        "one_cores": round(one["processor_seconds"] / one["seconds"], 2),
        "several_cores": round(several["processor_seconds"] / several["seconds"], 2),
        "one_processor_seconds": round(one["processor_seconds"], 2),
        "several_processor_seconds": round(several["processor_seconds"], 2),
        "ratio": round(rate(several) / rate(one), 3),
        "ratios": [round(rate(after) / rate(before), 3) for before, after in results],
    }


if __name__ == "__main__":
    main()
