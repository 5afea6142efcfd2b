"""Plans as JSON, quickly: what `api.shapes.plans.PlanOut` and `PlanList` describe, made without looking at each value.

The values come of the rules, which have checked them; a test holds what is written here against the other's schema.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, Self

import msgspec

from operators.rows import StateRow
from operators.times import iso

_JSON: Final = msgspec.json.Encoder()


class PlanText(msgspec.Struct, frozen=True, gc=False):
    """The fields of `PlanOut`, in its order."""

    plan_id: str
    version: int
    symbol: str
    style: str
    direction: str
    phase: str
    health: str | None
    gate: str
    fill_price: float | None
    effective_stop: float
    trail_stop: float | None
    best_price: float | None
    targets_hit: int
    remaining_fraction: float
    realized_r: float
    open_r: float | None
    mfe_r: float | None
    mae_r: float | None
    last_price: float | None
    rr_to_next_target: float | None
    last_seq: int
    updated: str
    updated_ns: int
    data_gap: Mapping[str, Any] | None
    basis: str

    @classmethod
    def read(cls, row: Sequence[Any]) -> Self:
        """Take over the flow's own state, a row of `sinks.plan_reader.STANDING`."""
        updated_ns, data_gap = row[-2:]
        told: tuple[Any, ...] = (*row[:-2], iso(updated_ns), updated_ns, data_gap, "live")
        return cls(*told)

    @classmethod
    def of(cls, row: StateRow, style: str, direction: str, basis: Literal["live", "events"]) -> Self:
        """Take over a state; by place, since by name it would take twice as long."""
        return cls(
            row.plan_id,
            row.version,
            row.symbol,
            style,
            direction,
            row.phase,
            row.health,
            row.gate,
            row.fill_price,
            row.effective_stop,
            row.trail_stop,
            row.best_price,
            row.targets_hit,
            row.remaining_fraction,
            row.realized_r,
            row.open_r,
            row.mfe_r,
            row.mae_r,
            row.last_price,
            row.rr_to_next_target,
            row.last_seq,
            iso(row.updated_ns),
            row.updated_ns,
            row.data_gap,
            basis,
        )

    def json(self) -> str:
        """Write it."""
        return _JSON.encode(self).decode()


class PlanListText(msgspec.Struct, frozen=True, gc=False):
    """The fields of `PlanList` but the clock's."""

    plans: Sequence[PlanText]
    next_cursor: str | None

    def json(self) -> bytes:
        """Write it."""
        return _JSON.encode(self)
