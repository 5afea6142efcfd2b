"""The demo's day: whatever the seed, every way a plan can go is shown, and everything says that it is simulated."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from flows.cli import run
from flows.meter import Meter
from flows.simulation import demo_day
from flows.simulation.demo_day import DEMO_CANCELS, DEMO_DAY, IDEAS, DemoFiles, write_demo
from flows.simulation.ideas import NoLevelsError
from operators.events import Kind
from operators.nyse import nyse_calendar
from operators.plans import SessionPhase
from sinks import tables
from sinks.database import open_database, reading
from tests.flows.conftest import read_back
from tests.flows.simulation.conftest import Shown, replay_demo

NOT_FROM_FILES = {Kind.CANCELLED, Kind.REPLAN}
"""What needs a command, and what needs an engine."""


def test_the_same_seed_gives_the_same_bytes(written: Callable[[int], DemoFiles], tmp_path: Path) -> None:
    """Every file of the folder, under the same name."""
    before, again = written(1), write_demo(tmp_path, 1)
    assert again.tape.name == "2026-06-17.csv.gz"
    for name in (again.tape.name, "plans.json", "events.csv", "README.txt"):
        assert (tmp_path / name).read_bytes() == (before.tape.parent / name).read_bytes()


def test_another_seed_gives_another_day(written: Callable[[int], DemoFiles]) -> None:
    """Other prints and other levels; the market events are the same."""
    one, other = written(1), written(2)
    assert one.tape.read_bytes() != other.tape.read_bytes()
    assert one.plans.read_bytes() != other.plans.read_bytes()
    assert one.events.read_bytes() == other.events.read_bytes()


def test_every_print_is_usable(shown: Shown) -> None:
    assert 150_000 < shown.meter.rows < 250_000
    assert (shown.meter.dead_letters, shown.meter.divergences) == (0, 0)


def test_the_plans_are_those_of_the_ideas(shown: Shown) -> None:
    """Thirty, every one of them registered, one of them twice."""
    ideas = [(idea.plan_id, idea.options.get("version", 1)) for idea in IDEAS]
    assert sorted((plan.plan_id, plan.version) for plan in shown.plans) == sorted(ideas)
    registered = [(event.plan_id, event.version) for event in shown.events if event.kind is Kind.REGISTERED]
    assert sorted(registered) == sorted(ideas)
    assert len(shown.states) == 30


def test_every_kind_of_event_happens(shown: Shown) -> None:
    """All that can come of files."""
    assert {event.kind for event in shown.events} == set(Kind) - NOT_FROM_FILES


@pytest.mark.parametrize(
    "phase", ["waiting", "open", "scaled", "completed", "stopped", "invalidated", "missed", "expired"]
)
def test_every_phase_is_there_at_the_end(shown: Shown, phase: str) -> None:
    assert phase in {state.phase for state in shown.states.values()}


@pytest.mark.parametrize("reason", ["stop", "breakeven", "trail"])
def test_plans_are_stopped_for_every_reason(shown: Shown, reason: str) -> None:
    assert reason in {event.data["reason"] for event in shown.events if event.kind is Kind.STOPPED}


@pytest.mark.parametrize("in_position", [True, False])
def test_plans_expire_in_position_and_waiting(shown: Shown, in_position: bool) -> None:
    expired = [event for event in shown.events if event.kind is Kind.EXPIRED]
    assert in_position in {event.price is not None for event in expired}


@pytest.mark.parametrize("action", ["suppress", "defined_risk"])
def test_gates_close_with_either_action(shown: Shown, action: str) -> None:
    assert action in {event.data["action"] for event in shown.events if event.kind is Kind.GATED}


def test_plans_are_of_every_sort(shown: Shown) -> None:
    """Either direction, every entry and style, trails, fractions that leave a rest, odd lots, extended sessions."""
    plans = shown.plans
    assert {plan.direction for plan in plans} == {"long", "short"}
    assert {plan.entry.type for plan in plans} == {"limit", "stop", "market"}
    assert {plan.style for plan in plans} == {"scalp", "intraday", "swing", "leap"}
    assert any(plan.trail for plan in plans)
    assert any(sum(target.fraction for target in plan.targets) < 0.99 for plan in plans)
    assert any(plan.odd_lots for plan in plans)
    assert any(
        plan.extended_hours and set(plan.sessions) == set(SessionPhase) - {SessionPhase.CLOSED} for plan in plans
    )


@pytest.mark.parametrize(
    ("plan_id", "phase"),
    [
        ("sim1-swing-waiting", "waiting"),
        ("sim2-swing-short", "open"),
        ("sim1-leap-long", "scaled"),
        ("sim1-orb-long", "completed"),
        ("sim2-breakdown-short", "completed"),
        ("sim2-knife-long", "stopped"),
        ("sim2-bounce-long", "invalidated"),
        ("sim5-gap-long", "missed"),
        ("sim3-far-short", "expired"),
        ("sim3-quiet-long", "expired"),
        ("sim6-fomc-suppressed-long", "expired"),
        ("sim4-bottom-long", "completed"),
    ],
)
def test_a_plan_comes_out_as_its_story_says(shown: Shown, plan_id: str, phase: str) -> None:
    assert shown.states[plan_id].phase == phase


def test_a_version_is_replaced_by_the_next(shown: Shown) -> None:
    kinds = [(event.kind, event.version) for event in shown.of("sim4-bottom-long", Kind.REGISTERED, Kind.REPLACED)]
    assert kinds == [(Kind.REGISTERED, 1), (Kind.REPLACED, 1), (Kind.REGISTERED, 2)]
    assert shown.states["sim4-bottom-long"].version == 2


def test_under_suppress_no_entry_is_taken_while_the_gate_stands(shown: Shown) -> None:
    """The late one enters when it opens, or after."""
    gated, ungated, entered = (
        shown.of("sim6-fomc-late-short", kind)[0].at_ns for kind in (Kind.GATED, Kind.UNGATED, Kind.ENTERED)
    )
    assert gated < ungated <= entered
    assert not shown.of("sim6-fomc-suppressed-long", Kind.ENTERED)


def test_under_defined_risk_an_entry_is_taken(shown: Shown) -> None:
    gated, entered = (shown.of("sim6-fomc-defined-long", kind)[0] for kind in (Kind.GATED, Kind.ENTERED))
    assert gated.at_ns <= entered.at_ns
    assert gated.data["action"] == "defined_risk"


def test_news_closes_one_symbols_gate_when_it_is_known(shown: Shown) -> None:
    """Twenty minutes before, not ninety; the other symbols know nothing of it."""
    gated = [
        event for event in shown.events if event.kind is Kind.GATED and event.data["events"][0]["kind"] == "earnings"
    ]
    assert {event.symbol for event in gated} == {"SIM7"}
    assert shown.of("sim7-news-open-long", Kind.GATED)[0].data["events"][0]["minutes"] == 20.0


def test_the_low_event_closes_no_gate(shown: Shown) -> None:
    told = {cause["id"] for event in shown.events if event.kind is Kind.GATED for cause in event.data["events"]}
    assert told == {"sim-update", "sim-fomc"}


def test_extended_hours_let_a_plan_in_before_the_open_and_after_the_close(shown: Shown) -> None:
    day = nyse_calendar().day_on_or_after(DEMO_DAY)
    assert shown.of("sim5-premarket-long", Kind.ENTERED)[0].at_ns < day.open_ns
    assert shown.of("sim7-afterhours-long", Kind.ENTERED)[0].at_ns >= day.close_ns


def test_the_demos_command_cancels_its_plan(written: Callable[[int], DemoFiles]) -> None:
    """The command is not in the files: only whoever knows of it sees the cancel."""
    result = replay_demo(written(1), DEMO_CANCELS)
    assert result.states["sim8-dip-long"].phase == "cancelled"
    assert [event.at_ns for event in result.events if event.kind is Kind.CANCELLED] == [DEMO_CANCELS[0].at_ns]


def test_everything_says_that_it_is_simulated(shown: Shown) -> None:
    """The files beside the day, every label, every ticker: a digit in it, as no listed one has."""
    readme = (shown.files.plans.parent / "README.txt").read_text()
    assert readme.startswith("SIMULATED DATA")
    assert all(idea.plan_id in readme for idea in IDEAS)
    with shown.files.events.open() as file:
        assert all("simulated" in row["label"] and row["id"].startswith("sim-") for row in csv.DictReader(file))
    plans: list[dict[str, Any]] = json.loads(shown.files.plans.read_text())
    assert {plan["symbol"] for plan in plans} == {f"SIM{number}" for number in range(1, 9)}
    assert all(plan["plan_id"].startswith(plan["symbol"].lower()) for plan in plans)


def test_a_day_without_levels_for_some_idea_is_drawn_again(
    written: Callable[[int], DemoFiles], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next day of the same seed serves."""
    calls: list[int] = []

    def reluctant(*_: object) -> list[dict[str, Any]]:
        calls.append(1)
        if len(calls) == 1:
            msg = "sim1-orb-long: no levels"
            raise NoLevelsError(msg)
        return []

    plain = written(1)
    monkeypatch.setattr(demo_day, "demo_plans", reluctant)
    files = write_demo(tmp_path, 1)
    assert len(calls) == 2
    assert files.tape.read_bytes() != plain.tape.read_bytes()


def test_when_no_day_serves_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> list[dict[str, Any]]:
        msg = "sim1-orb-long: no levels"
        raise NoLevelsError(msg)

    monkeypatch.setattr(demo_day, "demo_plans", never)
    monkeypatch.setattr(demo_day, "ATTEMPTS", 2)
    with pytest.raises(NoLevelsError, match="seed 1: sim1-orb-long"):
        write_demo(tmp_path, 1)


def test_the_command_scans_the_day_and_the_given_plans_go_on_as_if_it_did_not(
    written: Callable[[int], DemoFiles], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With found plans beside those given every kind of event happens, and the charts have bars."""
    assert run(["demo", "--folder", str(tmp_path), "--json"]) == 0
    told = {plan["plan_id"] for plan in json.loads(capsys.readouterr().out)["plans"]}
    database = f"sqlite:///{tmp_path / 'demo.db'}"
    both, alone = read_back(database, Meter()), replay_demo(written(1), DEMO_CANCELS)
    assert set(both.states) == told > set(alone.states)
    assert [event for event in both.events if event.plan_id in alone.states] == alone.events
    assert {event.kind for event in both.events} == set(Kind)
    with reading(open_database(database, read_only=True)) as connection:
        held = connection.execute(
            sa.select(sa.func.count()).select_from(tables.bars).where(tables.bars.c.interval == "1m")
        )
        assert held.scalar_one() > 8 * 390
