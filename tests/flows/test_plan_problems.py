"""Plans that contradict one another: which is set aside, and by what number it is called."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.plan_files import load_plans
from operators.plan_reading import PlanDefaults
from tests.flows.made import DAY, OPEN_NS, climb, rows_of, simple_plan, speaker, write_plans, write_tape

Load = Callable[..., tuple[list[tuple[str, int]], list[tuple[int, str, str]]]]


@pytest.fixture
def loaded(tmp_path: Path) -> Load:
    """Reads plans from a file; gives the good ones (id, version), and the others (place, id, field)."""

    def load(*plans: object) -> tuple[list[tuple[str, int]], list[tuple[int, str, str]]]:
        path = write_plans(tmp_path, list(plans))
        good, problems = load_plans(path, PlanDefaults(OPEN_NS, lambda at_ns: at_ns + 1))
        told = [(each.row, each.plan_id, each.error.field) for each in problems]
        return [(plan.plan_id, plan.version) for plan in good], told

    return load


def starts(time: str) -> dict[str, Any]:
    """When a plan begins to be valid, on the day of the tests."""
    return {"valid_from": f"{DAY}T{time}-04:00"}


def test_the_same_plan_given_twice_is_one_plan(loaded: Load) -> None:
    assert loaded(simple_plan(), simple_plan(), simple_plan(stop=99)) == ([("P1", 1)], [])


def test_the_same_id_and_version_with_other_content_is_set_aside(loaded: Load) -> None:
    """The first one stands."""
    assert loaded(simple_plan(), simple_plan("P2"), simple_plan(stop=98.0)) == (
        [("P1", 1), ("P2", 1)],
        [(3, "P1", "version")],
    )


def test_a_version_may_not_change_the_symbol(loaded: Load) -> None:
    found = loaded(simple_plan(), simple_plan(version=2, symbol="BBB"), simple_plan(version=3))
    assert found == ([("P1", 1), ("P1", 3)], [(2, "P1", "symbol")])


def test_a_version_may_not_start_before_the_one_below_it(loaded: Load) -> None:
    first, second = simple_plan(**starts("11:00:00")), simple_plan(version=2, **starts("10:00:00"))
    assert loaded(second, first) == ([("P1", 1)], [(1, "P1", "valid_from")])


def test_a_contradicting_version_is_called_by_its_place_in_the_file(loaded: Load) -> None:
    """Also behind plans that were set aside or given twice: the number leads an editor to it."""
    plans = ["no plan", simple_plan(), simple_plan(), simple_plan("P2"), simple_plan(version=2, symbol="BBB")]
    assert loaded(*plans)[1] == [(1, "no plan_id", "plan"), (5, "P1", "symbol")]


def test_every_plan_set_aside_is_a_dead_letter_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two problems of one file never share a row of dead_letters."""
    plans = [simple_plan(), "no plan", simple_plan(version=2, symbol="BBB")]
    path, tape, url = write_plans(tmp_path, plans), write_tape(tmp_path, climb(3)), f"sqlite:///{tmp_path}/plans.db"
    said = speaker(capsys)("replay", tape, "--plans", path, "--db", url)
    assert len(said.err.splitlines()) == 2
    assert rows_of(url, "SELECT row, field FROM dead_letters ORDER BY row") == [(2, "plan"), (3, "symbol")]


def test_plans_check_names_every_bad_plan_and_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line for each on stderr, exit code 2; a plan that is valid but hardly meant gets advice."""
    plans = [simple_plan("A"), simple_plan("B", stop=-1), simple_plan("C", sessions=["pre"]), simple_plan("D", x=1)]
    said = speaker(capsys)("plans", "check", write_plans(tmp_path, plans))
    assert said.code == 2
    assert [line.split(": ")[2] for line in said.err.splitlines()] == ["plan 2 (B)", "plan 4 (D)"]
    advice, count = said.out.splitlines()
    assert advice.startswith("C: has pre or post among its sessions")
    assert count == "2 good, 2 bad"


def test_a_plan_id_that_would_break_the_line_is_said_in_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line end in it is shown, not printed; of a long one its beginning."""
    file = write_plans(tmp_path, [simple_plan(plan_id="abc\n"), simple_plan(plan_id="x" * 10_000)])
    said = speaker(capsys)("plans", "check", file)
    broken, long = said.err.splitlines()
    assert said.code == 2
    assert "plan 1 ('abc\\n'): plan_id: got 'abc\\n'; must be 1 to 64" in broken
    assert f"plan 2 ({'x' * 64}): plan_id: got" in long
    assert len(long) < 300 + len(str(file))


LONG = "1" * 5_000
NASTY = {
    "half a character": ('"style": "scalp"', '"style": "\\ud800"', "style: got '\\ud800'; must be text"),
    "a name of two lines": ('"plan_id"', '"a\\nb": 1, "plan_id"', "'a\\nb': is not a field here"),
    "a name of two lines twice": ('"plan_id"', '"a\\nb": 1, "a\\nb": 1, "plan_id"', "'a\\nb': is given twice"),
    "a long price": ('"stop": 99.0', f'"stop": {LONG}', "stop: got "),
    "a long time": ('"plan_id"', f'"valid_from": {LONG}, "plan_id"', "valid_from: got inf"),
}


@pytest.mark.parametrize("case", NASTY.values(), ids=NASTY)
@pytest.mark.parametrize("lines", [False, True], ids=["array", "lines"])
def test_a_plan_that_no_text_or_number_holds_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, lines: bool, case: tuple[str, str, str]
) -> None:
    """With its field, kept as a dead letter; the plan beside it runs."""
    plain, nasty, told = case
    texts = [json.dumps(simple_plan("GOOD")), json.dumps(simple_plan("BAD")).replace(plain, nasty)]
    path, url = tmp_path / "plans.json", f"sqlite:///{tmp_path}/plans.db"
    path.write_text("\n".join(texts) if lines else f"[{','.join(texts)}]")
    said = speaker(capsys)("replay", write_tape(tmp_path, climb(3)), "--plans", path, "--db", url)
    assert said.code == 0
    assert f"plan 2 (BAD): {told}" in said.only_line
    assert rows_of(url, "SELECT plan_id FROM plan_states") == [("GOOD",)]
    assert rows_of(url, "SELECT row, field FROM dead_letters") == [(2, told.partition(": ")[0])]


def test_plans_check_of_good_plans_is_a_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "plans.jsonl"
    path.write_text("\n".join(json.dumps(simple_plan(name)) for name in "ABC"))
    said = speaker(capsys)("plans", "check", path)
    assert (said.code, said.out, said.err) == (0, "3 good, 0 bad\n", "")


def test_plans_check_of_no_plan_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = speaker(capsys)("plans", "check", write_plans(tmp_path, []))
    assert (said.code, said.only_line) == (2, f"{tmp_path}/plans.json: holds no plan")
