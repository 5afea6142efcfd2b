"""Prints that are lost mark the plans that they may have moved: in states, events, explanations, API and metrics."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import ApiSettings
from flows.tape.segments.payloads import GapMark, gap
from flows.tape.segments.record import Record
from operators.rows import StateRow
from operators.times import SECOND_NS, iso
from tests.flows.conftest import Replayed, ReplayRunner
from tests.flows.made import OPEN_NS, VENDOR, Command, climb, simple_plan, speaker
from tests.flows.made_tape import as_frames, cancelling, in_order, registering, with_clock, write_records

FROM_NS, TO_NS = OPEN_NS + 200 * SECOND_NS, OPEN_NS + 250 * SECOND_NS
TOLD_NS = TO_NS
"""Before the first frame that is there again, as the feed marks it."""
UNTOLD = simple_plan("untold", symbol="ZZZ")
"""A replay of files wants a plan; this one never begins."""


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in this process."""
    return speaker(capsys)


def frames(*, without_gap: bool = False) -> list[Record]:
    """A symbol that climbs a cent a second, but for what is missing."""
    prints = list(csv.DictReader(io.StringIO("\n".join([VENDOR, *climb()]), newline="")))
    return as_frames(each for each in prints if without_gap or not FROM_NS <= int(each["sip_timestamp"]) < TO_NS)


def mark(state: Any, at_ns: int, to_ns: int | None = None, *symbols: str) -> Record:
    return gap(GapMark("g-1", state, FROM_NS, to_ns, symbols or ("AAA",), "no REST"), at_ns)


def tape(folder: Path, *marks: Record, whole: bool = False) -> Path:
    """Plans before, in and after the gap, one that is cancelled in it, and the marks of the gap."""
    commands = [
        registering(simple_plan("before"), OPEN_NS),
        registering(simple_plan("ended", stop=1.0, targets=[900.0]), OPEN_NS + SECOND_NS),
        registering(simple_plan("during", stop=1.0), FROM_NS + 20 * SECOND_NS),
        cancelling("ended", FROM_NS + 30 * SECOND_NS),
        registering(simple_plan("after", stop=1.0), TO_NS + 20 * SECOND_NS),
        registering(simple_plan("elsewhere", "BBB"), OPEN_NS),
    ]
    return write_records(folder, with_clock(in_order(frames(without_gap=whole), commands, marks)))


def replay(replayed: ReplayRunner, folder: Path, **options: Any) -> Replayed:
    return replayed([folder], [UNTOLD], **options)


def said(replayed: Replayed) -> dict[str, list[str]]:
    """The events that speak of the gap, by plan."""
    told = [event for event in replayed.events if event.data.get("data_gap")]
    text = f"; prints from {iso(FROM_NS)} to {iso(TO_NS)} may be missing"
    assert all(event.data["why"].endswith(text) for event in told)
    assert all("may be missing" not in event.data["why"] for event in replayed.events if event not in told)
    plans = sorted({event.plan_id for event in told})
    return {plan_id: [str(event.kind) for event in told if event.plan_id == plan_id] for plan_id in plans}


def gap_of(states: dict[str, StateRow], plan_id: str) -> tuple[str, int | None] | None:
    found = states[plan_id].data_gap
    return None if found is None else (found["state"], found["to_ns"])


def test_what_is_lost_marks_the_plans_that_it_may_have_moved(replayed: ReplayRunner, tmp_path: Path) -> None:
    """From the mark on each of their events says so; others know nothing of it."""
    opened, lost = mark("open", FROM_NS + 2 * SECOND_NS), mark("lost", TOLD_NS, TO_NS)
    result = replay(replayed, tape(tmp_path / "tape", opened, lost))
    assert said(result) == {
        "before": ["target_hit", "target_hit", "completed"],
        "during": ["registered", "entered", "target_hit", "at_risk", "target_hit", "completed"],
        "ended": ["cancelled"],
    }
    assert gap_of(result.states, "before") == ("lost", TO_NS)
    assert gap_of(result.states, "after") is None
    assert gap_of(result.states, "elsewhere") is None


@pytest.mark.parametrize("symbols", [(), ("*",)])
def test_a_gap_that_is_mended_leaves_no_mark(symbols: tuple[str, ...], replayed: ReplayRunner, tmp_path: Path) -> None:
    marks = mark("open", FROM_NS + 2 * SECOND_NS, None, *symbols), mark("close", TOLD_NS, TO_NS, *symbols)
    mended = replay(replayed, tape(tmp_path / "mended", *marks, whole=True))
    undisturbed = replay(replayed, tape(tmp_path / "whole", whole=True))
    assert said(mended) == {}
    assert mended.digest == undisturbed.digest


def test_while_a_gap_is_open_states_say_so_and_nothing_before_it_does(replayed: ReplayRunner, tmp_path: Path) -> None:
    """L5: as of an instant before the mark, nobody knows of it."""
    folder = tape(tmp_path / "tape", mark("open", FROM_NS + 2 * SECOND_NS), mark("lost", TOLD_NS, TO_NS))
    then = replay(replayed, folder, to_ns=FROM_NS + 3 * SECOND_NS)
    assert gap_of(then.states, "before") == ("open", None)
    assert gap_of(replay(replayed, folder, to_ns=FROM_NS + SECOND_NS).states, "before") is None


def test_explanations_the_api_and_metrics_name_the_gap(
    command: Command, replayed: ReplayRunner, tmp_path: Path
) -> None:
    folder = tape(tmp_path / "tape", mark("lost", TOLD_NS, TO_NS))
    result = replay(replayed, folder, to_ns=OPEN_NS + 400 * SECOND_NS)
    line = "gap g-1: prints from 2013-10-08 09:33:20 ET to 2013-10-08 09:34:10 ET are lost (no REST)"
    explained = command("explain", "before", "--db", result.database)
    assert line in explained.out.splitlines()
    earlier = command("explain", "before", "--at", iso(FROM_NS), "--db", result.database)
    assert "gap g-1" not in earlier.out
    with TestClient(create_app(ApiSettings(result.database)), base_url="http://localhost") as client:
        plan = client.get("/api/v1/plans/before").json()["plan"]
        assert plan["data_gap"] == {
            "name": "g-1",
            "state": "lost",
            "at_ns": TOLD_NS,
            "from_ns": FROM_NS,
            "to_ns": TO_NS,
            "reason": "no REST",
        }
        assert client.get("/api/v1/plans/after").json()["plan"]["data_gap"] is None
        assert line in client.get("/api/v1/plans/before/explain").json()["lines"]
        metrics = client.get("/metrics").text.splitlines()
    marked = [
        name for name, row in result.states.items() if row.data_gap and row.phase in ("waiting", "open", "scaled")
    ]
    assert f"fancy_trader_plans_in_data_gap {len(marked)}.0" in metrics
    assert len(marked) > 0
