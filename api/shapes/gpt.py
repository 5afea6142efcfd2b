"""The surface for assistants: ranked setups, structured plans, context.  Bodies refuse what they do not know."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.names import PLAN, TICKER
from api.series import Hours
from api.shapes.plans import PlanOut
from api.shapes.session import Answer
from api.shapes.symbol import BarOut, IndicatorRow, LevelsOut
from operators.bars.columns import Interval
from operators.plans import Direction, Style

Ticker = Annotated[str, Field(pattern=TICKER, examples=["AIG"])]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ScanBody(_Body):
    """What to rank: these symbols, or null for the whole universe that was scanned."""

    symbols: list[Ticker] | None = Field(None, max_length=1000)
    style: Style | None = None
    limit: int = Field(10, ge=1, le=100)


class ScanHit(BaseModel):
    """A candidate: what the scanner found at the end of a bar, and where its plan stands at the answer's instant."""

    rank: int
    symbol: str
    strategy: str
    direction: Direction
    style: Style
    at: str
    at_ns: int
    confidence: float = Field(description="Share of weighted conditions met, 0 to 1: no chance of winning.")
    actionable: bool
    plan_id: str | None
    plan: PlanOut | None
    structured: dict[str, Any]
    features: dict[str, Any]
    levels: list[dict[str, Any]]
    chart_url: str


class ScanAnswer(Answer):
    """The newest candidate of each setup in the newest session scanned by then: actionable, confident, new first."""

    scanned_session: str | None
    count: int
    results: list[ScanHit]


class PlanQuestion(_Body):
    """Which plan."""

    symbol: Ticker
    style: Style | None = None
    direction: Direction | None = None


class TargetProfileOut(BaseModel):
    """What the engine made of the setup; null where it is not available."""

    entry: dict[str, Any]
    stop: float | None
    stop_basis: str | None
    targets: list[dict[str, Any]]
    runner: dict[str, Any] | None
    risk_per_share: float | None
    size: int | None
    expected_move: dict[str, Any] | None
    atr: float | None


class PlanReply(Answer):
    """The newest structured plan of a symbol."""

    plan_id: str | None
    strategy: str
    plan: PlanOut | None
    structured: dict[str, Any]
    target_profile: TargetProfileOut
    probabilities: list[dict[str, Any]]
    snap_trace: list[dict[str, Any]]
    gate: dict[str, Any]
    warnings: list[str]
    chart_url: str


class ContextPart(BaseModel):
    """Bars of one interval with the indicators at each, computed over the whole series; `regime` of its volatility."""

    interval: Interval
    hours: Hours
    bars: list[BarOut]
    indicators: list[IndicatorRow]
    regime: str | None = Field(examples=["normal"], description="quiet, normal or stressed; null before warm-up.")
    regime_ratio: float | None = Field(description="The newest ATR share of price over its median in the series.")


class ContextAnswer(Answer):
    """A symbol at an instant."""

    symbol: str
    last_price: float | None
    last_price_at: str | None
    last_price_at_ns: int | None
    key_levels: LevelsOut
    context: ContextPart


class MultiContextBody(_Body):
    """Which symbol, over which intervals."""

    symbol: Ticker
    intervals: list[Interval] = Field(min_length=1, max_length=6)
    lookback: int = Field(50, ge=1, le=500)
    hours: Hours = Hours.REGULAR


class MultiContextAnswer(Answer):
    """A symbol at an instant, over several intervals."""

    symbol: str
    last_price: float | None
    last_price_at: str | None
    last_price_at_ns: int | None
    key_levels: LevelsOut
    contexts: list[ContextPart]


class ContractsBody(_Body):
    """Which options: not built yet."""

    symbol: Ticker


class ChartBody(_Body):
    """What a chart shows."""

    symbol: Ticker
    interval: Interval = Interval.M1
    plan_id: Annotated[str, Field(pattern=PLAN)] | None = None
    as_of: str | None = Field(None, examples=["2013-10-08T10:31:00-04:00"])


class ChartAnswer(Answer):
    """The URL of a chart."""

    chart_url: str


class LayersAnswer(Answer):
    """What a chart draws over the bars, as of the plan's newest candidate."""

    plan_id: str
    at: str
    at_ns: int
    layers: dict[str, Any]


class ExecBody(_Body):
    """Which setups; symbols that cannot be read are reported, never a failure of the others."""

    symbols: list[str] = Field(min_length=1, max_length=500)
    style: Style | None = None
    limit: int = Field(10, ge=1, le=100)


class Setup(BaseModel):
    """A setup, short.  `hedge` and `options` are reserved."""

    symbol: str
    strategy: str
    direction: Direction
    style: Style
    at: str
    at_ns: int
    plan_id: str | None
    phase: str | None
    confidence: float
    actionable: bool
    entry: dict[str, Any]
    stop: float | None
    targets: list[dict[str, Any]]
    probabilities: list[float]
    runner: dict[str, Any] | None
    warnings: list[str]
    rationale: str | None
    chart_url: str
    hedge: None = None
    options: None = None


class SymbolFault(BaseModel):
    """Why a symbol gave nothing."""

    symbol: str
    message: str


class Truncated(BaseModel):
    """What was left out to stay under 80 KB: first the rationales of all setups, then setups from the last rank up."""

    rationales: int
    setups: int


class ExecAnswer(Answer):
    """Setups, ranked.  `ok` is true when every symbol could be read; at most 80 000 bytes of JSON."""

    ok: bool
    count: int
    setups: list[Setup]
    errors: list[SymbolFault]
    truncated: Truncated
