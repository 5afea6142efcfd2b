"""Prints that are lost mark the plans that they may have moved: in states, events, explanations, API and metrics."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import ApiSettings
from flows.tape.segments.payloads import GapMark, clock, gap
from flows.tape.segments.record import Record
from operators.rows import StateRow
from operators.times import SECOND_NS, iso
from tests.flows.conftest import Replayed, ReplayRunner
from tests.flows.made import OPEN_NS, VENDOR, Command, climb, rows_of, simple_plan, speaker
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
        registering(simple_plan("ends", entry=150.0, targets=[160.0], expires_at=FROM_NS + 25 * SECOND_NS), OPEN_NS),
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
    """From the mark on each of their events says so; others, and events of a time before it, know nothing of it."""
    opened, lost = mark("open", FROM_NS + 2 * SECOND_NS), mark("lost", TOLD_NS, TO_NS)
    result = replay(replayed, tape(tmp_path / "tape", opened, lost))
    assert said(result) == {
        "before": ["target_hit", "target_hit", "completed"],
        "during": ["entered", "target_hit", "at_risk", "target_hit", "completed"],
    }
    assert gap_of(result.states, "before") == gap_of(result.states, "ended") == ("lost", TO_NS)
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


@pytest.mark.parametrize("seconds", [221, 235, 249, 250])
@pytest.mark.parametrize("told", ["lost", "close"])
def test_l5_events_of_a_time_before_a_mark_are_those_of_a_tape_that_ends_before_it(
    replayed: ReplayRunner, tmp_path: Path, told: str, seconds: int
) -> None:
    """Also those that fall due while the gap is open: a plan that comes, one that is cancelled, one that expires."""
    marks = mark("open", FROM_NS + 2 * SECOND_NS), mark(told, TOLD_NS, TO_NS)
    folder = tape(tmp_path / "tape", *marks, whole=told == "close")
    to_ns = OPEN_NS + seconds * SECOND_NS
    whole = replay(replayed, folder)
    assert {each.kind for each in whole.events if each.at_ns < TOLD_NS} >= {"registered", "cancelled", "expired"}
    cut = replay(replayed, folder, to_ns=to_ns)
    assert list(cut.events) == [each for each in whole.events if each.at_ns <= to_ns]


@pytest.mark.parametrize("seconds", [252, 254, 255, 256, 257, 300])
def test_l5_a_second_loss_takes_no_word_from_what_was_known_of_the_first(
    replayed: ReplayRunner, tmp_path: Path, seconds: int
) -> None:
    """The plans end while time stands still for the second gap, and that is decided after it was told to be lost.

    A gap that was opened after a plan's end does not mark it.
    """
    at = {number: OPEN_NS + number * SECOND_NS for number in range(400)}
    far: dict[str, Any] = {"entry": 150.0, "stop": 1.0, "targets": [160.0], "expires_at": at[254]}
    sooner = far | {"expires_at": at[251] + SECOND_NS // 2}
    plans = [registering(simple_plan("old", **far), at[0]), registering(simple_plan("young", **far), at[240])]
    plans += [registering(simple_plan("sooner", **sooner), at[240])]
    names = {"old": "g-1", "young": "g-2", "sooner": None}
    losses = [("g-1", 201, 210, 211), ("g-2", 251, 255, 256)]
    marks = [
        gap(GapMark(name, state, at[first], last, ("AAA",), "no REST"), told_ns)  # type: ignore[arg-type]
        for name, first, to, told in losses
        for state, last, told_ns in (("open", None, at[first + 1]), ("lost", at[to], at[told]))
    ]
    gone = [(at[first], at[told]) for _, first, _, told in losses]
    heard = [each for each in frames(without_gap=True) if not any(low <= each.receive_ns < high for low, high in gone)]
    folder = write_records(tmp_path / "tape", with_clock(in_order(heard, plans, marks)))
    whole = replay(replayed, folder)
    ends = {each.plan_id: each.data.get("data_gap") for each in whole.events if each.kind == "expired"}
    assert ends == {"old": True, "young": None, "sooner": None}
    assert [(whole.states[each].data_gap or {}).get("name") for each in ends] == [names[each] for each in ends]
    cut = replay(replayed, folder, to_ns=at[seconds])
    assert list(cut.events) == [each for each in whole.events if each.at_ns <= at[seconds]]


def test_a_plan_that_was_registered_after_a_gap_is_not_marked_whenever_it_was_valid_from(
    replayed: ReplayRunner, tmp_path: Path
) -> None:
    plan = simple_plan("p", entry=150.0, targets=[160.0], stop=1.0, valid_from=OPEN_NS)
    lost = mark("lost", TO_NS + 40 * SECOND_NS, TO_NS)
    records = in_order(frames(), [registering(plan, TO_NS + 20 * SECOND_NS)], [mark("open", FROM_NS), lost])
    whole = replay(replayed, write_records(tmp_path / "tape", with_clock(records)))
    assert gap_of(whole.states, "p") is None


TELLINGS: dict[str, list[tuple[str, Any, int, int, int | None]]] = {
    "open, then lost": [("g-1", "open", 203, 201, None), ("g-1", "lost", 230, 201, 228)],
    "open, then closed": [("g-1", "open", 203, 201, None), ("g-1", "close", 230, 201, 228)],
    "lost, then another lost": [("g-1", "lost", 210, 201, 209), ("g-2", "lost", 240, 225, 239)],
    "lost, then another mended": [
        ("g-1", "lost", 210, 201, 209),
        ("g-2", "open", 225, 220, None),
        ("g-2", "close", 240, 220, 239),
    ],
}
"""Name, state, when it was told, from when, to when; seconds after the open."""


def as_of(database: str, at_ns: int | None) -> list[Any]:
    """The gap of each plan as of an instant: in a list, alone, and explained."""
    found = list[Any]()
    given = {} if at_ns is None else {"as_of": str(at_ns)}
    with TestClient(create_app(ApiSettings(database)), base_url="http://localhost") as client:
        plans = client.get("/api/v1/plans", params=given).json()["plans"]
        for plan_id in [plan["plan_id"] for plan in plans]:
            one = client.get(f"/api/v1/plans/{plan_id}", params=given).json()["plan"]
            explained = client.get(f"/api/v1/plans/{plan_id}/explain", params=given).json()
            found.append((plan_id, one["phase"], one["data_gap"], [x for x in explained["lines"] if x[:4] == "gap "]))
    assert [(plan["plan_id"], plan["data_gap"]) for plan in plans] == [(each[0], each[2]) for each in found]
    return found


@pytest.mark.parametrize(("case", "symbol"), [*zip(TELLINGS, ("AAA", "*") * 2, strict=True)])
def test_l5_an_answer_as_of_an_instant_names_the_gap_that_stood_then(
    replayed: ReplayRunner, tmp_path: Path, case: str, symbol: str
) -> None:
    """As a replay to that instant does: of a plan that waits, one that comes, one that moves, one that ended."""
    second = {number: OPEN_NS + number * SECOND_NS for number in range(300)}
    never: dict[str, Any] = {"entry": {"type": "stop", "price": 150.0}, "targets": [160.0]}
    commands = [
        registering(simple_plan("waits", **never), OPEN_NS),
        registering(simple_plan("moves", stop=1.0, entry="market", targets=[900.0]), OPEN_NS),
        registering(simple_plan("comes", **never), second[222]),
        registering(simple_plan("ended", **never), OPEN_NS),
        cancelling("ended", second[215]),
        registering(simple_plan("ends", **never, expires_at=second[235]), OPEN_NS),
    ]
    marks = [
        gap(GapMark(name, state, second[start], None if end is None else second[end], (symbol,), "no REST"), second[at])
        for name, state, at, start, end in TELLINGS[case]
    ]
    ticking = [clock(second[number]) for number in range(200, 260)]
    before = [each for each in frames() if each.receive_ns < FROM_NS]
    folder = write_records(tmp_path / "tape", in_order(before, commands, marks, ticking))
    whole = replay(replayed, folder)
    for number in (204, 217, 229, 241):
        cut = replay(replayed, folder, to_ns=second[number])
        assert as_of(whole.database, second[number]) == as_of(cut.database, None), number
    assert rows_of(whole.database, "SELECT DISTINCT symbol FROM data_gaps") == [(symbol,)]


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
