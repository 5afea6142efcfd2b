"""The structured plan as typed values.  Rule: what these say is the schema; a field more or less is refused.

Prices in dollars per share, distances in ATR where they say so, instants as RFC 3339 UTC text.  Every field is always
there; null means "not available", and only where the type allows it.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from operators.engine.expected_move import MoveBasis
from operators.engine.profile import StopBasis, WatchReason
from operators.engine.trace import Verdict
from operators.plans import Direction, EntryType, Gate, SessionPhase, Style
from operators.structured.conditions import Confidence

Share = Annotated[float, Meta(ge=0, le=1)]
Price = Annotated[float, Meta(gt=0)]
Instant = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$")]
Count = Annotated[int, Meta(ge=1)]


class EntryPart(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What lets the plan in, and at which price."""

    type: EntryType
    level: Price


class TargetPart(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A target: `fraction` of the position sold there, `r` reward over risk, `level` the kind it stands on."""

    index: Count
    price: Price
    fraction: Share
    r: Annotated[float, Meta(gt=0)]
    level: str | None


class ProbabilityPart(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Of one target: `before_stop` before the stop and the horizon (`raw` uncalibrated), `touch` without a stop."""

    index: Count
    before_stop: Share
    raw: Share
    touch: Share
    calibrated: bool


class TrailPart(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A stop `distance` dollars behind the best price, once `after` targets are hit; raises told by `step`."""

    distance: Price
    step: Price
    after: Count


class RunnerPart(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What is left after the last target."""

    fraction: Share
    trail: TrailPart


class MovePart(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """The expected move to the horizon and where it comes from."""

    dollars: Annotated[float, Meta(ge=0)]
    basis: MoveBasis
    available_at: Instant
    strike: float | None
    expiry: Instant | None
    volatility: float | None


class SnapPart(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One level as the engine saw it: see `operators.engine.trace.Verdict`."""

    price: float | None
    kind: str
    strength: float
    distance_atr: float | None
    verdict: Verdict
    rung: str | None


class GateEvent(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A market event that holds the gate."""

    id: str
    kind: str
    severity: str
    label: str
    at: Instant


class GatePart(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What market events allow, and which ones say so."""

    state: Gate
    events: tuple[GateEvent, ...]


class SessionPart(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """The market's clock, as every response shows it."""

    status: str
    phase: SessionPhase
    session_date: str
    as_of: Instant
    next_open: Instant
    next_close: Instant
    tz: str
    banner: str


class Line(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A horizontal line of a chart."""

    price: Price
    label: str


class LevelLine(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A key level of a chart; drawn from `since`.  `rung`: what stands on it or hides behind it."""

    price: Price
    label: str
    kind: str
    strength: float
    rung: str | None
    since: Instant


class Zone(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A band of a chart, `low` < `high`."""

    name: str
    label: str
    low: float
    high: float


class Layers(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What a chart draws over the bars."""

    entry: Line
    stop: Line | None
    targets: tuple[Line, ...]
    levels: tuple[LevelLine, ...]
    zones: tuple[Zone, ...]


class StructuredPlan(msgspec.Struct, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """One plan, whole: what a list, a chart, a stream, a scan result and a replay show.

    Without a ladder `stop`, `stop_basis`, `runner` and `risk_per_share` are null and `targets` is empty; `reason` then
    says why, and is null exactly when `actionable`.  `options` is reserved.
    """

    plan_id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
    version: Count
    symbol: str
    style: Style
    direction: Direction
    strategy: str
    as_of: Instant
    entry: EntryPart
    stop: Price | None
    stop_basis: StopBasis | None
    targets: tuple[TargetPart, ...]
    probabilities: tuple[ProbabilityPart, ...]
    calibration: str | None
    runner: RunnerPart | None
    confluence: tuple[str, ...]
    confidence: Confidence
    rationale: str
    warnings: tuple[str, ...]
    actionable: bool
    reason: WatchReason | None
    reason_text: str | None
    risk_per_share: Price | None
    size: Annotated[int, Meta(ge=0)] | None
    em_used: MovePart | None
    atr_used: float | None
    snap_trace: tuple[SnapPart, ...]
    gate: GatePart
    options: None
    session: SessionPart
    layers: Layers
