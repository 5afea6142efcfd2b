"""What a recorded tape tells between its prints: market events told late or anew, and commands that contradict."""

import json
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import ApiSettings
from flows.asking import ask_to_register, ask_to_watch
from flows.live.asked import Asked
from flows.live.following import _prepared
from flows.live.options import LiveOptions
from flows.meter import Meter
from flows.newcomers import Newcomers
from flows.options import ReplayOptions
from flows.replay import prepare, run
from flows.tape.beginning import beginning
from flows.tape.segments.payloads import PlanCommand, clock, market_events, read_command
from flows.tape.segments.record import Kind
from flows.tape.segments.writer import TapeWriter
from operators.market_events import MarketEvent, Severity
from operators.nyse import nyse_calendar
from operators.sessions import new_york
from operators.times import SECOND_NS
from sinks.database import open_database
from sinks.schema import ensure_schema
from tests.flows.made import OPEN_NS, digest_of, rows_of, simple_plan, speaker, write_plans
from tests.flows.made_tape import as_frames, in_order, market_prints, registering, with_clock, write_records
from tests.flows.recovery.stops import go_on
from tests.flows.tape_segments.made_records import everything

PRINTS = market_prints(("AAA", "BBB"), 400, seed=1, seconds=3_000)
NEVER_MET: dict[str, Any] = {"entry": {"type": "stop", "price": 5_000.0}, "stop": 1.0, "targets": [6_000.0]}
EVENT = MarketEvent("E", "*", "fomc", Severity.HIGH, OPEN_NS + 1_200 * SECOND_NS, OPEN_NS - 10**12, "told late")
LOG = "SELECT plan_id, seq, kind, at_ns FROM plan_events ORDER BY plan_id, seq"


def replayed(folder: Path, name: str, to_ns: int | None = None) -> str:
    """Replay the tape in a folder; return the database."""
    url = f"sqlite:///{folder}/{name}.db"
    go_on(ReplayOptions((folder / "tape",), None, url, to_ns=to_ns), None)
    return url


@pytest.mark.parametrize("seconds", [400, 899, 1_500])
def test_l5_events_that_are_told_behind_the_end_of_a_replay_say_nothing(tmp_path: Path, seconds: int) -> None:
    """Neither do they gate, nor does time go on to where they stand."""
    ends = simple_plan("ends", style="swing", expires_at=OPEN_NS + 500 * SECOND_NS, **NEVER_MET)
    plans = [
        registering(each, OPEN_NS + SECOND_NS) for each in (ends, simple_plan("gated", style="swing", **NEVER_MET))
    ]
    told = [market_events([EVENT], OPEN_NS + 900 * SECOND_NS)]
    write_records(tmp_path / "tape", with_clock(in_order(plans, as_frames(PRINTS), told)))
    to_ns = OPEN_NS + seconds * SECOND_NS
    whole = rows_of(replayed(tmp_path, "whole"), LOG)
    assert {kind for _, _, kind, _ in whole} >= {"expired", "gated", "ungated"}
    assert rows_of(replayed(tmp_path, "cut", to_ns), LOG) == [each for each in whole if each[3] <= to_ns]


@pytest.mark.parametrize("every_s", [1, 700])
@pytest.mark.parametrize("after_ns", [-2 * SECOND_NS, -1, 0, 2 * SECOND_NS])
def test_l5_what_is_told_acts_at_the_time_of_its_telling(tmp_path: Path, every_s: int, after_ns: int) -> None:
    """However long somebody had known it, and however far clock marks stand from there."""
    plan = registering(simple_plan("gated", style="swing", **NEVER_MET), OPEN_NS + SECOND_NS)
    told_ns = OPEN_NS + 900 * SECOND_NS + SECOND_NS // 2
    records = in_order([plan], as_frames(PRINTS), [market_events([EVENT], told_ns)])
    write_records(tmp_path / "tape", with_clock(records, every_s * SECOND_NS))
    whole = rows_of(replayed(tmp_path, "whole"), LOG)
    assert [each[3] for each in whole if each[2] == "gated"] == [told_ns]
    to_ns = told_ns + after_ns
    assert rows_of(replayed(tmp_path, "cut", to_ns), LOG) == [each for each in whole if each[3] <= to_ns]


@pytest.mark.parametrize("slow_s", [0, 3, 60])
@pytest.mark.parametrize("seconds", [590, 599, 601, 660, 700])
def test_l5_what_a_slow_clock_stamps_acts_where_it_stands(tmp_path: Path, slow_s: int, seconds: int) -> None:
    """A command and an event that are received before the prints in front of them were made act no sooner than those.

    A replay to between their stamps and that time has neither.
    """
    slow_ns, at_ns = slow_s * SECOND_NS, OPEN_NS + 600 * SECOND_NS
    plans = [
        registering(simple_plan(each, style="swing", **NEVER_MET), at) for each, at in (("p", OPEN_NS), ("q", at_ns))
    ]
    records = in_order([plans[0]], as_frames(PRINTS), [plans[1], market_events([EVENT], at_ns)])
    slow = [record._replace(receive_ns=record.receive_ns - slow_ns) for record in records]
    write_records(tmp_path / "tape", slow)
    whole = rows_of(replayed(tmp_path, "whole"), LOG)
    assert {each[0] for each in whole if each[2] == "gated"} == {"p", "q"}
    to_ns = OPEN_NS + seconds * SECOND_NS
    assert rows_of(replayed(tmp_path, "cut", to_ns), LOG) == [each for each in whole if each[3] <= to_ns]


def test_an_event_that_moves_to_another_symbol_leaves_the_first_one(tmp_path: Path) -> None:
    """It was told of the wrong one: that is gated no more."""
    plans = [registering(simple_plan(each, each, style="swing", **NEVER_MET), OPEN_NS) for each in ("AAA", "BBB")]
    wrong, right = (replace(EVENT, symbol=symbol) for symbol in ("AAA", "BBB"))
    told = [market_events([wrong], OPEN_NS - SECOND_NS), market_events([right], OPEN_NS + 1_190 * SECOND_NS)]
    write_records(tmp_path / "tape", with_clock(in_order(told, plans, as_frames(PRINTS))))
    log = [(plan_id, kind) for plan_id, _, kind, _ in rows_of(replayed(tmp_path, "whole"), LOG)]
    assert [each for each in log if each[1] != "registered"] == [
        ("AAA", "gated"),
        ("AAA", "ungated"),
        ("BBB", "gated"),
        ("BBB", "ungated"),
    ]
    ungated = {
        plan_id: at_ns
        for plan_id, _, kind, at_ns in rows_of(f"sqlite:///{tmp_path}/whole.db", LOG)
        if kind == "ungated"
    }
    assert ungated["AAA"] < EVENT.at_ns < ungated["BBB"]


@pytest.mark.parametrize("workers", [1, 2])
def test_why_a_plan_waits_is_explained_by_events_that_the_tape_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], workers: int
) -> None:
    """They are in their table, once, with the plans that they keep waiting."""
    plan = simple_plan("p", "AAA", style="swing", on_event="suppress", entry="market", stop=1.0, targets=[900.0])
    told = [market_events([EVENT], OPEN_NS - SECOND_NS)]
    later = [registering(plan, OPEN_NS + 1_000 * SECOND_NS)]
    until = [each for each in PRINTS if int(each["sip_timestamp"]) < EVENT.at_ns]
    folder = write_records(tmp_path / "tape", with_clock(in_order(told, later, as_frames(until))))
    url = f"sqlite:///{tmp_path}/whole.db"
    command = speaker(capsys)
    assert command("replay", folder, "--db", url, "--no-scan", "--workers", workers).code == 0
    assert rows_of(url, "SELECT id, symbol, at_ns, label FROM market_events") == [("E", "*", EVENT.at_ns, "told late")]
    assert rows_of(url, "SELECT phase, gate FROM plan_states") == [("waiting", "suppress")]
    said = command("explain", "p", "--db", url)
    assert ("waiting as of" in said.out, "fomc" in said.out) == (True, True), said


@pytest.mark.parametrize("seconds", [500, 890, 901, 1_500])
def test_l5_an_event_that_is_told_again_was_until_then_what_was_told_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], seconds: int
) -> None:
    """In the calendar as of an instant and in explanations then, as a replay to that instant has them."""
    plan = simple_plan("p", "AAA", style="swing", on_event="suppress", entry="market", stop=1.0, targets=[900.0])
    moved = replace(EVENT, at_ns=EVENT.at_ns + 2 * 3_600 * SECOND_NS, label="moved")
    told = [market_events([EVENT], OPEN_NS - SECOND_NS), market_events([EVENT], OPEN_NS + 300 * SECOND_NS)]
    told.append(market_events([moved], OPEN_NS + 900 * SECOND_NS))
    folder = write_records(
        tmp_path / "tape", with_clock(in_order([registering(plan, OPEN_NS)], as_frames(PRINTS), told))
    )
    to_ns, command, answers = OPEN_NS + seconds * SECOND_NS, speaker(capsys), list[Any]()
    for name, given in (("whole", []), ("cut", ["--to", to_ns])):
        url = f"sqlite:///{tmp_path}/{name}.db"
        assert command("replay", folder, "--db", url, "--no-scan", *given).code == 0
        with TestClient(create_app(ApiSettings(url)), base_url="http://localhost") as client:
            calendar = client.get("/api/v1/events", params={"as_of": str(to_ns)}).json()["events"]
            explained = client.get("/api/v1/plans/p/explain", params={"as_of": str(to_ns)}).json()["lines"]
        shown = command("explain", "p", "--at", to_ns, "--db", url).out.splitlines()
        answers.append((calendar, [each for each in explained if each.startswith("gate")], shown))
    assert answers[0] == answers[1]
    assert [each["label"] for each in answers[0][0]] == ["told late" if seconds < 900 else "moved"]
    assert any(each.startswith("gate: suppress until") for each in answers[0][2]) == (seconds < 900)
    stored = rows_of(f"sqlite:///{tmp_path}/whole.db", "SELECT label, revision FROM market_events ORDER BY revision")
    assert stored == [("told late", 0), ("moved", 1)]


def test_an_event_that_is_told_again_counts_until_the_new_telling_is_known(tmp_path: Path) -> None:
    """No gap between the two through which an entry goes; whoever asks meanwhile hears of the first."""
    plan = simple_plan("p", "AAA", style="swing", on_event="suppress", entry="market", stop=1.0, targets=[900.0])
    known_ns, label = OPEN_NS + 1_000 * SECOND_NS, "moved"
    moved = replace(EVENT, at_ns=EVENT.at_ns + 300 * SECOND_NS, known_at_ns=known_ns, label=label)
    told = [market_events([EVENT], OPEN_NS - SECOND_NS), market_events([moved], OPEN_NS + 900 * SECOND_NS)]
    records = in_order([registering(plan, OPEN_NS)], as_frames(PRINTS), told)
    write_records(tmp_path / "tape", with_clock(records))
    url = replayed(tmp_path, "whole")
    log = [(kind, at_ns) for _, _, kind, at_ns in rows_of(url, LOG)]
    assert log[:3] == [("registered", OPEN_NS), ("gated", OPEN_NS), ("ungated", moved.at_ns + 15 * 60 * SECOND_NS)]
    with TestClient(create_app(ApiSettings(url)), base_url="http://localhost") as client:
        asked = [{"as_of": str(at_ns)} for at_ns in (known_ns - 1, known_ns)]
        events = [client.get("/api/v1/events", params=each).json()["events"] for each in asked]
    assert [[each["label"] for each in found] for found in events] == [["told late"], [label]]


def test_a_version_that_trades_another_symbol_is_a_dead_letter(tmp_path: Path) -> None:
    """As in a file of plans; two books would write one plan."""
    plans = [simple_plan("p", "AAA", **NEVER_MET), simple_plan("p", "BBB", version=2, **NEVER_MET)]
    commands = [registering(plan, OPEN_NS + number * SECOND_NS) for number, plan in enumerate(plans)]
    write_records(tmp_path / "tape", with_clock(in_order(commands, as_frames(PRINTS))))
    url = replayed(tmp_path, "whole")
    assert [each[:3] for each in rows_of(url, LOG)] == [("p", 1, "registered")]
    letters = rows_of(url, "SELECT field, reason FROM dead_letters")
    assert letters == [("symbol", "got BBB; earlier versions trade AAA")]


def test_a_plan_of_a_file_that_was_changed_is_told_again_under_another_name(tmp_path: Path) -> None:
    """The flow then says that its version is not above; the same plan after a restart is the same command."""
    engine = open_database(f"sqlite:///{tmp_path}/plans.db")
    ensure_schema(engine)
    for stop in (1.0, 1.0, 2.0):
        plans = write_plans(tmp_path, [simple_plan("p", **NEVER_MET | {"stop": stop})])
        options = ReplayOptions((tmp_path / "tape",), plans, str(engine.url))
        with TapeWriter(tmp_path / "tape") as writer:
            Asked(options, engine, lambda: True, lambda: OPEN_NS, lambda symbol, at_ns: None)(writer)
    engine.dispose()
    told: list[PlanCommand] = [read_command(record.payload) for record in everything(tmp_path / "tape")]
    first, again, changed = (each.id for each in told)
    assert (first, changed == first) == (again, False)
    with TapeWriter(tmp_path / "tape") as writer:
        writer.append(as_frames(PRINTS))
    reasons = rows_of(replayed(tmp_path, "whole"), "SELECT field, reason FROM dead_letters")
    assert reasons == [("version", "version 1 is not above the registered version 1")]


@pytest.mark.parametrize(("followed", "said"), [(("AAA", "BBB"), ["CCC,aaa"]), ((), [])], ids=["some", "every symbol"])
def test_a_plan_of_a_file_whose_symbol_is_not_followed_is_told_and_said(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], followed: tuple[str, ...], said: list[str]
) -> None:
    """A command may add its symbol yet; until then no print of it comes, and one line of the log says so."""
    engine = open_database(f"sqlite:///{tmp_path}/plans.db")
    ensure_schema(engine)
    given = [simple_plan(name, symbol) for name, symbol in (("p", "aaa"), ("q", "AAA"), ("r", "CCC"))]
    options = ReplayOptions((tmp_path / "tape",), write_plans(tmp_path, given), str(engine.url))
    with TapeWriter(tmp_path / "tape") as writer:
        asked = Asked(options, engine, lambda: True, lambda: OPEN_NS, lambda symbol, at_ns: None, followed)
        asked(writer)
        asked(writer)
    engine.dispose()
    assert len(everything(tmp_path / "tape")) == 3
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [(line["event"], line["level"]) for line in lines] == [("plans_not_followed", "warning")] * len(said)
    assert [line["symbols"] for line in lines] == said


def test_of_plans_that_are_added_while_it_runs_those_that_nobody_follows_are_said_once_for_each_batch(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A symbol that a command has added, be it of the same batch, is followed."""
    engine = open_database(f"sqlite:///{tmp_path}/plans.db")
    ensure_schema(engine)
    options = ReplayOptions((tmp_path / "tape",), None, str(engine.url))
    given = [simple_plan(name, symbol) for name, symbol in (("p", "AAA"), ("q", "BBB"), ("r", "DDD"), ("s", "CCC"))]
    batches = [["BBB"], []]
    with TapeWriter(tmp_path / "tape") as writer:
        asked = Asked(options, engine, lambda: True, lambda: OPEN_NS, lambda symbol, at_ns: None, ("AAA",))
        for added in batches:
            ask_to_register(engine, write_plans(tmp_path, given))
            ask_to_watch(engine, added)
            asked(writer)
            asked(writer)
    engine.dispose()
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    said = [(line["event"], line["level"], line["symbols"]) for line in lines]
    assert said == [("plans_not_followed", "warning", "CCC,DDD")] * len(batches)
    assert "universe add" in lines[0]["hint"]


def test_l4_plans_of_symbols_that_live_did_not_follow_come_alike_where_a_universe_names_what_it_did(
    tmp_path: Path,
) -> None:
    """Live obeys them whatever `--symbols` says; of a replay `--symbols` leaves out all else, `--universe` nothing."""
    plan = simple_plan("b", "BBB", entry="market", stop=1.0, targets=[900.0])
    commands = [registering(plan, OPEN_NS + 500 * SECOND_NS)]
    folder = write_records(tmp_path / "tape", with_clock(in_order(commands, as_frames(PRINTS))))
    (tmp_path / "universe.txt").write_text("AAA\n")
    urls = [f"sqlite:///{tmp_path}/{name}.db" for name in ("live", "replay")]
    live = ReplayOptions((folder,), None, urls[0], scan=True)
    began, stopped = beginning(folder), Event()
    assert began is not None
    stopped.set()
    run(_prepared(LiveOptions(live, folder, "ws://nowhere", symbols=("AAA",)), began[1]), Meter(stop=stopped))
    go_on(ReplayOptions((folder,), None, urls[1], scan=True, universe=tmp_path / "universe.txt"), None)
    answers = [[rows_of(url, f"SELECT * FROM {each}") for each in ("plan_states", "bars", "progress")] for url in urls]
    assert answers[0] == answers[1]
    assert digest_of(urls[0]) == digest_of(urls[1])
    assert {symbol for (symbol,) in rows_of(urls[1], "SELECT symbol FROM progress")} == {"AAA", "BBB"}


def test_l4_live_and_replay_begin_with_the_same_day(tmp_path: Path) -> None:
    """That of the tape's first record, be it the evening before the first print."""
    evening_ns = OPEN_NS - 12 * 3_600 * SECOND_NS
    folder = write_records(tmp_path / "tape", [clock(evening_ns), *with_clock(as_frames(PRINTS))])
    assert everything(folder)[0].kind is Kind.CLOCK
    options = ReplayOptions((folder,), None, f"sqlite:///{tmp_path}/x.db", symbols=frozenset({"AAA"}), scan=True)
    live = _prepared(LiveOptions(options, folder, "ws://nowhere", symbols=("AAA",)), evening_ns)
    first = nyse_calendar().day_on_or_after(new_york(evening_ns).date())
    assert [each.replay.newcomers for each in (prepare(options), live)] == [Newcomers(options, first.pre_ns)] * 2
