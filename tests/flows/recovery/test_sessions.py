"""What is kept after many sessions is what is open, not what ever was."""

import sqlite3
from pathlib import Path
from typing import Any

from flows.options import ReplayOptions
from flows.tape.segments.payloads import clock
from operators.times import SECOND_NS
from tests.flows.made import OPEN_NS, rows_of
from tests.flows.made_tape import as_frames, market_prints, registering, write_records
from tests.flows.recovery.stops import go_on

DAY_NS = 86_400 * SECOND_NS
SYMBOLS = ("AAA", "BBB")
PLAN: dict[str, Any] = {"direction": "long", "entry": {"type": "stop", "price": 9_000.0}, "stop": 1.0}
SESSIONS = 15


def session(number: int) -> list[Any]:
    """A day on which four plans come and end, one a symbol stays open from the first; prints and a clock mark."""
    start = OPEN_NS + number * DAY_NS
    prints = market_prints(SYMBOLS, 3, seed=number, seconds=300)
    for each in prints:
        for name in ("sip_timestamp", "participant_timestamp"):
            each[name] = str(int(each[name]) + number * DAY_NS)
        each["id"] = f"{number}-{each['id']}"
    plans = [PLAN | {"plan_id": f"ends-{number}-{each}", "style": "scalp"} for each in range(4)]
    plans = [plan | {"expires_at": start + 3_600 * SECOND_NS} for plan in plans]
    plans += [PLAN | {"plan_id": "stays", "style": "leap"}] if number == 0 else []
    commands = [
        registering(plan | {"symbol": symbol, "plan_id": f"{plan['plan_id']}-{symbol}", "targets": [9_100.0]}, start)
        for plan in plans
        for symbol in SYMBOLS
    ]
    return [*commands, *as_frames(prints), clock(start + 7_200 * SECOND_NS)]


def test_fifteen_sessions_leave_no_more_in_the_store_than_a_few(tmp_path: Path) -> None:
    """One state per step and symbol; each ended plan leaves its version and its number of events."""
    url, kept = f"sqlite:///{tmp_path}/plans.db", tmp_path / "kept"
    options = ReplayOptions((tmp_path / "tape",), None, url, recovery=kept, snapshot_s=0.05)
    rows, sizes = list[int](), list[int]()
    for number in range(SESSIONS):
        write_records(tmp_path / "tape", session(number))
        go_on(options, 1, follow=True)
        with sqlite3.connect(kept / "part-0.sqlite3") as store:
            query = "SELECT count(*), sum(length(ser_change)) FROM snaps WHERE step_id LIKE '%detect_hits%'"
            count, size = store.execute(query).fetchone()
            rows.append(count)
            sizes.append(size)
    assert set(rows[1:]) == {len(SYMBOLS)}
    a_plan = (sizes[-1] - sizes[4]) / ((SESSIONS - 5) * 4 * len(SYMBOLS))
    assert 0 < a_plan < 60, "bytes that an ended plan leaves"
    ended = "SELECT phase, count(*) FROM plan_states GROUP BY phase ORDER BY phase"
    assert rows_of(url, ended) == [("expired", SESSIONS * 4 * len(SYMBOLS)), ("waiting", len(SYMBOLS))]
