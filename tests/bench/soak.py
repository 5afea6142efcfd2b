"""Does a live run stay as it is for hours?  Prints JSON; run by `fancy-trader bench soak --minutes 30 --rate 2000`.

A practice market, in a process of its own, serves a made day at the market's own speed, with faults of every kind that
a session can survive; `fancy-trader live` follows it onto a tape and into SQLite.  Every few seconds the resident
memory and the open file descriptors of each of its processes are noted.  In the end the prints on the tape are counted
against the day: none lost, none twice.
"""

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from flows.market.day import MarketDay
from flows.market.faults import Fault, random_faults
from flows.simulation.universe import universe
from flows.simulation.vendor import COLUMNS
from flows.simulation.workload import write_plans
from flows.tape.segments.follower import TapeFollower
from flows.tape.segments.payloads import read_repair, standing_gaps
from flows.tape.segments.record import Kind, Record
from operators.times import SECOND_NS
from operators.wire.frames import read_frame
from operators.wire.pages import read_page
from operators.wire.succession import FEED, Succession, Verdict
from tests.bench.live import running

START_NS = 1_781_704_800 * SECOND_NS
"""2026-06-17 10:00 New York."""
SYMBOLS = 50
SEED = 1
EDGE_SECONDS = 15.0
LONGEST_SECONDS = 5.0
SETTLE_SECONDS = 150.0
"""How long the last repair may take: a cool-down of a minute and what it missed."""
_CLI = "import sys; from flows.cli import run; sys.exit(run(sys.argv[1:]))"


@dataclass
class Watched:
    """What was seen of one kind of process: seconds since the start, resident MB, open descriptors."""

    at_s: list[float] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Tell ten samples spread over the run, and whether its last half was level.

        `level`: in the last quarter it is no larger than in the one before, but for a hundredth, by their medians, and
        holds no more descriptors.
        """
        places = sorted({round(each) for each in np.linspace(0, len(self.at_s) - 1, 10)})
        half, quarter = len(self.at_s) // 2, max(1, len(self.at_s) // 4)
        slope = np.polyfit(self.at_s[half:], self.rss_mb[half:], 1)[0] * 60 if len(self.at_s) - half > 2 else 0.0
        memory, held = (
            [float(np.median(column[-2 * quarter : -quarter] or column)), float(np.median(column[-quarter:]))]
            for column in (self.rss_mb, self.descriptors)
        )
        return {
            "minutes": [round(self.at_s[each] / 60, 1) for each in places],
            "rss_mb": [round(self.rss_mb[each], 1) for each in places],
            "descriptors": [self.descriptors[each] for each in places],
            "most_rss_mb": round(max(self.rss_mb), 1),
            "most_descriptors": max(self.descriptors),
            "second_half_mb_per_minute": round(float(slope), 3),
            "last_quarters_rss_mb": [round(each, 1) for each in memory],
            "last_quarters_descriptors": held,
            "level": memory[1] <= 1.01 * memory[0] and held[1] <= held[0],
        }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="fancy-trader bench soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=int, default=2_000, help="ticks a second")
    parser.add_argument("--faults", type=int, default=None, help="how many; without, 1.5 a minute")
    parser.add_argument("--plans", type=int, default=200)
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two looks")
    given = parser.parse_args()
    count = round(1.5 * given.minutes) if given.faults is None else given.faults
    faults = random_faults(count, SEED, EDGE_SECONDS, given.minutes * 60 - EDGE_SECONDS, LONGEST_SECONDS)
    with TemporaryDirectory(prefix="fancy-trader-soak-") as name:
        print(json.dumps(_soaked(Path(name), given, faults), indent=1))


def made_day(rate: int, minutes: float) -> MarketDay:
    """Make a day of so many prints a second, evenly spread; equal arguments, equal days."""
    count, rng = round(rate * minutes * 60), np.random.default_rng(SEED)
    listings = universe(SYMBOLS, SEED)
    rank = rng.choice(SYMBOLS, count, p=[each.share for each in listings])
    at_ns = START_NS + (np.arange(count) * (SECOND_NS // rate) // 1_000_000) * 1_000_000
    waves = 1 + 0.02 * np.sin(np.arange(count) / (60 * rate)) + rng.normal(0, 1e-4, count)
    price = np.round(np.array([each.price for each in listings])[rank] * waves, 2)
    made = {"sip_timestamp": at_ns, "participant_timestamp": at_ns, "price": price, "sequence_number": np.arange(count)}
    frame = pl.DataFrame(made).with_columns(
        pl.Series("ticker", [each.symbol for each in listings]).gather(rank).alias("ticker"),
        pl.col("sequence_number").cast(pl.String).alias("id"),
        pl.lit("14").alias("conditions"),
        pl.lit(100.0).alias("size"),
        pl.lit(11).alias("exchange"),
        pl.lit(1).alias("tape"),
        *(pl.lit(0).alias(each) for each in ("correction", "trf_id", "trf_timestamp")),
    )
    return MarketDay(frame.select(pl.col(each).cast(dtype) for each, dtype in COLUMNS.items()), "made for a soak")


def _soaked(folder: Path, given: argparse.Namespace, faults: list[Fault]) -> dict[str, Any]:
    write_plans(folder / "plans.json", given.plans, universe(SYMBOLS, SEED), SEED, 0.5)
    with _market(folder, given, faults) as (url, rest):
        symbols = ",".join(each.symbol for each in universe(SYMBOLS, SEED))
        arguments = ["live", "--tape", folder / "tape", "--plans", folder / "plans.json", "--no-scan", "--quiet"]
        arguments += ["--db", f"sqlite:///{folder}/live.db", "--symbols", symbols]
        command = [sys.executable, "-c", _CLI, *arguments, "--feed-url", url, "--rest-url", rest]
        seen: dict[str, Watched] = {}
        with running(command, folder) as (process, used):
            began = time.monotonic()
            while process.poll() is None and not _over(folder, time.monotonic() - began, given.minutes):
                _look(folder, process.pid, time.monotonic() - began, seen)
                time.sleep(given.every)
        said, market = _lines(folder / "said"), _lines(folder / "market")
    happened = Counter(each["kind"] for each in market if each["event"] == "fault")
    return {
        "minutes": given.minutes,
        "rate": given.rate,
        "faults_given": Counter(str(each.kind) for each in faults),
        "faults_of_lines_and_rest_that_happened": happened,
        "processes": {name: watched.to_json() for name, watched in seen.items()},
        "logins": sum(each["event"] == "login" for each in market),
        "back_off_steps": sum(each["event"] == "feed_waits" for each in said),
        "gaps": Counter(each["event"] for each in said if each["event"] in ("gap_repaired", "gap_stays_open")),
        "children_restarted": sum(each["event"] == "child_gone" for each in said),
        **_counted(folder / "tape", made_day(given.rate, given.minutes)),
        **used,
        "load_after": os.getloadavg(),
    }


@contextmanager
def _market(folder: Path, given: argparse.Namespace, faults: list[Fault]) -> Iterator[tuple[str, str]]:
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_serve, args=(folder / "market", given.rate, given.minutes, faults), daemon=True)
    process.start()
    try:
        while not (serving := [each for each in _lines(folder / "market") if each["event"] == "serving"]):
            if not process.is_alive():
                msg = "the practice market did not come up"
                raise SystemExit(msg)
            time.sleep(0.2)
        yield serving[0]["url"], serving[0]["rest"]
    finally:
        process.terminate()
        process.join()


def _serve(log: Path, rate: int, minutes: float, faults: list[Fault]) -> None:
    from flows.market.running import run_market
    from flows.market.server import MarketOptions

    with log.open("w", buffering=1) as said:

        def say(event: str, **fields: Any) -> None:
            said.write(json.dumps({"event": event, **fields}) + "\n")

        run_market(made_day(rate, minutes), MarketOptions(faults=tuple(faults), start_ns=START_NS - SECOND_NS), say)


def _over(folder: Path, seconds: float, minutes: float) -> bool:
    """Whether the day is over and no gap is being repaired; or nobody may wait any longer."""
    if seconds < minutes * 60:
        return False
    over = any(each["event"] == "day_over" for each in _lines(folder / "market"))
    return (over and not any(each.state == "open" for each in standing_gaps(_records(folder / "tape")).values())) or (
        seconds > minutes * 60 + SETTLE_SECONDS
    )


def _look(folder: Path, parent: int, seconds: float, seen: dict[str, Watched]) -> None:
    started = {each["pid"]: each["child"] for each in _lines(folder / "said") if each["event"] == "child_started"}
    for pid, name in {parent: "live", **started}.items():
        try:
            status = Path(f"/proc/{pid}/status").read_text()
            count = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
        except OSError:
            continue  # it is gone; another has its place
        rss = next((line for line in status.splitlines() if line.startswith("VmRSS:")), None)
        if rss is None:
            continue
        watched = seen.setdefault(name, Watched())
        watched.at_s.append(seconds)
        watched.rss_mb.append(int(rss.split()[1]) / 1024)
        watched.descriptors.append(count)


def _lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    lines = path.read_text().splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("\n")]


def _records(tape: Path) -> Iterator[Record]:
    with TapeFollower(tape, visible_only=False) as follower:
        while placed := follower.read():
            yield from (record for record, _ in placed)


def _counted(tape: Path, day: MarketDay) -> dict[str, Any]:
    """Hold the prints on the tape against the day, by their numbers: all there, and none let through twice."""
    succession, gaps = Succession(), 0
    there, through = np.zeros(len(day.prints), dtype=np.int64), np.zeros(len(day.prints), dtype=np.int64)
    for record in _records(tape):
        gaps += record.kind is Kind.GAP
        if record.kind is Kind.FRAME:
            rows, source = read_frame(record.payload)[0], FEED
        elif record.kind is Kind.REPAIR:
            rows, source = read_page(*read_repair(record.payload))[0], max(1, gaps)
        else:
            continue
        for row in rows:
            there[int(row.trade_id or 0)] += 1
            through[int(row.trade_id or 0)] += succession.judge(row, source) is Verdict.NEW
    return {
        "ticks_of_day": len(there),
        "ticks_on_tape": int(np.count_nonzero(there)),
        "ticks_lost": int(np.count_nonzero(there == 0)),
        "ticks_doubled": int(np.count_nonzero(through > 1)),
        "prints_repeated_or_late": int((there - through).sum()),
        "tape_mb": round(sum(each.stat().st_size for each in tape.glob("*.tape")) / 1e6, 1),
        "gaps_left": len(standing_gaps(_records(tape))),
    }


if __name__ == "__main__":
    main()
