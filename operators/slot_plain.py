"""Slots as plain values: plans as JSON, states as rows.  What an earlier layout wrote is still read."""

from typing import Any

import msgspec

from operators.plan_json import plan_to_json
from operators.plan_reading import NO_DEFAULTS, read_plan, read_stored_plan
from operators.records import Cancel, Command, Register
from operators.slots import Kept, Past, Slot
from operators.state import PlanState, Quiet, absorbed

_encoder = msgspec.json.Encoder()


def slot_to_plain(slot: Slot, quiet: Quiet | None = None) -> tuple[Any, ...]:
    """Write a slot; `quiet`: ticks that its state has not seen yet.  A state written as it is stands there once."""
    state, written = slot.state, slot.written
    if slot.kept is None or slot.kept.state is not state or slot.kept.written is not written:
        slot.kept = Kept(state, written, _row(state), _row(written))
    row, told = slot.kept.row, slot.kept.told
    if quiet is not None and row is not None and state is not None and state.live:
        row = absorbed(row, quiet)
    past = None if slot.past is None else tuple(slot.past)
    pending = tuple(map(_command_to_plain, slot.pending)) if slot.pending else ()
    return slot.plan_id, _body(slot), row, pending, True if told == row else told, past


def _body(slot: Slot) -> str | None:
    if slot.plan is None:
        return None
    if slot.body is None or slot.body[0] is not slot.plan:
        slot.body = slot.plan, _encode(plan_to_json(slot.plan))
    return slot.body[1]


def _row(state: PlanState | None) -> tuple[Any, ...] | None:
    return None if state is None else state.to_row()


def slot_from_plain(plain: tuple[Any, ...]) -> Slot:
    """Undo `slot_to_plain`."""
    plan_id, body, row, pending, written, past = plain
    plan = None if body is None else read_stored_plan(body)
    state = None if row is None else PlanState.from_row(row)
    told = state if written is True else None if written is None else PlanState.from_row(written)
    left = None if past is None else Past(*past)
    commands = [_command(plan_id, *each) for each in pending]
    told_body = None if plan is None else (plan, body)
    return Slot(plan_id, commands, plan, state, told, past=left, body=told_body)


def slot_from_layout_2(plain: tuple[Any, ...]) -> Slot:
    """Read a slot of layout 2: plans as data, both states in full."""
    plan_id, plan, state, pending, written = plain
    return Slot(
        plan_id,
        [_command(plan_id, at_ns, None if body is None else _encode(body)) for at_ns, body in pending],
        None if plan is None else read_plan(plan, NO_DEFAULTS),
        None if state is None else PlanState.from_row(state),
        None if written is None else PlanState.from_row(written),
    )


def _command_to_plain(command: Command) -> tuple[int, str | None]:
    return command.at_ns, _encode(plan_to_json(command.plan)) if isinstance(command, Register) else None


def _command(plan_id: str, at_ns: int, body: str | None) -> Command:
    return Cancel(at_ns, plan_id) if body is None else Register(at_ns, read_stored_plan(body))


def _encode(data: Any) -> str:
    return _encoder.encode(data).decode()
