"""The one builder of structured plans.  Rule: nothing is computed here that the engine decided; it is only told."""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from operators.engine.expected_move import ExpectedMove
from operators.engine.profile import ProfileTarget, Runner, TargetProfile
from operators.engine.to_plan import PlanIdentity
from operators.engine.trace import SnapLine
from operators.plans import Gate
from operators.records import GateCause
from operators.sessions import SessionBlock
from operators.structured.conditions import Condition, confidence
from operators.structured.document import (
    EntryPart,
    GateEvent,
    GatePart,
    MovePart,
    ProbabilityPart,
    RunnerPart,
    SessionPart,
    SnapPart,
    StructuredPlan,
    TargetPart,
    TrailPart,
)
from operators.structured.layers import chart_layers
from operators.structured.rationale import confluence, rationale
from operators.times import iso


def structured_plan(
    profile: TargetProfile,
    identity: PlanIdentity,
    session: SessionBlock,
    conditions: Sequence[Condition] = (),
    gate: Gate = Gate.ALLOW,
    causes: Sequence[GateCause] = (),
) -> StructuredPlan:
    """Return the document of a profile: `session`, `gate` and its `causes` as of the profile's instant."""
    layers = chart_layers(profile)
    calibrated = profile.calibration is not None
    return StructuredPlan(
        plan_id=identity.plan_id,
        version=identity.version,
        symbol=profile.symbol,
        style=profile.style,
        direction=profile.direction,
        strategy=identity.strategy,
        as_of=iso(profile.as_of_ns),
        entry=EntryPart(profile.entry.type, layers.entry.price),
        stop=profile.stop,
        stop_basis=profile.stop_basis,
        targets=tuple(_target(index, target) for index, target in enumerate(profile.targets, 1)),
        probabilities=tuple(_odds(index, target, calibrated) for index, target in enumerate(profile.targets, 1)),
        calibration=profile.calibration,
        runner=_runner(profile.runner),
        confluence=confluence(profile, conditions),
        confidence=confidence(conditions),
        rationale=rationale(profile, identity.strategy, conditions),
        warnings=profile.warnings,
        actionable=profile.actionable,
        reason=profile.reason,
        reason_text=profile.reason_text,
        risk_per_share=profile.risk_per_share,
        size=profile.size,
        em_used=_move(profile.expected_move),
        atr_used=profile.atr,
        snap_trace=tuple(_snap(line) for line in profile.snap_trace),
        gate=GatePart(gate, tuple(_cause(cause) for cause in causes)),
        options=None,
        session=_session(session),
        layers=layers,
    )


def encode(plan: StructuredPlan) -> bytes:
    """Write a structured plan as JSON: the same plan, the same bytes."""
    return msgspec.json.encode(plan)


def decode(text: bytes | str) -> StructuredPlan:
    """Undo `encode`.  Raises msgspec.ValidationError, naming the field, for what is no structured plan."""
    return msgspec.json.decode(text, type=StructuredPlan)


def _target(index: int, target: ProfileTarget) -> TargetPart:
    return TargetPart(index, target.price, target.fraction, target.r, target.level)


def _odds(index: int, target: ProfileTarget, calibrated: bool) -> ProbabilityPart:
    return ProbabilityPart(index, target.probability, target.raw_probability, target.touch_probability, calibrated)


def _runner(runner: Runner | None) -> RunnerPart | None:
    if runner is None:
        return None
    trail = runner.trail
    return RunnerPart(runner.fraction, TrailPart(trail.distance, trail.step, trail.after))


def _move(move: ExpectedMove | None) -> MovePart | None:
    if move is None:
        return None
    expiry = None if move.expiry_ns is None else iso(move.expiry_ns)
    return MovePart(move.dollars, move.basis, iso(move.available_at_ns), move.strike, expiry, move.volatility)


@lru_cache(maxsize=64)
def _session(block: SessionBlock) -> SessionPart:
    """Write the market's clock, which candidates of one instant share."""
    return msgspec.convert(block.to_json(), SessionPart)


def _snap(line: SnapLine) -> SnapPart:
    return SnapPart(line.price, line.kind, line.strength, line.distance_atr, line.verdict, line.rung)


def _cause(cause: GateCause) -> GateEvent:
    return GateEvent(cause.event_id, cause.kind, cause.severity, cause.label, iso(cause.at_ns))
