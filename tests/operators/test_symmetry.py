"""Law L6: mirror all prices and swap long and short, and the result is the mirror image."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.events import PlanEvent
from operators.records import Command, Register
from operators.rows import StateRow
from tests.operators.builders import make_plan, mirror_plan
from tests.operators.running import run_book
from tests.operators.scenarios import END_NS, Print, Scenario, any_scenarios

AROUND = [200.0, 223.45, 1_000.0]
PRICES = ("level", "stop", "best", "effective_stop")
"""What in an event's data is a price; the rest is a number of its own."""
A_LAST_PLACE = 2e-9
"""R is kept to nine places; mirrored floats may fall to either side of a half."""


def mirror(scenario: Scenario, around: float) -> Scenario:
    """The same tape upside down."""
    return Scenario(
        tuple(mirror_command(command, around) for command in scenario.commands),
        tuple(Print(each.at_ns, round(around - each.price, 2), each.flags) for each in scenario.prints),
        scenario.gates,
        scenario.gaps,
    )


def mirror_command(command: Command, around: float) -> Command:
    if not isinstance(command, Register):
        return command
    return Register(command.at_ns, mirror_plan(command.plan, around))


def shown(event: PlanEvent, around: float | None) -> dict[str, Any]:
    """All of an event but its sentence; prices mirrored back when `around` is given."""
    row = {"seq": event.seq, "version": event.version, "kind": str(event.kind), "at_ns": event.at_ns}
    numbers = {"price": event.price, **event.data}
    del numbers["why"]
    return row | {name: back(name, value, around) for name, value in numbers.items()}


def back(name: str, value: Any, around: float | None) -> Any:
    if isinstance(value, float) and name in ("price", *PRICES):
        return round(value if around is None else around - value, 6)
    many = isinstance(value, list) and value and isinstance(value[0], float)
    if around is None and (many or isinstance(value, float)):
        return pytest.approx(value, abs=A_LAST_PLACE)
    return value


def check_state(found: StateRow, other: StateRow, around: float) -> None:
    """Hold a state against the mirrored one."""
    for name in ("phase", "health", "gate", "data_gap", "targets_hit", "last_seq", "updated_ns", "version"):
        assert getattr(found, name) == getattr(other, name), name
    for name in ("fill_price", "effective_stop", "trail_stop", "best_price", "last_price"):
        value, mirrored = getattr(found, name), getattr(other, name)
        assert (value is None) == (mirrored is None), name
        assert value is None or value == pytest.approx(around - mirrored, abs=1e-6), name
    for name in ("remaining_fraction", "realized_r", "open_r", "mfe_r", "mae_r", "rr_to_next_target"):
        assert getattr(found, name) == pytest.approx(getattr(other, name), abs=1e-6), name


@settings(max_examples=60, deadline=None)
@given(scenario=any_scenarios(), around=st.sampled_from(AROUND))
def test_a_mirrored_tape_gives_a_mirrored_result(scenario: Scenario, around: float) -> None:
    """Kinds, times, prices, levels, indices, reasons and R; trails, break-even, gates and all."""
    straight = run_book(scenario, [7], mark_ns=END_NS)
    upside_down = run_book(mirror(scenario, around), [7], mark_ns=END_NS)
    assert straight.events.keys() == upside_down.events.keys()
    for plan_id, events in straight.events.items():
        others = upside_down.events[plan_id]
        assert [shown(event, None) for event in events] == [shown(event, around) for event in others]
    assert straight.rows.keys() == upside_down.rows.keys()
    for plan_id, row in straight.rows.items():
        check_state(row, upside_down.rows[plan_id], around)
    assert straight.refused == upside_down.refused


def test_the_mirror_image_of_the_mirror_image_is_the_plan() -> None:
    """Otherwise these tests would compare with something else."""
    plan = make_plan(stop=99.37)
    assert mirror_plan(mirror_plan(plan, 223.45), 223.45) == plan
    assert mirror_plan(plan) != plan
