"""L4 through all that a day does to a run: outages of a second, a minute and an hour, one SIGKILL of each process.

The answer is that of the tape, and that of the day as if nothing had been.
"""

import json
import math
import os
import signal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.market.day import MarketDay
from flows.tape.segments.follower import TapeFollower
from flows.tape.segments.payloads import standing_gaps
from operators.times import SECOND_NS
from sinks.database import open_database, reading
from tests.flows.live.running_live import Live, kinds_of, live, until
from tests.flows.live.test_supervision import pids
from tests.flows.made import Command, digest_of, speaker
from tests.flows.market.practice import KEY, START_NS, made_day, serving
from tests.flows.processes import lives

SYMBOLS = ("AAA", "BRK.B")
WATCHED = ("--symbols", ",".join(SYMBOLS), "--no-scan")
PRINTS, APART_S = 10_000, 2
SPEED = 1_000.0
LEAD_S = 3_600
"""So long before the day the market's time begins."""
OUTAGES = tuple(f"drop@{LEAD_S + after}:{lasts}" for after, lasts in ((840, 1), (2_940, 60), (5_940, 3_600)))
BACK_NS = START_NS + 9_540 * SECOND_NS
"""When the last outage is over."""
LAST_PRICE = 150.0


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in this process."""
    return speaker(capsys)


def wavy_day() -> MarketDay:
    """Prices that go up and down for five hours and a half; the last print of each symbol is out of reach of others.

    SIP times are whole milliseconds, as the feed tells them.
    """
    day = made_day(PRINTS, SYMBOLS, APART_S * SECOND_NS)
    prices = [round(100 + 4 * math.sin(number / 170) + 2 * math.sin(number / 23), 2) for number in range(PRINTS)]
    prices[-2:] = [LAST_PRICE] * 2
    whole_ms = pl.col("sip_timestamp") // 1_000_000 * 1_000_000
    return MarketDay(day.prints.with_columns(sip_timestamp=whole_ms, price=pl.Series(prices)), day.label)


def plans() -> list[dict[str, Any]]:
    """Ladders of both directions all over the range, some with trails; one per symbol waits for the last print.

    They begin ten minutes into the day: by then every run has heard of them.
    """
    begin = {"style": "swing", "valid_from": START_NS + 600 * SECOND_NS}
    made = []
    for symbol in SYMBOLS:
        for number in range(12):
            sign, entry = (1, -1)[number % 2], 95.5 + number * 0.8
            plan = {"plan_id": f"{symbol}-{number}", "symbol": symbol, "direction": ("long", "short")[number % 2]}
            ladder = {"stop": entry - sign * 1.5, "targets": [entry + sign * 0.8, entry + sign * 2.5], "entry": entry}
            trail = {"trail": {"distance": 1.0, "step": 0.25}} if number % 3 == 0 else {}
            made.append(begin | plan | ladder | trail)
        last = {"plan_id": f"{symbol}-last", "symbol": symbol, "direction": "long", "stop": 50.0, "targets": [400.0]}
        made.append(begin | last | {"entry": {"type": "stop", "price": LAST_PRICE}})
    return made


def happened(url: str) -> list[Any]:
    """All that happened to plans; only when they were registered depends on when somebody asked for it."""
    engine = open_database(url)
    try:
        with reading(engine) as connection:
            query = "SELECT plan_id, seq, kind, at_ns, price, data FROM plan_events WHERE kind <> 'registered'"
            return [tuple(row) for row in connection.exec_driver_sql(f"{query} ORDER BY plan_id, seq")]
    finally:
        engine.dispose()


def open_gaps(tape: Path) -> list[str]:
    with TapeFollower(tape) as follower:
        return list(standing_gaps(record for record, _ in follower.read(1 << 28)))


def kill(run: Live, child: str) -> None:
    """Kill a child and wait for the next in its place."""
    started = run.said("child_started", child=child)
    os.kill(started[-1]["pid"], signal.SIGKILL)
    until(lambda: len(run.said("child_started", child=child)) > len(started))


def test_l4_outages_of_any_length_and_a_kill_of_each_process_change_nothing(command: Command, tmp_path: Path) -> None:
    day, file, tape = wavy_day(), tmp_path / "2026-06-17.parquet", tmp_path / "tape"
    day.prints.write_parquet(file)
    asked = tmp_path / "plans.json"
    asked.write_text(json.dumps(plans()))
    lived, again, whole = (f"sqlite:///{tmp_path}/{name}.db" for name in ("live", "again", "whole"))
    arguments = ("--tape", tape, "--db", lived, "--plans", asked, *WATCHED)
    with serving(day, *OUTAGES, speed=SPEED, start_ns=START_NS - LEAD_S * SECOND_NS) as market:
        with live(market, tmp_path / "log", KEY, *arguments) as run:
            until(lambda: any(each["to_ns"] >= BACK_NS for each in run.said("gap_repaired")))
            kill(run, "feed")
            kill(run, "flow")
            children = list(pids(run).values())
            run.process.kill()
            until(lambda: not any(map(lives, children)))
        with live(market, tmp_path / "log-2", KEY, *arguments) as run:
            until(lambda: all("entered" in kinds_of(lived, f"{symbol}-last") for symbol in SYMBOLS))
            assert run.stop() == 0
    assert open_gaps(tape) == []
    assert command("replay", tape, *WATCHED, "--db", again).code == 0
    assert digest_of(again) == digest_of(lived)
    assert command("replay", file, "--plans", asked, *WATCHED, "--db", whole).code == 0
    assert happened(lived) == happened(whole)
    assert {row[2] for row in happened(whole)} >= {"entered", "target_hit", "trail_raised", "stopped", "completed"}
