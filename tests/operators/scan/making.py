"""Bars to scan, made by hand or by chance: one symbol's sessions in June 2013 and after, regular minutes only."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from msgspec.structs import replace

from operators.bars.columns import Bars, Interval
from operators.bars.fold import fold
from operators.nyse import nyse_calendar
from operators.scan.candidate import Candidate
from operators.scan.features.clock import REGULAR, SessionClock
from operators.scan.scanner import SymbolScan
from operators.times import MINUTE_NS

FIRST_DAY = date(2013, 6, 10)
Piece = dict[Interval, Bars]
SCANNED = (Interval.M1, Interval.M5, Interval.M60, Interval.D1)


@cache
def clock() -> SessionClock:
    return SessionClock.of(nyse_calendar())


@cache
def first_session() -> int:
    return clock().dates.index(FIRST_DAY)


def bars(start_ns: Any, length_ns: Any, open_: Any, high: Any, low: Any, close: Any, volume: Any, vwap: Any) -> Bars:
    """Regular bars of given columns."""
    starts = np.asarray(start_ns, dtype=np.int64)
    columns: list[Any] = [np.asarray(column, dtype=np.float64) for column in (open_, high, low, close, volume, vwap)]
    size = len(starts)
    columns += [np.full(size, 10), np.full(size, REGULAR, dtype=np.uint8), np.zeros(size, dtype=np.int64)]
    return Bars(starts, starts + np.asarray(length_ns, dtype=np.int64), *columns)


def walk_minutes(session: int, seed: int, price: float = 100.0, step: float = 0.0008, missing: float = 0.0) -> Bars:
    """A session's minutes as a random walk in cents; a part of them without a bar, some without a vwap."""
    rng = np.random.default_rng((seed, session))
    open_ns, close_ns = clock().opens_ns[session], clock().closes_ns[session]
    size = (close_ns - open_ns) // MINUTE_NS
    path = price * np.exp((step / 2 * rng.standard_normal((size, 4))).ravel().cumsum()).reshape(size, 4)
    first = np.concatenate(([price], path[:-1, -1])).round(2)
    path = path.round(2)
    high, low = np.maximum(path.max(axis=1), first), np.minimum(path.min(axis=1), first)
    vwap = np.where(rng.random(size) < 0.05, np.nan, (high + low + path[:, -1]) / 3)
    volume = rng.integers(2_000, 30_000, size)
    starts = open_ns + MINUTE_NS * np.arange(size)
    made = bars(starts, MINUTE_NS, first, high, low, path[:, -1], volume, vwap)
    return made.take(rng.random(size) >= missing)


def folded(minutes: Bars) -> Piece:
    """All intervals of sessions that are over."""
    now_ns = int(minutes.end_ns[-1]) + 86_400 * 10**9
    longer = {each: fold(minutes, each, nyse_calendar(), now_ns) for each in SCANNED[1:]}
    return {Interval.M1: minutes, **longer}


@cache
def walk(seed: int, sessions: int = 3, price: float = 100.0, **how: float) -> Piece:
    """Sessions one after another, each opening where a small night after the last one leads."""
    nights = np.random.default_rng((seed, 7)).normal(0, 0.006, sessions)
    pieces = []
    for number in range(sessions):
        pieces.append(walk_minutes(first_session() + number, seed, round(price * (1 + nights[number]), 2), **how))
        price = float(pieces[-1].close[-1])
    return folded(Bars.concat(pieces))


@cache
def daily_walk(seed: int, size: int = 280, price: float = 100.0, volatility: float = 0.012) -> Bars:
    """Daily bars that end with the session before the first one."""
    rng = np.random.default_rng((seed, 9))
    last = first_session()
    close = price * np.exp(np.concatenate((-(volatility * rng.standard_normal(size - 1))[::-1].cumsum()[::-1], [0.0])))
    first = np.concatenate(([close[0]], close[:-1])) * np.exp(0.2 * volatility * rng.standard_normal(size))
    stretch = np.abs(volatility * 0.5 * rng.standard_normal((2, size)))
    high, low = np.maximum(first, close) * (1 + stretch[0]), np.minimum(first, close) * (1 - stretch[1])
    opens = np.array(clock().opens_ns[last - size : last])
    length = np.array(clock().closes_ns[last - size : last]) - opens
    volume, unknown = rng.integers(2_000_000, 6_000_000, size), np.full(size, np.nan)
    return bars(opens, length, first.round(2), high.round(2), low.round(2), close.round(2), volume, unknown)


def cut(piece: Mapping[Interval, Bars], instants: Sequence[int]) -> list[Piece]:
    """The same bars in pieces, each with what ended up to an instant and after the one before."""
    edges = [0, *sorted(instants), 2**62]
    return [
        {name: each.take((each.end_ns > low) & (each.end_ns <= high)) for name, each in piece.items()}
        for low, high in pairwise(edges)
    ]


def changed(piece: Mapping[Interval, Bars], change: Any) -> Piece:
    """The same bars, each interval's changed by a function."""
    return {interval: change(each) for interval, each in piece.items()}


def mirrored(around: float, each: Bars) -> Bars:
    """Prices upside down."""
    prices: dict[str, Any] = {name: around - getattr(each, name) for name in ("open", "close", "vwap")}
    return replace(each, high=around - each.low, low=around - each.high, **prices)


def scaled(factor: float, each: Bars) -> Bars:
    """Prices times a factor, shares over it, as in a split."""
    prices: dict[str, Any] = {name: getattr(each, name) * factor for name in ("open", "high", "low", "close", "vwap")}
    return replace(each, volume=each.volume / factor, **prices)


def scan_of(pieces: Sequence[Mapping[Interval, Bars]], history: Bars | None = None) -> list[Candidate]:
    """Everything that a fresh scan finds in pieces."""
    scan = SymbolScan("TEST", clock())
    if history is not None:
        scan.warm_up({Interval.D1: history})
    return [candidate for piece in pieces for candidate in scan.extend(piece)]
