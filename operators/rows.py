"""What leaves the dataflow for the sinks: plain frozen rows, one type per table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from operators.bars.columns import Bars, Interval, Ints
from operators.chains.option_quote import OptionQuote
from operators.data_gaps import DataGap
from operators.events import PlanEvent
from operators.market_events import MarketEvent
from operators.plans import Plan
from operators.state import PlanState
from operators.targets import worth


class PlanRow(msgspec.Struct, frozen=True, gc=False):
    """One registered version of a plan.  `body` is the whole plan, as it is or as JSON-ready data."""

    plan_id: str
    version: int
    symbol: str
    style: str
    direction: str
    registered_ns: int
    body: Mapping[str, Any] | Plan


class StateRow(msgspec.Struct, frozen=True, gc=False):
    """A plan's state as the database shows it.  Prices in dollars, R in initial risks, `updated_ns` ns UTC.

    `data_gap`: the gap of the tape that marks the plan, as JSON-ready data (see `operators.data_gaps`).
    """

    plan_id: str
    version: int
    symbol: str
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
    updated_ns: int
    data_gap: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Input that could not be used.  `source` and `row` say where it stands (row 1 is the first after a header).

    `reason` is one sentence, `field` the culprit, `raw` the record's text as found, shortened.
    """

    source: str
    row: int
    field: str
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class ProgressRow:
    """How far one symbol's tape has come, and what was on it.  Counts of prints; times in ns UTC."""

    symbol: str
    tape_ns: int
    records: int
    eligible: int
    late: int
    corrected: int
    unknown_condition: int


@dataclass(frozen=True, slots=True)
class BarRows:
    """Bars of one symbol and interval, as they closed or as late prints left them."""

    symbol: str
    interval: Interval
    bars: Bars


@dataclass(frozen=True, slots=True)
class SupersededBars:
    """Bars as they stood until late prints revised them, each `until_ns`, when its print became known, ns UTC."""

    symbol: str
    interval: Interval
    bars: Bars
    until_ns: Ints


@dataclass(frozen=True, slots=True)
class MarketEventRow:
    """A market event as it was told once.  `revision`: how often it was told before."""

    event: MarketEvent
    revision: int = 0


@dataclass(frozen=True, slots=True)
class GapRow:
    """A gap as it was told once, of one symbol or `*`, all."""

    symbol: str
    gap: DataGap


class ScanRow(msgspec.Struct, frozen=True):
    """One candidate that a detector found at the end of a bar, `at_ns` (ns UTC), whether or not a plan came of it.

    `ordinal` counts proposals from 1 per symbol, strategy, direction and `session_date` (New York, as YYYY-MM-DD),
    None while the setup's earlier plan, `plan_id`, lived; `profile`: the structured plan as of then; `confidence`
    is a share of weighted conditions, 0 to 1.  `profile` and `conditions` are typed as found and JSON-ready as read,
    `features` always; all are without NaN.
    """

    symbol: str
    strategy: str
    direction: str
    at_ns: int
    session_date: str
    ordinal: int | None
    plan_id: str | None
    actionable: bool
    confidence: float
    profile: Any
    features: Mapping[str, Any]
    conditions: Any


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything that one piece of tape gave, to be written in one transaction."""

    plans: tuple[PlanRow, ...] = ()
    events: tuple[PlanEvent, ...] = ()
    states: tuple[StateRow, ...] = ()
    dead_letters: tuple[DeadLetter, ...] = ()
    progress: tuple[ProgressRow, ...] = ()
    bars: tuple[BarRows, ...] = ()
    scan_results: tuple[ScanRow, ...] = ()
    option_quotes: tuple[OptionQuote, ...] = ()
    superseded: tuple[SupersededBars, ...] = ()
    market_events: tuple[MarketEventRow, ...] = ()
    data_gaps: tuple[GapRow, ...] = ()


def plan_row(plan: Plan, registered_ns: int) -> PlanRow:
    """Write a registered plan as a row."""
    return PlanRow(
        plan.plan_id,
        plan.version,
        plan.symbol,
        str(plan.style),
        str(plan.direction),
        registered_ns,
        plan,
    )


def state_row(plan: Plan, state: PlanState) -> StateRow:
    """Write a state as a row, measured at its last price."""
    effective_stop, open_r, mfe_r, mae_r, reward_to_risk = worth(plan, state)
    return StateRow(
        state.plan_id,
        state.version,
        state.symbol,
        str(state.phase),
        None if state.health is None else str(state.health),
        str(state.gate),
        state.fill_price,
        effective_stop,
        state.trail_stop,
        state.best_price,
        state.targets_hit,
        state.remaining_fraction,
        state.realized_r,
        open_r,
        mfe_r,
        mae_r,
        state.last_price,
        reward_to_risk,
        state.last_seq,
        state.updated_ns,
        None if state.data_gap is None else state.data_gap.to_json(),
    )
