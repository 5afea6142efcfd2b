"""`fancy-trader explain`: what a plan waits for, in numbers, and never a word about what came later."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from flows.cli import run
from operators.times import SECOND_NS
from tests.flows.made import DAY, OPEN_NS, Command, Said, simple_plan, speaker, vendor_row, write_plans, write_tape

EVENTS = """id,symbol,kind,severity,at,known_at,label
FED,*,fomc,high,2013-10-08T14:00:00-04:00,2013-10-08T12:00:00-04:00,minutes
"""
ET = "-04:00"


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in this process."""
    return speaker(capsys)


def prints() -> list[str]:
    """A day: up to 101 at 10:00, 103 at 11:00, some that do not count, back to 98.90 at 15:00."""
    told: list[tuple[str, str, dict[str, object]]] = [
        ("09:30", "100.00", {}),
        ("09:45", "100.50", {"conditions": "37"}),
        ("09:50", "100.40", {"correction": 1}),
        ("09:55", "100.60", {}),
        ("10:00", "101.00", {}),
        ("11:00", "103.00", {}),
        ("12:30", "103.50", {"conditions": "999"}),
        ("13:00", "102.00", {}),
        ("15:00", "98.90", {}),
        ("15:59", "98.00", {}),
    ]
    rows = []
    for number, (time, price, fields) in enumerate(told, 1):
        hour, minute = map(int, time.split(":"))
        at_ns = OPEN_NS + ((hour - 9) * 60 + minute - 30) * 60 * SECOND_NS
        rows.append(vendor_row("AAA", number, at_ns, price, **fields))
    return rows


@dataclass(frozen=True)
class Recorded:
    """The files of that day, and what was made of them."""

    folder: Path

    @property
    def tape(self) -> Path:
        """The prints."""
        return self.folder / f"{DAY}.csv"

    def replay(self, name: str, *more: str) -> str:
        """Replay the day into a database of that name, and return its URL."""
        url = f"sqlite:///{self.folder}/{name}.db"
        files = [self.tape, "--plans", self.folder / "plans.json", "--events", self.folder / "events.csv"]
        assert run([str(each) for each in ("replay", *files, "--db", url, *more)]) in (0, 3)
        return url


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """That day, and plans: that wait, that hold, that are finished, and one of a symbol without prints."""
    plans = [
        simple_plan("entered", breakeven_after=0),
        simple_plan("waiting", style="swing", entry=90.0, stop=80.0, targets=[120.0]),
        simple_plan("holding", style="swing", stop=50.0, breakeven_after=0),
        simple_plan("silent", symbol="BBB"),
        simple_plan("shut", style="swing", entry=90.0, stop=80.0, targets=[120.0], on_event="suppress"),
        simple_plan("later", style="swing", stop=50.0, valid_from=f"{DAY}T12:30:00{ET}"),
        simple_plan("twice", style="swing", entry=90.0, stop=80.0, targets=[120.0]),
        simple_plan(
            "twice", style="swing", entry=91.0, stop=80.0, targets=[120.0], version=2, valid_from=f"{DAY}T13:30:00{ET}"
        ),
    ]
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "events.csv").write_text(EVENTS)
    write_tape(folder, prints())
    write_plans(folder, plans)
    return Recorded(folder)


@pytest.fixture(scope="module")
def url(recorded: Recorded) -> str:
    """A database of that day."""
    return recorded.replay("plans")


@pytest.fixture(scope="module")
def cut_at(recorded: Recorded) -> Callable[[str], str]:
    """Replays the day up to an instant, once, into a database of its own."""
    return cache(lambda time: recorded.replay(f"cut-{time}", "--to", f"{DAY}T{time}{ET}"))


@pytest.fixture
def lines(command: Command, url: str) -> "Explain":
    """Explains a plan, at a New York time of the day or at the end."""
    return Explain(command, url)


class Explain:
    """Asks about a plan of one database."""

    def __init__(self, command: Command, url: str) -> None:
        self._command, self._url = command, url

    def ask(self, plan_id: str, time: str | None = None) -> Said:
        """Run the command."""
        at = () if time is None else ("--at", f"{DAY}T{time}{ET}")
        return self._command("explain", plan_id, "--db", self._url, *at)

    def __call__(self, plan_id: str, time: str | None = None) -> list[str]:
        """Return the lines; there must be no complaint."""
        said = self.ask(plan_id, time)
        assert (said.code, said.err) == (0, "")
        return said.out.splitlines()


def test_a_waiting_plan_names_its_entry_and_the_distance(lines: Explain) -> None:
    """And what of the tape did not count."""
    found = lines("waiting")
    assert found[0] == f"waiting v1, long AAA (swing): waiting as of {DAY} 15:59:00 ET"
    assert (
        f"waits for a price at or below 90.00 (limit entry); last eligible 98.00 at {DAY} 15:59:00 ET, 8.00 away"
        in found
    )
    assert "would be invalidated at 80.00" in found
    prints = next(line for line in found if line.startswith("prints: "))
    assert prints.startswith("prints: 10 so far, 7 eligible; 1 corrected, 1 with an unknown condition, 1 that may not")


def test_a_holding_plan_names_its_stop_and_its_next_target(lines: Explain) -> None:
    found = lines("holding")
    assert found[0].endswith(f": scaled as of {DAY} 15:59:00 ET")
    assert "in at 101.00, 0.5 of the position left" in found
    assert "last eligible 98.00; stop 50.00 is 48.00 away" in found
    assert "target 2 at 105.00 is 7.00 away" in found


def test_a_finished_plan_says_how_it_ended(lines: Explain) -> None:
    found = lines("entered")
    assert found[0].endswith(f": stopped as of {DAY} 15:59:00 ET")
    assert found[1] == f"last event: stopped at {DAY} 15:00:00 ET: last 98.90 at or below the stop 99.00"
    assert found[2] == "finished: nothing can happen to this version any more"


def test_a_plan_without_prints_says_so(lines: Explain) -> None:
    found = lines("silent")
    assert "prints: none of BBB on the tape so far" in found
    assert found[0].startswith("silent v1, long BBB (scalp): ")


@pytest.mark.parametrize(
    ("time", "state", "numbers"),
    [
        ("03:59:59", "not registered at", []),
        ("04:00:00", "waiting as of", ["session: pre; the plan counts prints of regular only"]),
        ("09:30:00", "waiting as of", ["last eligible 100.00", "1.00 away", "prints: 1 so far, 1 eligible"]),
        ("09:54:59", "waiting as of", ["last eligible 100.00", "prints: 3 so far, 1 eligible"]),
        ("09:59:59", "waiting as of", ["last eligible 100.60", "0.40 away", "prints: 4 so far, 2 eligible"]),
        ("10:00:00", "open as of", ["in at 101.00, 1 of the position left", "target 1 at 103.00 is 2.00 away"]),
        ("10:59:59", "open as of", ["last event: entered", "no print of AAA since 2013-10-08 10:00:00 ET"]),
        ("11:00:00", "scaled as of", ["last event: target_hit", "0.5 of the position left", "target 2 at 105.00"]),
        ("14:59:59", "scaled as of", ["last eligible 102.00; stop 99.00 is 3.00 away"]),
        ("15:00:00", "stopped as of", ["last event: stopped"]),
    ],
)
def test_an_instant_is_told_as_it_was_known_then(lines: Explain, time: str, state: str, numbers: list[str]) -> None:
    """To the very print, inclusive; not one before."""
    found = lines("entered", time)
    assert found[0].startswith(f"entered v1, long AAA (scalp): {state} {DAY} {time} ET")
    for number in numbers:
        assert any(number in line for line in found), number


@pytest.mark.parametrize("plan_id", ["entered", "waiting", "holding", "shut"])
@pytest.mark.parametrize("time", ["04:00:00", "09:30:00", "09:58:00", "10:00:00", "11:59:59", "12:30:00", "14:00:00"])
def test_what_is_told_of_an_instant_does_not_depend_on_what_came_later(
    command: Command, cut_at: Callable[[str], str], lines: Explain, plan_id: str, time: str
) -> None:
    """A replay of the tape cut at that instant tells the same of it."""
    told = [line for line in lines(plan_id, time) if not line.startswith("no print of")]
    found = Explain(command, cut_at(time))(plan_id, time)
    assert [line for line in found if not line.startswith("no print of")] == told


def test_silence_is_told_also_where_the_tape_was_cut(
    command: Command, cut_at: Callable[[str], str], lines: Explain
) -> None:
    """Time that goes on without prints (--to, a clock mark) is no print."""
    silence = f"no print of AAA since {DAY} 11:00:00 ET"
    assert silence in lines("waiting", "11:59:59")
    assert silence in Explain(command, cut_at("11:59:59"))("waiting", "11:59:59")


@pytest.mark.parametrize("instant", ["2028-01-31T20:59:00Z", "2028-02-01T00:00:00Z", "2099-01-01T00:00:00Z"])
def test_an_instant_beyond_the_calendar_is_refused(command: Command, url: str, instant: str) -> None:
    said = command("explain", "entered", "--at", instant, "--db", url)
    assert said.code == 2
    assert said.only_line.startswith(f"{instant} lies ")
    assert said.only_line.endswith(" 2028-01-31")


def test_a_gate_is_told_only_once_its_event_is_known(lines: Explain) -> None:
    """The meeting at 14:00 is known from 12:00; its window opens at 12:30 and closes at 14:15."""
    assert not any("gate" in line or "FED" in line for line in lines("shut", "12:29:59"))
    found = lines("shut", "12:30:00")
    assert "gate: suppress until 2013-10-08 14:15:00 ET (fomc FED): no entry is taken" in found
    assert not any(line.startswith("gate:") for line in lines("shut", "15:00:00"))


def test_a_version_is_told_from_its_own_time_on(lines: Explain) -> None:
    """Before that, the one it will replace; and a plan of later is not registered yet."""
    assert lines("twice", "13:00:00")[0].startswith("twice v1, long AAA (swing): waiting as of")
    assert lines("twice", "15:00:00")[0].startswith("twice v2, long AAA (swing): waiting as of")
    assert lines("later", "12:00:00") == [
        f"later v1, long AAA (swing): not registered at {DAY} 12:00:00 ET; it starts at {DAY} 12:30:00 ET"
    ]


def test_json_holds_the_same_lines(command: Command, url: str, lines: Explain) -> None:
    said = command("explain", "waiting", "--db", url, "--json")
    assert json.loads(said.out) == {"plan_id": "waiting", "lines": lines("waiting")}


def test_an_unknown_plan_is_said(lines: Explain) -> None:
    said = lines.ask("nobody")
    assert said.code == 3
    assert said.only_line == "no plan nobody in this database (fancy-trader plans list shows them)"


def test_a_recording_that_has_gone_is_said(tmp_path: Path, recorded: Recorded, command: Command) -> None:
    """Looking back needs the tape; the line names it."""
    shutil.copytree(recorded.folder, tmp_path / "moved")
    moved = Recorded(tmp_path / "moved")
    lines = Explain(command, moved.replay("gone"))
    moved.tape.unlink()
    said = lines.ask("waiting", "10:00:00")
    assert said.code == 3
    assert f"{moved.tape} cannot be found" in said.only_line


@pytest.mark.parametrize("at", ["10:00", f"{DAY}T10:00:00", "1381239000", "now", ""])
def test_an_instant_that_is_none_is_refused(command: Command, url: str, at: str) -> None:
    said = command("explain", "waiting", "--db", url, "--at", at)
    assert said.code == 2
    assert said.only_line.startswith("--at: got ")
