"""Plans, their events and commands to them, as the API shows them.  Prices in dollars, R in initial risks."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from api.shapes.session import Answer
from operators.events import Kind, PlanEvent
from operators.plans import Direction, Gate, Style
from operators.rows import StateRow
from operators.state import Health, Phase
from operators.tickers import TICKER
from operators.times import iso
from sinks.commands import CommandKind


class DataGapOut(BaseModel):
    """What a plan may lack: prints from `from_ns` to `to_ns` (null: not known yet), as it was told at `at_ns`; ns UTC.

    `state` "open": they are waited for or being fetched; "lost": they will not come, and `reason` says why.
    """

    name: str = Field(examples=["1381161000000000000-1"])
    state: Literal["open", "lost"]
    at_ns: int = Field(examples=[1_381_161_060_000_000_000])
    from_ns: int = Field(examples=[1_381_161_000_000_000_000])
    to_ns: int | None = Field(examples=[1_381_161_060_000_000_000])
    reason: str = Field(examples=["no REST"])


class PlanOut(BaseModel):
    """Where a plan stands.

    `basis` "live": the flow's own state, exact.  `basis` "events": rebuilt as of an instant from the plan's events;
    phase, health, gate, fill, targets and R are exact, while prices, stops that trail, and what follows from them are
    those that the last event told, and `mfe_r`, `mae_r` are null; whether prints are missing is not known then.
    """

    plan_id: str = Field(examples=["AIG.vwap_reclaim.long.20131007.1"])
    version: int = Field(examples=[1])
    symbol: str = Field(examples=["AIG"])
    style: Style
    direction: Direction
    phase: Phase
    health: Health | None
    gate: Gate
    fill_price: float | None = Field(examples=[49.01])
    effective_stop: float = Field(examples=[48.86])
    trail_stop: float | None = Field(examples=[48.95])
    best_price: float | None = Field(examples=[49.45])
    targets_hit: int = Field(examples=[1])
    remaining_fraction: float = Field(examples=[0.5])
    realized_r: float = Field(examples=[0.68])
    open_r: float | None = Field(examples=[0.84])
    mfe_r: float | None = Field(examples=[1.2])
    mae_r: float | None = Field(examples=[-0.1])
    last_price: float | None = Field(examples=[49.2])
    rr_to_next_target: float | None = Field(examples=[1.5])
    last_seq: int = Field(examples=[4])
    updated: str = Field(examples=["2013-10-07T15:50:00Z"])
    updated_ns: int = Field(examples=[1_381_161_000_000_000_000])
    data_gap: DataGapOut | None
    basis: Literal["live", "events"]

    @classmethod
    def of(cls, row: StateRow, style: str, direction: str, basis: Literal["live", "events"]) -> Self:
        """Write a state."""
        return cls(
            plan_id=row.plan_id,
            version=row.version,
            symbol=row.symbol,
            style=Style(style),
            direction=Direction(direction),
            phase=Phase(row.phase),
            health=None if row.health is None else Health(row.health),
            gate=Gate(row.gate),
            fill_price=row.fill_price,
            effective_stop=row.effective_stop,
            trail_stop=row.trail_stop,
            best_price=row.best_price,
            targets_hit=row.targets_hit,
            remaining_fraction=row.remaining_fraction,
            realized_r=row.realized_r,
            open_r=row.open_r,
            mfe_r=row.mfe_r,
            mae_r=row.mae_r,
            last_price=row.last_price,
            rr_to_next_target=row.rr_to_next_target,
            last_seq=row.last_seq,
            updated=iso(row.updated_ns),
            updated_ns=row.updated_ns,
            data_gap=None if row.data_gap is None else DataGapOut.model_validate(row.data_gap),
            basis=basis,
        )


class PlanList(Answer):
    """A page of plans, in order of plan_id; `next_cursor` null on the last."""

    plans: list[PlanOut]
    next_cursor: str | None = Field(examples=["WyJwbGFucyIsICJBSUcuMSJd"])


class VersionOut(BaseModel):
    """A registered version: `plan` is the whole plan in normal form, times in ns UTC."""

    version: int = Field(examples=[1])
    registered: str = Field(examples=["2013-10-07T15:50:00Z"])
    registered_ns: int = Field(examples=[1_381_161_000_000_000_000])
    plan: dict[str, Any] = Field(examples=[{"plan_id": "aig-dip", "symbol": "AIG"}])


class PlanDetail(Answer):
    """One plan: where it stands, and every version registered by then, the newest last."""

    plan: PlanOut
    versions: list[VersionOut]


class EventOut(BaseModel):
    """One thing that happened.  `seq` counts a plan's events from 1 without gaps; `data.why` says what decided it."""

    plan_id: str = Field(examples=["AIG.vwap_reclaim.long.20131007.1"])
    version: int = Field(examples=[1])
    seq: int = Field(examples=[2])
    symbol: str = Field(examples=["AIG"])
    kind: Kind
    at: str = Field(examples=["2013-10-07T15:52:11.017Z"])
    at_ns: int = Field(examples=[1_381_161_000_000_000_000])
    price: float | None = Field(examples=[49.01])
    data: dict[str, Any] = Field(examples=[{"why": "last 49.01 at or below the limit entry 49.01"}])

    @classmethod
    def of(cls, event: PlanEvent) -> Self:
        """Write an event."""
        return cls(
            plan_id=event.plan_id,
            version=event.version,
            seq=event.seq,
            symbol=event.symbol,
            kind=event.kind,
            at=iso(event.at_ns),
            at_ns=event.at_ns,
            price=event.price,
            data=dict(event.data),
        )


class EventList(Answer):
    """A page of a plan's events, in order of seq; ask for more with `after=next_after`, null on the last page."""

    plan_id: str = Field(examples=["AIG.vwap_reclaim.long.20131007.1"])
    events: list[EventOut]
    next_after: int | None = Field(examples=[2])


class StructuredAnswer(Answer):
    """A scanner's plan as the engine made it: the structured plan, and the candidate that it came of."""

    plan_id: str = Field(examples=["AIG.vwap_reclaim.long.20131007.1"])
    strategy: str = Field(examples=["vwap_reclaim"])
    structured: dict[str, Any] = Field(examples=[{"plan_id": "AIG.vwap_reclaim.long.20131007.1", "style": "intraday"}])


class Explanation(Answer):
    """What a plan waits for and why nothing happened, in sentences; `unknown` says what only the tape could tell."""

    plan_id: str = Field(examples=["AIG.vwap_reclaim.long.20131007.1"])
    basis: Literal["live", "events"]
    lines: list[str] = Field(examples=[["P1 v1, long AIG (scalp): waiting as of 2013-10-07 11:00:00 ET"]])
    unknown: list[str] = Field(examples=[["whether the tape had a gap"]])


class PlanBody(BaseModel):
    """A plan as people write it; see `api.shapes.plan_schema` for what the document says of it."""

    model_config = ConfigDict(extra="allow")


class PlanChange(PlanBody):
    """Another version of a plan."""


class UniverseBody(BaseModel):
    """A symbol that the scanner shall scan."""

    model_config = ConfigDict(extra="forbid")

    symbol: str = Field(pattern=f"^{TICKER}$", examples=["AIG"])


class CommandOut(BaseModel):
    """A command as stored.  `applied`: when it came onto the tape, which the flow reads; null until then.

    `plan_id` is null for a `watch`, `symbol` for all others.
    """

    id: int = Field(examples=[7])
    kind: CommandKind
    plan_id: str | None = Field(examples=["AIG.vwap_reclaim.long.20131007.1"])
    symbol: str | None = Field(examples=[None])
    created: str = Field(examples=["2013-10-07T15:50:00Z"])
    created_ns: int = Field(examples=[1_381_161_000_000_000_000])
    applied: str | None = Field(examples=["2013-10-07T15:50:01Z"])
    applied_ns: int | None = Field(examples=[1_381_161_001_000_000_000])


class CommandAnswer(Answer):
    """A command that was accepted; `plan` is where its plan, if any, stands once the flow has taken it, else null."""

    command: CommandOut
    plan: PlanOut | None
