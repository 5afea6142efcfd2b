"""A live flow that goes on day after day from what it kept: how long until it writes again, and what the store holds.

Every day is a session on one growing tape, with plans that end in it beside those that stay open.  Each is followed by
a process of its own as `fancy-trader live` would run it; the last one is timed from the start of its process.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import wraps
from pathlib import Path
from threading import Event
from typing import Any
from unittest.mock import patch

from tests.bench.measuring import measured
from tests.bench.replaying import MEGA

DAY_S = 86_400
FIRST_S = 1790859600  # 2026-10-01 09:00 New York
SECOND_NS = 1_000_000_000
PRINTS_A_DAY = 3
IN_A_FRAME = 500
COMMAND_EVERY_NS = 1_000_000
COMMANDS_A_MARK = 500
"""The feed's clock speaks twice a second."""


def sessions(folder: Path, symbols: int, plans: int, ending: int, days: int) -> dict[str, Any]:
    """Let a tape grow day by day; go on from the kept state each day, and once more, timed."""
    found: dict[str, Any] = {}
    for day in range(days):
        append_session(folder / "tape", symbols, ending if day else plans, day)
        lived = measured(followed, folder, symbols)
        found |= {f"{name}_first": value for name, value in lived.items()} if day == 0 else {}
        found |= {f"{name}_last": value for name, value in lived.items()}
    append_session(folder / "tape", symbols, ending, days)
    return found | measured(resumed, folder, symbols)


def append_session(tape: Path, symbols: int, plans: int, day: int) -> None:
    """Write a day: its plans, of which those of the first day stay open, and a few prints of every symbol."""
    from flows.tape.segments.payloads import clock
    from flows.tape.segments.writer import Sync, TapeWriter

    start_ns = (FIRST_S + day * DAY_S) * SECOND_NS
    records = [clock(start_ns), *_registered(symbols, plans, day, start_ns)]
    names = names_of(symbols)
    for hour in range(PRINTS_A_DAY):
        for first in range(0, symbols, IN_A_FRAME):
            at_ms = start_ns // 1_000_000 + 1_860_000 + hour * 3_600_000 + first
            records.append(_frame(names[first : first + IN_A_FRAME], at_ms, day, hour))
    records.append(clock(start_ns + 8 * 3_600 * SECOND_NS))
    with TapeWriter(tape, Sync.NEVER) as writer:
        for first in range(0, len(records), 5_000):
            writer.append(records[first : first + 5_000])


def names_of(symbols: int) -> list[str]:
    """The symbols' names, in order."""
    return [f"S{number:04d}" for number in range(symbols)]


def _registered(symbols: int, plans: int, day: int, start_ns: int) -> Iterator[Any]:
    from flows.tape.segments.payloads import PlanCommand, clock, command

    names, stays = names_of(symbols), day == 0
    style: dict[str, Any] = (
        {"style": "leap"} if stays else {"style": "scalp", "expires_at": start_ns + 3_600 * SECOND_NS}
    )
    ladder = {"direction": "long", "entry": "market", "stop": 50.0, "targets": [150.0, 160.0]}
    for number in range(plans):
        at_ns = start_ns + number * COMMAND_EVERY_NS
        if number % COMMANDS_A_MARK == COMMANDS_A_MARK - 1:
            yield clock(at_ns)
        name = f"{'stay' if stays else 'ends'}-{day}-{number}"
        plan = {"plan_id": name, "symbol": names[number % symbols], **ladder, **style}
        yield command(PlanCommand(name, "register", plan=plan), at_ns)


def _frame(names: list[str], at_ms: int, day: int, hour: int) -> Any:
    from flows.tape.segments.payloads import frame

    events = [
        {"ev": "T", "sym": name, "i": f"{day}-{hour}", "x": 11, "p": 100.0 + hour / 10, "s": 100, "ds": "100"}
        | {"z": 1, "t": at_ms, "pt": at_ms, "q": day * 10 + hour}
        for name in names
    ]
    return frame(json.dumps(events, separators=(",", ":")).encode(), at_ms * 1_000_000 + 30_000_000, feed=1)


def followed(folder: Path, symbols: int) -> dict[str, Any]:
    """Follow the tape to where it ends; return the time and what the store holds then."""
    stop, began = Event(), time.perf_counter()
    stop.set()
    follow(folder, symbols, stop)
    seconds, store = time.perf_counter() - began, folder / "kept" / "part-0.sqlite3"
    size = sum(path.stat().st_size for path in store.parent.glob(f"{store.name}*"))
    with sqlite3.connect(store) as connection:
        rows = connection.execute("SELECT count(*) FROM snaps").fetchone()[0]
    return {"store_mb": round(size / MEGA, 2), "store_rows": rows, "session_seconds": round(seconds, 2)}


def follow(folder: Path, symbols: int, stop: Event) -> None:
    """Be the flow of a live run without its scanner."""
    from flows.live.bodies import flow as body
    from flows.live.options import LiveOptions
    from flows.options import ReplayOptions

    flow = ReplayOptions(
        (folder / "tape",), None, f"sqlite:///{folder}/plans.db", recovery=folder / "kept", snapshot_s=0.5
    )
    with patch("flows.live.following.telling", lambda facts: nullcontext()):
        body(LiveOptions(flow, folder / "tape", "", symbols=tuple(names_of(symbols))), stop)


def resumed(folder: Path, symbols: int) -> dict[str, Any]:
    """Go on from the kept state; seconds from the start of this process to each step, the first commit at last."""
    ages = {"resume_begun_seconds": age_s()}
    from flows.collector import collect_later

    collect_later()  # as the flow of a live run does first of all
    from flows.hits import HitLogic
    from flows.sql_sink import SqlPartition
    from flows.tape_partition import TapePartition

    stop, restored, begun = Event(), [0], HitLogic.__init__

    def noted(name: str) -> None:
        ages.setdefault(name, age_s())

    def counted(logic: HitLogic, kept: Any, **given: Any) -> None:
        restored[0] += bool(kept)
        begun(logic, kept, **given)

    def committed() -> None:
        noted("resume_seconds")
        ages.setdefault("resume_processor_seconds", time.process_time())
        stop.set()

    reading = _around(TapePartition.next_batch, before=lambda: noted("resume_reading_seconds"))
    writing = _around(SqlPartition.write_batch, after=committed)
    with (
        patch.object(HitLogic, "__init__", counted),
        patch.object(TapePartition, "next_batch", reading),
        patch.object(SqlPartition, "write_batch", writing),
    ):
        follow(folder, symbols, stop)
    return {**{name: round(value, 3) for name, value in ages.items()}, "resume_symbols": restored[0]}


def _around(
    method: Callable[..., Any], before: Callable[[], None] = lambda: None, after: Callable[[], None] = lambda: None
) -> Callable[..., Any]:
    @wraps(method)
    def wrapped(*given: Any) -> Any:
        before()
        result = method(*given)
        after()
        return result

    return wrapped


def age_s() -> float:
    """Seconds since this process was started, to a hundredth."""
    import os

    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
