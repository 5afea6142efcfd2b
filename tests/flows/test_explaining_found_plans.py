"""`fancy-trader explain` for plans that the scanner found: from their bar's end on, as of any instant."""

import json
from pathlib import Path
from random import Random

import pytest

from operators.events import PlanEvent
from operators.state import Phase
from operators.times import iso
from operators.transitions import NEXT
from tests.flows.made import Command, Said, speaker
from tests.flows.scanned import Scanned, scan, sessions, simulated

SESSIONS = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("found")


@pytest.fixture(scope="module")
def tape(folder: Path) -> list[Path]:
    return simulated(folder, SESSIONS)


@pytest.fixture(scope="module")
def whole(folder: Path, tape: list[Path]) -> Scanned:
    """Three sessions in which plans are found, stopped and followed by others."""
    found = scan(tape, f"sqlite:///{folder}/plans.db", to_ns=sessions(SESSIONS)[-1].post_end_ns)
    assert {"replan", "stopped", "target_hit"} <= {str(event.kind) for event in found.replayed.events}
    return found


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in this process."""
    return speaker(capsys)


def ask(command: Command, database: str, plan_id: str, at_ns: int | None = None) -> Said:
    """Explain a plan."""
    at = () if at_ns is None else ("--at", iso(at_ns))
    return command("explain", plan_id, "--db", database, *at)


def lives(found: Scanned) -> dict[str, list[PlanEvent]]:
    """The events of every plan."""
    own: dict[str, list[PlanEvent]] = {}
    for event in sorted(found.replayed.events, key=lambda each: (each.plan_id, each.seq)):
        own.setdefault(event.plan_id, []).append(event)
    return own


def test_each_event_of_a_found_plan_is_told_at_its_instant(whole: Scanned, command: Command) -> None:
    """Phase and last event as of then, though later events are in the database too."""
    rng, own = Random(2), lives(whole)
    for plan_id in rng.sample(sorted(own), 4):
        phase = Phase.WAITING
        for event in own[plan_id]:
            phase = NEXT[phase].get(event.kind, phase) if event.kind not in ("registered", "replan") else phase
            if event is not own[plan_id][-1] and own[plan_id][event.seq].at_ns == event.at_ns:
                continue
            said = ask(command, whole.replayed.database, plan_id, event.at_ns)
            assert (said.code, said.err) == (0, "")
            first, last, *_ = said.out.splitlines()
            assert f": {phase} as of " in first
            assert last.startswith(f"last event: {event.kind} at ")


def test_at_the_end_a_found_plan_stands_as_the_database_says(whole: Scanned, command: Command) -> None:
    for plan_id, state in Random(3).sample(sorted(whole.replayed.states.items()), 4):
        said = ask(command, whole.replayed.database, plan_id)
        assert f": {state.phase} as of " in said.out.splitlines()[0]


def test_how_it_was_found_is_told(whole: Scanned, command: Command) -> None:
    """The rationale: conditions with their values as of the bar's end."""
    row = next(row for row in whole.scans if row[6] and row[5])
    said = ask(command, whole.replayed.database, row[6], row[3])
    (line,) = [line for line in said.out.splitlines() if line.startswith("found by the scan at ")]
    assert line.endswith(json.loads(row[9])["rationale"])


def test_before_its_bar_ended_nobody_knows_of_it(whole: Scanned, command: Command) -> None:
    """Not even where it would enter: it is missing, as it would be in a database of then."""
    plan_id, events = next(iter(lives(whole).items()))
    said = ask(command, whole.replayed.database, plan_id, events[0].at_ns - 1)
    assert (said.code, said.out) == (3, "")
    assert said.only_line.startswith(f"no plan {plan_id} as of ")
    assert ask(command, whole.replayed.database, plan_id, events[0].at_ns).code == 0


def test_what_is_told_of_an_instant_is_what_was_known_then(
    whole: Scanned, tape: list[Path], command: Command, tmp_path: Path
) -> None:
    """A replay up to T explains its plans at T in the very words of the whole one."""
    rng = Random(4)
    for event in rng.sample(whole.replayed.events, 3):
        cut = event.at_ns
        part = scan(tape, f"sqlite:///{tmp_path}/{cut}.db", to_ns=cut)
        for plan_id in rng.sample(sorted(part.replayed.states), min(3, len(part.replayed.states))):
            told = ask(command, part.replayed.database, plan_id, cut)
            assert told.code == 0
            assert ask(command, whole.replayed.database, plan_id, cut).out == told.out


def test_json_holds_the_same_lines(whole: Scanned, command: Command) -> None:
    plan_id = min(whole.replayed.states)
    said = command("explain", plan_id, "--db", whole.replayed.database, "--json")
    lines = ask(command, whole.replayed.database, plan_id).out.splitlines()
    assert json.loads(said.out) == {"plan_id": plan_id, "lines": lines}
