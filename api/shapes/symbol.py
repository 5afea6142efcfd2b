"""A symbol's bars, indicators and condition, as the API shows them."""

from typing import Any

from pydantic import BaseModel, Field

from api.shapes.session import Answer


class BarOut(BaseModel):
    """A bar, known from its `end` on.  `revision` counts late prints that changed it after it had closed."""

    start: str
    start_ns: int
    end: str
    end_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    vwap: float | None
    trades: int
    phase: str
    revision: int


class IndicatorRow(BaseModel):
    """Indicators at one bar's end; null before their warm-up."""

    start: str
    start_ns: int
    values: dict[str, float | None] = Field(examples=[{"ema_20": 48.9, "rsi_14": 55.2, "vwap": 48.96}])


class SeriesAnswer(Answer):
    """A page of bars, ascending; `next_cursor` null on the last."""

    symbol: str
    interval: str
    hours: str
    bars: list[BarOut]
    next_cursor: str | None


class IndicatorsAnswer(Answer):
    """A page of indicators, ascending: the same numbers wherever a page is cut."""

    symbol: str
    interval: str
    hours: str
    rows: list[IndicatorRow]
    next_cursor: str | None


class StreamOut(BaseModel):
    """How far a tape has come with a symbol; counts of prints."""

    stream: str
    tape: str
    tape_ns: int
    records: int
    eligible: int
    late: int
    corrected: int
    unknown_condition: int


class HeldOut(BaseModel):
    """Bars held of one interval; `gaps`: minutes without a bar in the newest regular session, None where uncounted."""

    interval: str
    count: int
    first_start_ns: int
    last_end_ns: int
    gaps: int | None


class LevelsOut(BaseModel):
    """Key levels as the engine saw them at the newest candidate, `at`; empty when there was none."""

    at: str | None
    at_ns: int | None
    levels: list[dict[str, Any]]


class Diagnostics(Answer):
    """The condition of a symbol's data.

    `streams` is empty when every tape has moved on past the instant: what was counted by then is not stored.
    """

    symbol: str
    data_age_s: float | None = Field(description="From the newest print or bar known by then to the instant.")
    last_price: float | None
    last_price_at_ns: int | None
    streams: list[StreamOut]
    bars: list[HeldOut]
    key_levels: LevelsOut
    plans_by_phase: dict[str, int]
