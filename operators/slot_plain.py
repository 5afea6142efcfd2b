"""Slots as plain values: plans as JSON, states as rows.  What an earlier layout wrote is still read."""

from typing import Any

import msgspec

from operators.plan_json import plan_to_json
from operators.plan_reading import NO_DEFAULTS, read_plan
from operators.plans import Plan
from operators.records import Cancel, Command, Register
from operators.slots import Past, Slot
from operators.state import PlanState

_decode = msgspec.json.Decoder().decode
_encoder = msgspec.json.Encoder()


def slot_to_plain(slot: Slot) -> tuple[Any, ...]:
    """Write a slot.  A state that was written as it is stands there once."""
    body = None
    if slot.plan is not None:
        if slot.body is None or slot.body[0] is not slot.plan:
            slot.body = slot.plan, _encode(plan_to_json(slot.plan))
        body = slot.body[1]
    state = None if slot.state is None else slot.state.to_row()
    written = True if slot.written == slot.state else _written(slot)
    past = None if slot.past is None else tuple(slot.past)
    return slot.plan_id, body, state, tuple(map(_command_to_plain, slot.pending)), written, past


def _written(slot: Slot) -> tuple[Any, ...] | None:
    if slot.written is None:
        return None
    if slot.told is None or slot.told[0] is not slot.written:
        slot.told = slot.written, slot.written.to_row()
    return slot.told[1]


def slot_from_plain(plain: tuple[Any, ...]) -> Slot:
    """Undo `slot_to_plain`."""
    plan_id, body, row, pending, written, past = plain
    plan = None if body is None else _plan(body)
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
    return Cancel(at_ns, plan_id) if body is None else Register(at_ns, _plan(body))


def _encode(data: Any) -> str:
    return _encoder.encode(data).decode()


def _plan(body: str) -> Plan:
    return read_plan(_decode(body), NO_DEFAULTS)
