"""A scan that begins within a session says so: it knows that session's levels from a part of it."""

from pathlib import Path

import pytest

from flows.live.following import _prepared
from flows.live.options import LiveOptions
from flows.options import ReplayOptions
from flows.replay import prepare
from flows.tape.beginning import day_of_tape
from flows.tape.segments.payloads import clock
from operators.times import SECOND_NS
from tests.flows.made import OPEN_NS, climb, write_plans, write_tape
from tests.flows.made import simple_plan as plan
from tests.flows.made_tape import as_frames, market_prints, write_records

PRE_NS = OPEN_NS - 330 * 60 * SECOND_NS
TOLD = (
    "the scan begins at 2013-10-08 {} ET, within a session: its ranges, VWAP, highs and lows, and the levels that the"
)


@pytest.mark.parametrize(
    ("from_ns", "told"),
    [(None, None), (PRE_NS, None), (PRE_NS + 1, "04:00:00"), (OPEN_NS + 660 * SECOND_NS, "09:41:00")],
)
def test_a_replay_from_within_a_session_says_so_where_it_scans(
    tmp_path: Path, from_ns: int | None, told: str | None
) -> None:
    tape = write_tape(tmp_path, climb())
    for scan in (True, False):
        plans = write_plans(tmp_path, [plan("p")])
        given = ReplayOptions((tape,), plans, f"sqlite:///{tmp_path}/x.db", from_ns=from_ns, scan=scan)
        notes = [each for each in prepare(given).notes if "within a session" in each]
        assert [each.startswith(TOLD.format(told)) for each in notes] == ([True] if scan and told else [])


@pytest.mark.parametrize(("first_ns", "count"), [(PRE_NS, 0), (OPEN_NS + 60 * SECOND_NS, 1)])
def test_a_recorded_tape_and_the_live_run_that_writes_it_say_when_they_began(
    tmp_path: Path, first_ns: int, count: int
) -> None:
    prints = [each for each in market_prints(("AAA",), 40) if int(each["sip_timestamp"]) >= first_ns]
    folder = write_records(tmp_path / "tape", [clock(first_ns), *as_frames(prints)])
    options = ReplayOptions((folder,), None, f"sqlite:///{tmp_path}/x.db", scan=True)
    day = day_of_tape(folder)
    assert day is not None
    live = _prepared(LiveOptions(options, folder, "ws://nowhere", symbols=("AAA",)), day)
    assert [len(each.notes) for each in (prepare(options), live)] == [count, count]
