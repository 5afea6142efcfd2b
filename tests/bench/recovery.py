"""What keeping state costs, and how long going on from it takes.  Prints JSON; run by `fancy-trader bench recovery`.

The cost: the replay of `bench replay` with snapshots every second and without, in turn, best of `--repeat`.  Going on:
see `tests.bench.sessions`; `resume_seconds` run from the start of a process to its first new commit.
"""

import argparse
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.measuring import best, measured, rate
from tests.bench.replaying import MEGA, Mode, make_case, replay_once
from tests.bench.sessions import sessions


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
        pairs = [
            (measured(replay_once, case), measured(replay_once, case, Mode(kept=True))) for _ in range(given.repeat)
        ]
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
