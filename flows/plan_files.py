"""Plans from a file: a JSON array, or one JSON object per line.  A bad plan is named and set aside."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from flows.errors import BadInputError, no_such_file
from operators.plan_reading import PlanDefaults, read_plain_plans, read_plan
from operators.plans import Plan, PlanError
from operators.rows import DeadLetter
from operators.said_twice import SaidTwiceError, decode_once, says_twice

WHOLE_FILE: Final = 0
NAMED: Final = 64
"""So many characters of a wrong plan_id are shown."""
_ORDER: Final = attrgetter("valid_from_ns", "plan_id", "version")


@dataclass(frozen=True, slots=True)
class PlanProblem:
    """A plan that was not taken.  `row`: its place in the file from 1; `plan_id` as far as it can be read."""

    source: str
    row: int
    plan_id: str
    error: PlanError
    raw: str

    def __str__(self) -> str:
        """Say it in one line: file, plan, field, value and what is allowed."""
        return f"{self.source}: plan {self.row} ({self.plan_id}): {self.error}"

    def dead_letter(self) -> DeadLetter:
        """Return the plan as a dead letter."""
        return DeadLetter(self.source, self.row, self.error.field, self.error.message, self.raw)


def load_plans(path: Path, defaults: PlanDefaults) -> tuple[list[Plan], list[PlanProblem]]:
    """Read a plans file.  Plans come ordered by registration, then id and version.

    Raises DataMissingError when there is no file, BadInputError when it is no JSON at all.
    """
    text = _text(path)
    plain = read_plain_plans(text, defaults)
    if plain and len({plan.plan_id for plan in plain}) == len(plain) and not says_twice(text):
        return sorted(plain, key=_ORDER), []
    plans: dict[tuple[str, int], tuple[int, Plan]] = {}
    problems: list[PlanProblem] = []
    for row, data in enumerate(_decoded(path, text), 1):
        try:
            if isinstance(data, PlanError):
                raise data
            plan = read_plan(data, defaults)
            _, known = plans.setdefault((plan.plan_id, plan.version), (row, plan))
            if known != plan:
                message = f"{plan.version} of {plan.plan_id} was given before with other content"
                raise PlanError("version", message)
        except PlanError as error:
            problems.append(_problem(path, row, data, error))
    good, more = _consistent(path, list(plans.values()))
    return sorted(good, key=_ORDER), problems + more


def given_plans(path: Path, defaults: PlanDefaults) -> list[tuple[Plan, dict[str, Any]]]:
    """Read a plans file: every plan with its data as given, in the file's order.

    Raises BadInputError for the first bad plan and for a file that holds none, DataMissingError when there is no file.
    """
    found = []
    for row, data in enumerate(_decoded(path, _text(path)), 1):
        try:
            if isinstance(data, PlanError):
                raise data
            found.append((read_plan(data, defaults), data))
        except PlanError as error:
            raise BadInputError(str(_problem(path, row, data, error))) from None
    if not found:
        msg = f"{path}: holds no plan"
        raise BadInputError(msg)
    return found


def _consistent(path: Path, plans: Sequence[tuple[int, Plan]]) -> tuple[list[Plan], list[PlanProblem]]:
    """Set aside versions that contradict an earlier one of the same plan: another symbol, or an earlier start."""
    good: dict[str, list[Plan]] = {}
    problems: list[PlanProblem] = []
    for row, plan in sorted(plans, key=lambda each: (each[1].plan_id, each[1].version)):
        before = good.setdefault(plan.plan_id, [])
        try:
            if before and before[-1].symbol != plan.symbol:
                raise PlanError("symbol", f"got {plan.symbol}; earlier versions trade {before[-1].symbol}")
            if before and before[-1].valid_from_ns > plan.valid_from_ns:
                raise PlanError("valid_from", f"version {plan.version} starts before version {before[-1].version}")
            before.append(plan)
        except PlanError as error:
            problems.append(PlanProblem(str(path), row, plan.plan_id, error, plan.plan_id))
    return [plan for versions in good.values() for plan in versions], problems


def _problem(path: Path, row: int, data: object, error: PlanError) -> PlanProblem:
    data = data.given if isinstance(data, SaidTwiceError) else data
    plan_id = data.get("plan_id") if isinstance(data, dict) else None
    raw = "" if isinstance(data, PlanError) else repr(data)[:300]
    named = plan_id if isinstance(plan_id, str) and plan_id[:NAMED].isprintable() else repr(plan_id)
    return PlanProblem(str(path), row, named[:NAMED] if plan_id else "no plan_id", error, raw)


def _decoded(path: Path, text: bytes) -> Iterable[Any]:
    """Yield each plan's decoded JSON; of one line that is no JSON, the error."""
    if text.lstrip().startswith(b"["):
        try:
            data = decode_once(text)
        except ValueError as error:
            msg = f"{path}: not valid JSON ({error})"
            raise BadInputError(msg) from None
        return list(data)
    try:
        return [decode_once(text)]
    except ValueError:
        return _lines(path, text)


def _lines(path: Path, text: bytes) -> Iterator[Any]:
    found = False
    for line in filter(bytes.strip, text.splitlines()):
        try:
            data = decode_once(line)
        except ValueError as error:
            if not found and not line.lstrip().startswith(b"{"):
                msg = f"{path}: not valid JSON; must be an array of plans, or one plan per line ({error})"
                raise BadInputError(msg) from None
            data = PlanError("plan", f"is not valid JSON ({error})")
        found = True
        yield data


def _text(path: Path) -> bytes:
    try:
        text = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except FileNotFoundError:
        raise no_such_file(path) from None
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror})"
        raise BadInputError(msg) from None
    if not text.strip():
        msg = f"{path}: is empty; must be a JSON array of plans, or one plan per line"
        raise BadInputError(msg)
    return text
