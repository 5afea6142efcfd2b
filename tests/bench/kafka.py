"""A tape in its folder against the same tape on a topic of a mock broker in this process.  Prints JSON.

Run by `fancy-trader bench kafka`.  Both are replayed in turn, by one process and by two; time runs from the first look
at the input to the last commit, the start of processes included.  The broker takes its share of the same cores.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any

import msgspec

from flows.kafka.publishing import Publisher
from flows.meter import Meter
from flows.options import ReplayOptions
from flows.replay import prepare, run
from flows.tape.segments.payloads import PlanCommand, clock, command, frame
from flows.tape.segments.writer import Sync, TapeWriter
from operators.times import SECOND_NS
from operators.wire.rows import MS_NS
from tests.flows.kafka.cluster import mock_cluster
from tests.flows.made import OPEN_NS, digest_of

FRAME_PRINTS = 20
STEP_NS = 40 * MS_NS
"""Between two messages."""


def make_tape(folder: Path, prints: int, symbols: int, plans: int, seed: int) -> None:
    """Write messages of prints of many symbols, a clock mark each second, and plans registered at the beginning."""
    rng, names = Random(seed), [f"S{number:04d}" for number in range(symbols)]
    cents = dict.fromkeys(names, 10_000)
    with TapeWriter(folder, Sync.NEVER) as writer:
        writer.append([command(plan_of(rng.choice(names), number), OPEN_NS) for number in range(plans)])
        for number in range(prints // FRAME_PRINTS):
            at_ns = OPEN_NS + number * STEP_NS
            events = []
            for place in range(FRAME_PRINTS):
                symbol = rng.choice(names)
                cents[symbol] += rng.choice((-2, -1, 0, 0, 1, 2))
                event = {"ev": "T", "sym": symbol, "i": str(number * FRAME_PRINTS + place), "x": 11, "z": 3}
                events.append(event | {"p": cents[symbol] / 100, "s": 100, "t": at_ns // MS_NS, "q": number})
            marks = [clock(at_ns)] if at_ns % SECOND_NS < STEP_NS else []
            writer.append([*marks, frame(msgspec.json.encode(events), at_ns + 20 * MS_NS, 1)])


def plan_of(symbol: str, number: int) -> PlanCommand:
    """Return a plan that may be entered and may hit something."""
    plan = {"plan_id": f"p{number}", "symbol": symbol, "style": "intraday", "direction": "long", "entry": 99.9}
    return PlanCommand(f"c{number}", "register", plan=plan | {"stop": 99.5, "targets": [100.2, 100.6]})


def replayed(source: object, folder: Path, workers: int) -> tuple[float, str]:
    """Replay a tape; return how many prints a second that was, and the digest."""
    database, meter = f"sqlite:///{folder}/{time.monotonic_ns()}.db", Meter()
    began = time.perf_counter()
    run(prepare(ReplayOptions((Path(str(source)),), None, database, workers=workers)), meter)
    return meter.rows / (time.perf_counter() - began), digest_of(database)


def bench(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Publish once, replay in turn."""
    tape = folder / "tape"
    make_tape(tape, given.prints, given.symbols, given.plans, given.seed)
    with mock_cluster() as cluster:
        topic = cluster.topic("bench", given.partitions)
        began = time.perf_counter()
        publisher = Publisher(tape, topic)
        publisher.run(Event())
        rate = given.prints / (time.perf_counter() - began)
        found: dict[str, list[tuple[float, str]]] = {}
        for _ in range(given.repeat):
            for name, source in (("folder", tape), ("topic", topic)):
                for workers in (1, 2):
                    found.setdefault(f"{name}_{workers}", []).append(replayed(source, folder, workers))
    rates = {name: max(each for each, _ in runs) for name, runs in found.items()}
    return {
        "prints": given.prints,
        "messages": publisher.messages,
        "partitions": given.partitions,
        "cores": os.cpu_count(),
        "python": sys.version.split()[0],
        "published_prints_per_second": round(rate),
        "prints_per_second": {name: round(each) for name, each in rates.items()},
        "topic_to_folder_one_process": round(rates["topic_1"] / rates["folder_1"], 3),
        "topic_two_processes_to_one": round(rates["topic_2"] / rates["topic_1"], 3),
        "folder_two_processes_to_one": round(rates["folder_2"] / rates["folder_1"], 3),
        "digests": len({digest for runs in found.values() for _, digest in runs}),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="fancy-trader bench kafka", description=__doc__)
    parser.add_argument("--prints", type=int, default=400_000)
    parser.add_argument("--symbols", type=int, default=200)
    parser.add_argument("--plans", type=int, default=500)
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=1)
    given = parser.parse_args()
    with TemporaryDirectory(prefix="fancy-trader-bench-") as folder:
        print(json.dumps(bench(Path(folder), given), indent=1))


if __name__ == "__main__":
    main()
