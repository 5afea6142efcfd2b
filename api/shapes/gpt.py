"""The surface for assistants: ranked setups, structured plans, context.  Bodies refuse what they do not know."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.names import INSTANT, PLAN, TICKER
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

    rank: int = Field(examples=[1])
    symbol: str = Field(examples=["AIG"])
    strategy: str = Field(examples=["vwap_reclaim"])
    direction: Direction
    style: Style
    at: str = Field(examples=["2013-10-07T15:50:00Z"])
    at_ns: int = Field(examples=[1_381_161_000_000_000_000])
    confidence: float = Field(description="Share of weighted conditions met, 0 to 1: no chance of winning.")
    actionable: bool = Field(examples=[True])
    plan_id: str | None = Field(examples=["AIG.vwap_reclaim.long.20131007.1"])
    plan: PlanOut | None
    structured: dict[str, Any] = Field(examples=[{"plan_id": "AIG.vwap_reclaim.long.20131007.1", "style": "intraday"}])
    features: dict[str, Any] = Field(examples=[{"close": 49.01, "vwap": 48.96}])
    levels: list[dict[str, Any]] = Field(examples=[[{"name": "prior_close", "price": 48.7}]])
    chart_url: str = Field(examples=["/chart?symbol=AIG&interval=1m&plan_id=AIG.vwap_reclaim.long.20131007.1"])


class ScanAnswer(Answer):
    """The newest candidate of each setup in the newest session scanned by then: actionable, confident, new first."""

    scanned_session: str | None = Field(examples=["2013-10-07"])
    count: int = Field(examples=[1])
    results: list[ScanHit]


class PlanQuestion(_Body):
    """Which plan."""

    symbol: Ticker
    style: Style | None = None
    direction: Direction | None = None


class TargetProfileOut(BaseModel):
    """What the engine made of the setup; null where it is not available."""

    entry: dict[str, Any] = Field(examples=[{"type": "limit", "price": 49.01}])
    stop: float | None = Field(examples=[48.86])
    stop_basis: str | None = Field(examples=["behind session_low"])
    targets: list[dict[str, Any]] = Field(examples=[[{"price": 49.2, "fraction": 0.5}]])
    runner: dict[str, Any] | None = Field(examples=[{"fraction": 0.2, "trail": {"distance": 0.2, "step": 0.05}}])
    risk_per_share: float | None = Field(examples=[0.15])
    size: int | None = Field(examples=[666])
    expected_move: dict[str, Any] | None = Field(examples=[{"value": 0.6, "basis": "realized"}])
    atr: float | None = Field(examples=[0.11])


class PlanReply(Answer):
    """The newest structured plan of a symbol."""

    plan_id: str | None = Field(examples=["AIG.vwap_reclaim.long.20131007.1"])
    strategy: str = Field(examples=["vwap_reclaim"])
    plan: PlanOut | None
    structured: dict[str, Any] = Field(examples=[{"plan_id": "AIG.vwap_reclaim.long.20131007.1", "style": "intraday"}])
    target_profile: TargetProfileOut
    probabilities: list[dict[str, Any]] = Field(examples=[[{"index": 1, "before_stop": 0.52}]])
    snap_trace: list[dict[str, Any]] = Field(examples=[[{"target": 1, "level": "prior_high", "taken": True}]])
    gate: dict[str, Any] = Field(examples=[{"action": "allow", "events": []}])
    warnings: list[str] = Field(examples=[["thin volume"]])
    chart_url: str = Field(examples=["/chart?symbol=AIG&interval=1m&plan_id=AIG.vwap_reclaim.long.20131007.1"])


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

    symbol: str = Field(examples=["AIG"])
    last_price: float | None = Field(examples=[49.2])
    last_price_at: str | None = Field(examples=["2013-10-07T15:50:00Z"])
    last_price_at_ns: int | None = Field(examples=[1_381_161_000_000_000_000])
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

    symbol: str = Field(examples=["AIG"])
    last_price: float | None = Field(examples=[49.2])
    last_price_at: str | None = Field(examples=["2013-10-07T15:50:00Z"])
    last_price_at_ns: int | None = Field(examples=[1_381_161_000_000_000_000])
    key_levels: LevelsOut
    contexts: list[ContextPart]


class ContractsBody(_Body):
    """Which options: not built yet."""

    symbol: Ticker


class ChartBody(_Body):
    """What a chart shows."""

    symbol: Ticker
    interval: Interval = Interval.M1
    plan_id: Annotated[str, Field(pattern=PLAN, examples=["AIG.vwap_reclaim.long.20131007.1"])] | None = None
    as_of: str | None = Field(None, examples=["2013-10-08T10:31:00-04:00"], json_schema_extra={"pattern": INSTANT})


class ChartAnswer(Answer):
    """The URL of a chart."""

    chart_url: str = Field(examples=["/chart?symbol=AIG&interval=1m&plan_id=AIG.vwap_reclaim.long.20131007.1"])


class LayersAnswer(Answer):
    """What a chart draws over the bars, as of the plan's proposal."""

    plan_id: str = Field(examples=["AIG.vwap_reclaim.long.20131007.1"])
    at: str = Field(examples=["2013-10-07T15:50:00Z"])
    at_ns: int = Field(examples=[1_381_161_000_000_000_000])
    layers: dict[str, Any] = Field(examples=[{"levels": []}])


class ExecBody(_Body):
    """Which setups; symbols that cannot be read are reported, never a failure of the others."""

    symbols: list[str] = Field(min_length=1, max_length=500, examples=[["AIG", "GE"]])
    style: Style | None = None
    limit: int = Field(10, ge=1, le=100)


class Setup(BaseModel):
    """A setup, short.  `hedge` and `options` are reserved."""

    symbol: str = Field(examples=["AIG"])
    strategy: str = Field(examples=["vwap_reclaim"])
    direction: Direction
    style: Style
    at: str = Field(examples=["2013-10-07T15:50:00Z"])
    at_ns: int = Field(examples=[1_381_161_000_000_000_000])
    plan_id: str | None = Field(examples=["AIG.vwap_reclaim.long.20131007.1"])
    phase: str | None = Field(examples=["regular"])
    confidence: float = Field(examples=[0.83])
    actionable: bool = Field(examples=[True])
    entry: dict[str, Any] = Field(examples=[{"type": "limit", "price": 49.01}])
    stop: float | None = Field(examples=[48.86])
    targets: list[dict[str, Any]] = Field(examples=[[{"price": 49.2, "fraction": 0.5}]])
    probabilities: list[float] = Field(examples=[[0.52, 0.31]])
    runner: dict[str, Any] | None = Field(examples=[{"fraction": 0.2, "trail": {"distance": 0.2, "step": 0.05}}])
    warnings: list[str] = Field(examples=[["thin volume"]])
    rationale: str | None = Field(examples=["Close back over the VWAP."])
    chart_url: str = Field(examples=["/chart?symbol=AIG&interval=1m&plan_id=AIG.vwap_reclaim.long.20131007.1"])
    hedge: None = None
    options: None = None


class SymbolFault(BaseModel):
    """Why a symbol gave nothing."""

    symbol: str = Field(examples=["AIG"])
    message: str = Field(examples=["must be a ticker in ASCII of 1 to 32 characters"])


class Truncated(BaseModel):
    """What was left out to stay under 80 KB: all rationales, then errors from the last up, then setups likewise."""

    rationales: int = Field(examples=[0])
    setups: int = Field(examples=[0])
    errors: int = Field(examples=[0])


class ExecAnswer(Answer):
    """Setups, ranked.  `ok` is true when every symbol could be read; at most 80 000 bytes of JSON."""

    ok: bool = Field(examples=[True])
    count: int = Field(examples=[1])
    setups: list[Setup]
    errors: list[SymbolFault]
    truncated: Truncated
