"""Bars by columns: what one bar after the other would be written as."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.bars.columns import Bars, Interval
from operators.rows import BarRows
from operators.sessions import PHASE_CODES
from operators.times import MINUTE_NS
from sinks.scan_encoding import bar_columns

START_NS = 1_381_239_000_000_000_000

told = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=6)
"""Bars as (minute, revision)."""
given_pieces = st.lists(
    st.tuples(st.sampled_from(["A", "B"]), st.sampled_from([Interval.M1, Interval.M5]), told), max_size=6
)


def made(bars: list[tuple[int, int]], seed: int) -> Bars:
    """Bars that can be told from one another, every third of unknown vwap."""
    start_ns = START_NS + np.array([minute for minute, _ in bars], dtype=np.int64) * MINUTE_NS
    price = seed + np.arange(len(bars)) / 8
    vwap = np.where(np.arange(len(bars)) % 3 == 2, np.nan, price)
    trades, phase = np.arange(len(bars)), np.full(len(bars), seed % len(PHASE_CODES), dtype=np.uint8)
    revision = np.array([revision for _, revision in bars], dtype=np.int64)
    return Bars(start_ns, start_ns + MINUTE_NS, price, price, price, price, price, vwap, trades, phase, revision)


def one_by_one(pieces: list[BarRows]) -> list[tuple[Any, ...]]:
    """Bars that are revised last: of each the greatest revision, and of equal ones the last."""
    rows = [
        (each.symbol, str(each.interval), *values[:9], str(PHASE_CODES[values[9]]), values[10])
        for each in pieces
        for values in zip(*(column.tolist() for column in each.bars.columns()), strict=True)
    ]
    rows = [tuple(None if value != value else value for value in row) for row in rows]
    revised = {row[:3] for row in rows if row[-1] > 0}
    newest: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for row in rows:
        if row[:3] in revised and row[-1] >= newest.setdefault(row[:3], row)[-1]:
            newest[row[:3]] = row
    return [row for row in rows if row[:3] not in revised] + list(newest.values())


@settings(max_examples=100, deadline=None)
@given(given_pieces)
def test_columns_say_what_a_plain_loop_over_the_bars_says(
    pieces: list[tuple[str, Interval, list[tuple[int, int]]]],
) -> None:
    """Whatever is told again, in whichever piece and order."""
    bars = [BarRows(symbol, each, made(rows, seed)) for seed, (symbol, each, rows) in enumerate(pieces, 1)]
    columns = bar_columns(bars)
    assert list(zip(*columns, strict=True)) == one_by_one(bars)
    assert len(columns) == 13
