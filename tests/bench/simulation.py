"""Thousands of simulated lives, each drawn from a seed.  Prints JSON; run by `fancy-trader bench simulation`.

A seed is a market, a feed, a tape, a dataflow and a database that are killed, torn and made to fail in an order that
the seed alone decides (`tests/simulation`).  A seed that fails is printed, and `--first SEED --seeds 1` lives it again.
With `--scan` bars are built and plans found, too; a life then takes a hundred times as long.
"""

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from traceback import format_exc

CHUNK = 25
MEMORY = Path("/dev/shm")


def main() -> None:
    """Live through the seeds; leave with 1 if one failed."""
    parser = argparse.ArgumentParser(prog="fancy-trader bench simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--scan", action="store_true", help="the scanner is on: mornings of thousands of prints")
    given = parser.parse_args()
    os.environ.setdefault("POLARS_MAX_THREADS", "1")  # frames of a few rows gain nothing from threads
    started = time.perf_counter()
    counts, failed = Counter[str](), list[int]()
    live_all = partial(live_some, scan=given.scan)
    with multiprocessing.get_context("spawn").Pool(given.processes) as pool:
        for lived, failures in pool.imap_unordered(live_all, chunks(given.first, given.seeds)):
            counts.update(lived)
            for seed, text in failures:
                failed.append(seed)
                print(f"seed {seed} failed:\n{text}", file=sys.stderr, flush=True)
    seconds = time.perf_counter() - started
    rate = round(given.seeds / seconds, 1)
    told = {"seeds": given.seeds, "first": given.first, "failed": sorted(failed), "seconds": round(seconds, 1)}
    print(json.dumps(told | {"seeds_per_second": rate, "processes": given.processes} | counts))
    sys.exit(bool(failed))


def chunks(first: int, count: int) -> Iterable[range]:
    """Cut the seeds into pieces of work."""
    return (range(start, min(start + CHUNK, first + count)) for start in range(first, first + count, CHUNK))


def live_some(seeds: Iterable[int], *, scan: bool) -> tuple[Counter[str], list[tuple[int, str]]]:
    """Live through some seeds; return what happened, and the seeds that failed."""
    from tests.simulation.life import live

    counts, failures = Counter[str](), list[tuple[int, str]]()
    for seed in seeds:
        with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
            try:
                counts.update(vars(live(seed, Path(folder) / "tape", scan=scan)))
            except Exception:  # noqa: BLE001 - whatever it was, the seed is what must be told
                failures.append((seed, format_exc()))
    return counts, failures


if __name__ == "__main__":
    main()
