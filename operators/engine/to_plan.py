"""From a profile to the plan that the tape is held against.  Rule: a watch profile becomes no plan."""

import msgspec

from operators.engine.profile import TargetProfile
from operators.plans import Plan, Target


class PlanIdentity(msgspec.Struct, frozen=True, gc=False):
    """What a profile does not know of its plan: its name, its life (ns UTC) and the strategy that found it.

    `expires_at_ns` None: no end.
    """

    plan_id: str
    strategy: str
    valid_from_ns: int
    expires_at_ns: int | None
    version: int = 1


def to_plan(profile: TargetProfile, identity: PlanIdentity) -> Plan:
    """Return the plan of an actionable profile; what the targets leave runs under the profile's trail.

    Raises ValueError for a watch profile, in one line with its reason, and PlanError for an identity that is none.
    """
    if not profile.actionable or profile.stop is None or profile.runner is None:
        msg = f"plan {identity.plan_id!r} is only to be watched: {profile.reason_text}"
        raise ValueError(msg)
    return Plan(
        plan_id=identity.plan_id,
        version=identity.version,
        symbol=profile.symbol,
        style=profile.style,
        direction=profile.direction,
        entry=profile.entry,
        stop=profile.stop,
        targets=tuple(Target(target.price, target.fraction) for target in profile.targets),
        valid_from_ns=identity.valid_from_ns,
        expires_at_ns=identity.expires_at_ns,
        trail=profile.runner.trail,
    )
