"""Bars and indicators of a symbol, as the API shows them.  Rule: the whole series is computed, then a part is shown."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import numpy as np
import sqlalchemy as sa

from api.shapes.symbol import BarOut, IndicatorRow
from operators.bars.columns import Bars, Interval
from operators.indicators.sheet import indicator_columns
from operators.indicators.values import Floats
from operators.plans import SessionPhase
from operators.sessions import PHASE_CODES
from operators.times import iso
from sinks.scan_reader import bars_of


class Hours(StrEnum):
    """Which bars make a series."""

    REGULAR = "regular"
    ALL = "all"


def series_of(connection: sa.Connection, symbol: str, interval: Interval, hours: Hours, as_of_ns: int | None) -> Bars:
    """All bars of a symbol that had ended by an instant, ascending."""
    bars = bars_of(connection, symbol, interval, as_of_ns=as_of_ns)
    if hours is Hours.ALL or interval in (Interval.D1, Interval.W1):
        return bars
    return bars.take(bars.phase == PHASE_CODES.index(SessionPhase.REGULAR))


def show_bars(bars: Bars, start: int, end: int) -> list[BarOut]:
    """Write bars of a range of positions."""
    return [_bar(bars, index) for index in range(start, end)]


def show_indicators(bars: Bars, start: int, end: int) -> list[IndicatorRow]:
    """Write the indicators, computed over all bars, of a range of positions."""
    columns = indicator_columns(bars) if len(bars) else {}
    return [_row(bars, columns, index) for index in range(start, end)]


def page_of(bars: Bars, after_ns: int | None, limit: int) -> tuple[int, int]:
    """The positions of up to `limit` bars that start later than an instant."""
    start = 0 if after_ns is None else int(np.searchsorted(bars.start_ns, after_ns, side="right"))
    return start, min(len(bars), start + limit)


def _bar(bars: Bars, index: int) -> BarOut:
    bar = bars.row(index)
    return BarOut(
        start=iso(bar.start_ns),
        start_ns=bar.start_ns,
        end=iso(bar.end_ns),
        end_ns=bar.end_ns,
        open=bar.open,
        high=bar.high,
        low=bar.low,
        close=bar.close,
        volume=bar.volume,
        vwap=bar.vwap,
        trades=bar.trades,
        phase=str(PHASE_CODES[bar.phase]),
        revision=bar.revision,
    )


def _row(bars: Bars, columns: Mapping[str, Floats], index: int) -> IndicatorRow:
    start_ns = int(bars.start_ns[index])
    values: dict[str, Any] = {name: _known(float(column[index])) for name, column in columns.items()}
    return IndicatorRow(start=iso(start_ns), start_ns=start_ns, values=values)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
