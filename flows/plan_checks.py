"""Checking a plans file without a tape: errors as a replay would give them, and advice it would keep to itself."""

from collections.abc import Sequence
from pathlib import Path

from flows.plan_files import PlanProblem, load_plans
from operators.nyse import nyse_calendar
from operators.plan_reading import PlanDefaults
from operators.plans import Plan, SessionPhase
from operators.times import EARLIEST_NS


def checked(path: Path) -> tuple[list[Plan], list[PlanProblem]]:
    """Read a plans file as if the recording began in 1993, for plans that do not say when they start."""
    return load_plans(path, PlanDefaults(EARLIEST_NS, nyse_calendar().close_after))


def advice(plans: Sequence[Plan]) -> list[str]:
    """Say where a plan is valid but hardly meant."""
    lines = []
    for plan in plans:
        if set(plan.sessions) != {SessionPhase.REGULAR} and not plan.extended_hours:
            text = "has pre or post among its sessions, but extended_hours is off: Form T prints will not move it"
            lines.append(f"{plan.plan_id}: {text}")
        if plan.trail is not None and plan.trail.after > len(plan.targets):
            lines.append(
                f"{plan.plan_id}: trail.after is {plan.trail.after}, but there are {len(plan.targets)} targets"
            )
        if plan.breakeven_after > len(plan.targets):
            lines.append(f"{plan.plan_id}: breakeven_after is beyond its {len(plan.targets)} targets: it never happens")
    return lines
