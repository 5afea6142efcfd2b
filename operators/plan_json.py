"""A plan as JSON-ready data: the normal form that files, tables and snapshots share."""

from typing import Any

from operators.plans import Plan


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """Write every field of a plan with plain values; times in ns UTC.  `plan_reading.read_plan` undoes it."""
    trail = plan.trail
    return {
        "plan_id": plan.plan_id,
        "version": plan.version,
        "symbol": plan.symbol,
        "style": str(plan.style),
        "direction": str(plan.direction),
        "entry": {"type": str(plan.entry.type), "price": plan.entry.price},
        "stop": plan.stop,
        "targets": [{"price": target.price, "fraction": target.fraction} for target in plan.targets],
        "valid_from": plan.valid_from_ns,
        "expires_at": plan.expires_at_ns,
        "sessions": [str(phase) for phase in plan.sessions],
        "breakeven_after": plan.breakeven_after,
        "trail": None if trail is None else {"distance": trail.distance, "step": trail.step, "after": trail.after},
        "at_risk_buffer": plan.at_risk_buffer,
        "on_event": str(plan.on_event),
        "odd_lots": plan.odd_lots,
        "extended_hours": plan.extended_hours,
    }
