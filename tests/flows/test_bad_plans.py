"""Plans files that cannot be used, as a whole or in part: named on stderr, kept as dead letters, or refused."""

import json
from pathlib import Path

import pytest

from tests.flows.made import Command, climb, rows_of, simple_plan, write_plans, write_tape
from tests.flows.test_bad_input import BAD_INPUT, DATA_MISSING, Refused, command, refused

__all__ = ["command", "refused"]  # fixtures

PLANS: dict[str, tuple[object, str]] = {
    "stop on the wrong side": (simple_plan(stop=102.0), "stop: got 102.00; for a long must be below entry 101.00"),
    "stop of a short": (
        simple_plan(direction="short", stop=99.0, targets=[98.0]),
        "stop: got 99.00; for a short must be above entry 101.00",
    ),
    "targets the wrong way": (simple_plan(targets=[105.0, 103.0]), "targets[2]: got 103.00; for a long must be above"),
    "NaN": (simple_plan(stop=float("nan")), "stop: got nan; must be dollars above 0"),
    "infinity": (simple_plan(targets=[float("inf")]), "targets[1]: got inf; must be dollars above 0"),
    "style": (simple_plan(style="yolo"), "style: got 'yolo'; must be one of scalp, intraday, swing, leap"),
    "six targets": (simple_plan(targets=[102, 103, 104, 105, 106, 107]), "targets: got 6; must be 1 to 5"),
    "no targets": (simple_plan(targets=[]), "targets: got 0; must be 1 to 5"),
    "unknown field": (simple_plan(stopp=1), "stopp: is not a field here; a plan has plan_id"),
    "missing field": ({"plan_id": "P1"}, "symbol: is missing; a plan must have it"),
    "text for a number": (simple_plan(stop="99"), "stop: got '99'; must be a number"),
    "plan_id": (simple_plan("P 1"), "plan_id: got 'P 1'; must be 1 to 64 of"),
    "naive time": (
        simple_plan(valid_from="2013-10-08T09:30:00"),
        "valid_from: got '2013-10-08T09:30:00'; must be RFC 3339 with an offset",
    ),
    "a number": (5, "plan: got 5; must be"),
    "nothing": (None, "plan: got None; must be"),
}


@pytest.mark.parametrize("case", PLANS.values(), ids=PLANS)
def test_a_file_of_only_bad_plans_is_refused(tmp_path: Path, refused: Refused, case: tuple[object, str]) -> None:
    """The line names file, plan, field, value and what is allowed."""
    plan, text = case
    path = write_plans(tmp_path, [plan])
    said = refused(plans=path)
    assert said.code == BAD_INPUT
    assert said.only_line.startswith(f"{path}: plan 1 (")
    assert text in said.only_line


@pytest.mark.parametrize("case", PLANS.values(), ids=PLANS)
def test_one_bad_plan_is_named_and_the_good_ones_run(
    tmp_path: Path, command: Command, refused: Refused, case: tuple[object, str]
) -> None:
    """On stderr and as a dead letter with its place in the file; with --strict, it refuses the run."""
    plan, text = case
    path = write_plans(tmp_path, [simple_plan("good"), plan])
    tape = write_tape(tmp_path, climb())
    assert text in refused("--strict", tape=tape, plans=path).only_line
    url = f"sqlite:///{tmp_path}/plans.db"
    said = command("replay", tape, "--plans", path, "--db", url)
    assert said.code == 0
    assert said.only_line.startswith(f"{path}: plan 2 (")
    assert text in said.only_line
    ((source, row, told),) = rows_of(url, "SELECT source, row, field || ': ' || reason FROM dead_letters")
    assert (source, row) == (str(path), 2)
    assert text in told
    assert rows_of(url, "SELECT plan_id, phase FROM plan_states") == [("good", "completed")]


FILES: dict[str, tuple[bytes | None, int, str]] = {
    "missing": (None, DATA_MISSING, "no such file"),
    "empty": (b"", BAD_INPUT, "is empty; must be a JSON array of plans"),
    "blank": (b" \n ", BAD_INPUT, "is empty; must be a JSON array of plans"),
    "no plan": (b"[]", BAD_INPUT, "holds no plan"),
    "cut": (b'[{"plan_id": "P1"', BAD_INPUT, "not valid JSON"),
    "not JSON": (b"plan_id,symbol\nP1,AAA\n", BAD_INPUT, "not valid JSON"),
    "not text": (b"\xff\xfe\x00[", BAD_INPUT, "not valid JSON"),
    "text that is not UTF-8": (b'[{"plan_id": "\xff"}]', BAD_INPUT, "not valid JSON"),
    "nested without end": (b"[" * 100_000, BAD_INPUT, "not valid JSON"),
    "a line that is none": (b'{"plan_id": "P1"\n', BAD_INPUT, "is not valid JSON"),
}


@pytest.mark.parametrize("case", FILES.values(), ids=FILES)
def test_a_plans_file_that_is_none_is_refused(
    tmp_path: Path, refused: Refused, case: tuple[bytes | None, int, str]
) -> None:
    content, code, text = case
    path = tmp_path / "plans.json"
    if content is not None:
        path.write_bytes(content)
    said = refused(plans=path)
    assert said.code == code
    assert said.only_line.startswith(f"{path}: ")
    assert text in said.only_line


def test_plans_may_stand_one_per_line_with_a_mark_before_them(tmp_path: Path, command: Command) -> None:
    """And a line that is no JSON is a bad plan among good ones, with its number."""
    path = tmp_path / "plans.jsonl"
    lines = [json.dumps(simple_plan(name)) for name in ("A", "B")]
    path.write_text("\ufeff" + "\n".join([lines[0], '{"plan_id": ', lines[1]]))
    url = f"sqlite:///{tmp_path}/plans.db"
    said = command("replay", write_tape(tmp_path, climb(3)), "--plans", path, "--db", url)
    assert said.code == 0
    assert "plan 2 (no plan_id): plan: is not valid JSON" in said.only_line
    assert rows_of(url, "SELECT plan_id FROM plan_states ORDER BY plan_id") == [("A",), ("B",)]


TWICE = {
    "at the top": ('"plan_id": "TWICE"', '"stop": 98.0, "plan_id": "TWICE"', "stop"),
    "in a target": ('"targets": [103.0', '"targets": [{"price": 103.0, "price": 104.0}', "price"),
}


@pytest.mark.parametrize("case", TWICE.values(), ids=TWICE)
@pytest.mark.parametrize("lines", [False, True], ids=["array", "lines"])
def test_a_plan_that_says_something_twice_is_bad(
    tmp_path: Path, command: Command, *, lines: bool, case: tuple[str, str, str]
) -> None:
    """Which of the two is meant nobody can know; the good ones run."""
    once, twice, field = case
    texts = [json.dumps(simple_plan("GOOD")), json.dumps(simple_plan("TWICE")).replace(once, twice)]
    path, url = tmp_path / "plans.json", f"sqlite:///{tmp_path}/plans.db"
    path.write_text("\n".join(texts) if lines else f"[{','.join(texts)}]")
    said = command("replay", write_tape(tmp_path, climb(3)), "--plans", path, "--db", url)
    assert said.code == 0
    assert f"plan 2 (TWICE): {field}: is given twice; must be given once" in said.only_line
    assert rows_of(url, "SELECT plan_id FROM plan_states") == [("GOOD",)]
