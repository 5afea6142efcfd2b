"""How fast the live path is.  Prints JSON; run by `fancy-trader bench live`.

An open-loop generator, in a process of its own and with all frames written beforehand, sends vendor frames on schedule
over a real WebSocket; whatever is late is late from its scheduled time.  Three parts:

ticks: `fancy-trader live` with plans.  Each frame's last print makes an event of a plan, so that every frame is timed:
from its scheduled time until another process sees the event in SQLite.  Socket, queue, durable tape, dataflow and
commit are all in it.  `of_plans`: the same of the other plans' events.  The first second is the warming up, in which
every symbol has its first print and every plan at the market enters: it stands by itself in `while_warming_up`.
feed: the feed's process alone, held to one core, until the frames can be read from the durable tape.
burst: as `ticks`, at the pace of a market's open, until everything is committed.
"""

import argparse
import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flows.simulation.workload import write_plans
from tests.bench.live_feed import PROBE_PLAN, START_NS, Load, generating
from tests.bench.live_watch import DatabaseWatch, TapeWatch, count_ticks, latencies, of_plans, of_probe, quantiles

NEAR_SHARE = 0.5
PATIENCE_SECONDS = 120.0
PARTS = ("ticks", "feed", "burst")
_CLI = "import sys; from flows.cli import run; sys.exit(run(sys.argv[1:]))"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="fancy-trader bench live", description=__doc__)
    parser.add_argument("--part", action="append", choices=PARTS, help="only these")
    parser.add_argument("--plans", type=int, default=1_000)
    parser.add_argument("--scan", action="store_true", help="with bars, levels and detectors of all symbols as well")
    parser.add_argument("--symbols", type=int, default=500, help="a few are busy and most are quiet")
    parser.add_argument("--rate", type=int, default=20_000, help="ticks a second of `ticks`")
    parser.add_argument("--seconds", type=float, default=20.0, help="of `ticks`")
    parser.add_argument("--warm-up", type=float, default=1.0, help="seconds of `ticks` and `burst` that stand alone")
    parser.add_argument("--feed-rate", type=int, default=160_000)
    parser.add_argument("--feed-seconds", type=float, default=10.0)
    parser.add_argument("--burst-rate", type=int, default=100_000)
    parser.add_argument("--burst-seconds", type=float, default=10.0)
    parser.add_argument("--frame-ms", type=int, default=5, help="how long the vendor gathers prints for a frame")
    parser.add_argument("--fsync", default="batch", help="when the tape is made durable")
    parser.add_argument("--snapshot-seconds", default=None, help="how often the flow keeps its state; as `live` has it")
    given = parser.parse_args()
    report: dict[str, Any] = {"python": sys.version.split()[0], "cores": os.cpu_count(), "load_before": os.getloadavg()}
    for part in given.part or PARTS:
        report[part] = _measured(part, given)
    report["load_after"] = os.getloadavg()
    print(json.dumps(report, indent=1))


def _measured(part: str, given: argparse.Namespace) -> dict[str, Any]:
    match part:
        case "ticks":
            return live_once(Load(given.rate, given.seconds, given.frame_ms, given.symbols, probed=True), given)
        case "feed":
            return feed_once(Load(given.feed_rate, given.feed_seconds, given.frame_ms, given.symbols), given)
        case _:
            load = Load(given.burst_rate, given.burst_seconds, given.frame_ms, given.symbols, probed=True)
            return live_once(load, given)


def live_once(load: Load, given: argparse.Namespace) -> dict[str, Any]:
    """Follow the load with `fancy-trader live`."""
    with TemporaryDirectory(prefix="fancy-trader-bench-") as name, generating(load) as generator:
        folder = Path(name)
        plans = _plans(folder / "plans.json", load, given.plans)
        arguments = ["live", "--tape", folder / "tape", "--plans", folder / "plans.json", "--no-repair"]
        followed = ",".join(sorted({each.symbol for each in load.listings} | {str(PROBE_PLAN["symbol"])}))
        arguments += ["--symbols", followed] if given.scan else ["--no-scan"]
        arguments += ["--db", f"sqlite:///{folder}/live.db", "--feed-url", generator.url, "--quiet"]
        arguments += ["--fsync", given.fsync]
        if given.snapshot_seconds is not None:
            arguments += ["--snapshot-seconds", given.snapshot_seconds]
        with running([sys.executable, "-c", _CLI, *arguments], folder) as (process, used):
            watch = _registered(folder / "live.db", len(plans), process)
            began_ns = generator.start()
            done = watch.until("probe", load.last_ns, load.seconds + PATIENCE_SECONDS)
            drained_ns = time.monotonic_ns()
            late_ms = generator.late_ms()
        warm_ns = START_NS + round(given.warm_up * 1e9)
        warm = [each for each in watch.events if each[1] >= warm_ns]
        report = {
            "plans": len(plans),
            "symbols": load.symbols,
            "scan": given.scan,
            **_sent(load, late_ms),
            "ticks_on_tape": count_ticks(folder / "tape"),
            "ticks_watched": load.ticks_of({each["symbol"] for each in plans}),
            "ticks_committed": watch.count("SELECT sum(records) FROM progress"),
            "dead_letters": watch.count("SELECT count(*) FROM dead_letters"),
            "last_event_seen": done,
            "drained_seconds_after_last": round((drained_ns - began_ns) / 1e9 - load.seconds, 3),
            "warm_up_seconds": given.warm_up,
            "scheduled_to_committed": quantiles(latencies(of_probe(warm), began_ns)),
            "of_plans": quantiles(latencies(of_plans(warm), began_ns)),
            "while_warming_up": quantiles(latencies(of_probe(set(watch.events) - set(warm)), began_ns)),
            "commits_seen": watch.commits,
            **used,
            **_feed_said(folder),
        }
        watch.close()
        return report


def feed_once(load: Load, given: argparse.Namespace) -> dict[str, Any]:
    """Follow the load with the feed's process alone, on one core; all else has the others."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, cores[:-1])
    with TemporaryDirectory(prefix="fancy-trader-bench-") as name, generating(load) as generator:
        folder = Path(name)
        arguments = ["-m", "flows.feed.process", "--tape", folder / "tape", "--feed-url", generator.url]
        command = [sys.executable, *arguments, "--no-repair", "--sync", given.fsync]
        with running(command, folder) as (process, used):
            os.sched_setaffinity(process.pid, {cores[-1]})
            while "streaming" not in (folder / "said").read_text():
                time.sleep(0.01)
            began_ns, watch = generator.start(), TapeWatch(folder / "tape")
            done = watch.until(load.ticks, load.seconds + PATIENCE_SECONDS)
            late_ms = generator.late_ms()
        os.sched_setaffinity(0, cores)
        last_ns = watch.frames[-1][0] if watch.frames else began_ns
        return {
            **_sent(load, late_ms),
            "ticks_on_tape": count_ticks(folder / "tape"),
            "all_on_tape": done,
            "sustained_per_second": round(load.ticks / max(load.seconds, (last_ns - began_ns) / 1e9)),
            "per_cpu_second": round(load.ticks / max(1e-9, used["cpu_seconds"])),
            "scheduled_to_durable_tape": quantiles(latencies(watch.frames, began_ns)),
            **used,
            **_feed_said(folder),
        }


@contextmanager
def running(command: list[Any], folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """Run a program while the block lasts; then say how it left and what processor time it took, children included."""
    used: dict[str, Any] = {}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with (folder / "said").open("wb") as said:
        environment = {**os.environ, "MASSIVE_API_KEY": "bench"}
        process = subprocess.Popen([str(each) for each in command], stderr=said, env=environment)
        try:
            yield process, used
        finally:
            process.send_signal(signal.SIGTERM)
            used["exit_code"] = process.wait(60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used["cpu_seconds"] = round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2)


def _plans(path: Path, load: Load, count: int) -> list[dict[str, Any]]:
    """Write `count` plans, the probe's among them; return them."""
    write_plans(path, count - 1, load.listings, load.seed, NEAR_SHARE)
    plans: list[dict[str, Any]] = [PROBE_PLAN, *json.loads(path.read_text())]
    path.write_text(json.dumps(plans))
    return plans


def _sent(load: Load, late_ms: float) -> dict[str, Any]:
    return {
        "rate": load.rate,
        "seconds": load.seconds,
        "frame_ms": load.frame_ms,
        "ticks_sent": load.ticks,
        "generator_late_ms_max": round(late_ms, 2),
    }


def _registered(database: Path, plans: int, process: subprocess.Popen[bytes]) -> DatabaseWatch:
    """Wait until all plans are registered; return what watches the database from there on."""
    while process.poll() is None:
        time.sleep(0.1)
        if not database.exists():
            continue
        watch = DatabaseWatch(database)
        try:
            if watch.registered() >= plans:
                return watch
        except sqlite3.OperationalError:  # its tables are on their way
            pass
        watch.close()
    msg = f"fancy-trader live left with {process.returncode}: {(database.parent / 'said').read_text()[-2000:]}"
    raise SystemExit(msg)


def _feed_said(folder: Path) -> dict[str, Any]:
    """Return what the feed counted, from its last words."""
    lines = [json.loads(line) for line in (folder / "said").read_text().splitlines() if line.startswith("{")]
    last: dict[str, Any] = next((each for each in reversed(lines) if each["event"] == "feed_over"), {})
    return {f"feed_{name}": last.get(name) for name in ("frames", "dropped_frames", "gaps", "connections")}


if __name__ == "__main__":
    main()
