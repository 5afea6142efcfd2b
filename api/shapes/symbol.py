"""A symbol's bars, indicators and condition, as the API shows them."""

from typing import Any

from pydantic import BaseModel, Field

from api.shapes.session import Answer


class BarOut(BaseModel):
    """A bar, known from its `end` on.  `revision` counts late prints that changed it after it had closed."""

    start: str = Field(examples=["2013-10-07T15:45:00Z"])
    start_ns: int = Field(examples=[1_381_160_700_000_000_000])
    end: str = Field(examples=["2013-10-07T15:50:00Z"])
    end_ns: int = Field(examples=[1_381_161_000_000_000_000])
    open: float = Field(examples=[48.97])
    high: float = Field(examples=[49.05])
    low: float = Field(examples=[48.93])
    close: float = Field(examples=[49.01])
    volume: float = Field(examples=[41_250.0])
    vwap: float | None = Field(examples=[48.99])
    trades: int = Field(examples=[312])
    phase: str = Field(examples=["regular"])
    revision: int = Field(examples=[0])


class IndicatorRow(BaseModel):
    """Indicators at one bar's end; null before their warm-up."""

    start: str = Field(examples=["2013-10-07T15:45:00Z"])
    start_ns: int = Field(examples=[1_381_160_700_000_000_000])
    values: dict[str, float | None] = Field(examples=[{"ema_20": 48.9, "rsi_14": 55.2, "vwap": 48.96}])


class SeriesAnswer(Answer):
    """A page of bars, ascending; `next_cursor` null on the last."""

    symbol: str = Field(examples=["AIG"])
    interval: str = Field(examples=["5m"])
    hours: str = Field(examples=["regular"])
    bars: list[BarOut]
    next_cursor: str | None = Field(examples=["WyJwbGFucyIsICJBSUcuMSJd"])


class IndicatorsAnswer(Answer):
    """A page of indicators, ascending: the same numbers wherever a page is cut."""

    symbol: str = Field(examples=["AIG"])
    interval: str = Field(examples=["5m"])
    hours: str = Field(examples=["regular"])
    rows: list[IndicatorRow]
    next_cursor: str | None = Field(examples=["WyJwbGFucyIsICJBSUcuMSJd"])


class StreamOut(BaseModel):
    """How far a tape has come with a symbol; counts of prints."""

    stream: str = Field(examples=["tape"])
    tape: str = Field(examples=["2013-10-07T15:50:02Z"])
    tape_ns: int = Field(examples=[1_381_161_002_000_000_000])
    records: int = Field(examples=[31_337])
    eligible: int = Field(examples=[29_870])
    late: int = Field(examples=[12])
    corrected: int = Field(examples=[3])
    unknown_condition: int = Field(examples=[0])


class HeldOut(BaseModel):
    """Bars held of one interval; `gaps`: minutes without a bar in the newest regular session, None where uncounted."""

    interval: str = Field(examples=["5m"])
    count: int = Field(examples=[1])
    first_start_ns: int = Field(examples=[1_381_152_600_000_000_000])
    last_end_ns: int = Field(examples=[1_381_161_000_000_000_000])
    gaps: int | None = Field(examples=[0])


class LevelsOut(BaseModel):
    """Key levels as the engine saw them at the newest candidate, `at`; empty when there was none."""

    at: str | None = Field(examples=["2013-10-07T15:50:00Z"])
    at_ns: int | None = Field(examples=[1_381_161_000_000_000_000])
    levels: list[dict[str, Any]] = Field(examples=[[{"name": "prior_close", "price": 48.7}]])


class Diagnostics(Answer):
    """The condition of a symbol's data.

    `streams` is empty when every tape has moved on past the instant: what was counted by then is not stored.
    """

    symbol: str = Field(examples=["AIG"])
    data_age_s: float | None = Field(description="From the newest print or bar known by then to the instant.")
    last_price: float | None = Field(examples=[49.2])
    last_price_at_ns: int | None = Field(examples=[1_381_161_000_000_000_000])
    streams: list[StreamOut]
    bars: list[HeldOut]
    key_levels: LevelsOut
    plans_by_phase: dict[str, int] = Field(examples=[{"waiting": 2, "stopped": 1}])
