"""Bars and scan results as rows of plain strings and numbers, in the order of their table's columns."""

from collections.abc import Iterable, Sequence
from itertools import chain, compress, repeat
from typing import Final, NoReturn

import numpy as np

from operators.bars.columns import Bars, Mask
from operators.rows import BarRows, ScanRow, SupersededBars
from operators.sessions import PHASE_CODES
from operators.times import SECOND_NS
from sinks.canonical import canonical_of_many
from sinks.copying import Row

_PHASES: Final = tuple(str(phase) for phase in PHASE_CODES)
_SECONDS_BITS: Final = 40
"""Seconds since the epoch have room in them; every bar starts with a whole one."""


def bar_rows(pieces: Sequence[BarRows]) -> list[Row]:
    """Write bars as rows, the newest revision of each only.  Raises ValueError naming the symbol for NaN, infinity.

    All pieces are written at once: a step per piece would cost more than its bars.
    """
    bars = Bars.concat([piece.bars for piece in pieces])
    rows = _rows(pieces, bars)
    if not bars.revision.any():
        return rows
    again = _told_again(pieces, bars).tolist()
    once = [row for row, several in zip(rows, again, strict=True) if not several]
    return once + _newest(compress(rows, again))


def superseded_rows(pieces: Sequence[SupersededBars]) -> list[Row]:
    """Write bars as they stood, each with the instant until which it did; all of them, whatever came of them."""
    if not pieces:
        return []
    rows = _rows(pieces, Bars.concat([piece.bars for piece in pieces]))
    until_ns = chain.from_iterable(piece.until_ns.tolist() for piece in pieces)
    return [(*row, until) for row, until in zip(rows, until_ns, strict=True)]


def _rows(pieces: Sequence[BarRows | SupersededBars], bars: Bars) -> list[Row]:
    numbers = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    if not all(np.isfinite(column).all() for column in numbers):
        _refuse(pieces)
    *before, vwap, trades, phase, revision = (column.tolist() for column in bars.columns())
    if np.isnan(bars.vwap).any():
        vwap = [value if value == value else None for value in vwap]
    symbols = chain.from_iterable(repeat(piece.symbol, len(piece.bars)) for piece in pieces)
    intervals = chain.from_iterable(repeat(str(piece.interval), len(piece.bars)) for piece in pieces)
    phases = map(_PHASES.__getitem__, phase)
    return list(zip(symbols, intervals, *before, vwap, trades, phases, revision, strict=True))


def _told_again(pieces: Sequence[BarRows], bars: Bars) -> Mask:
    """Return which bars are revised here, or are those that were."""
    numbers: dict[tuple[str, str], int] = {}
    owners = [numbers.setdefault((piece.symbol, piece.interval), len(numbers)) for piece in pieces]
    owner = np.repeat(owners, [len(piece.bars) for piece in pieces])
    keys = (bars.start_ns // SECOND_NS) + (owner << _SECONDS_BITS)
    return np.isin(keys, keys[bars.revision > 0])


def _refuse(pieces: Iterable[BarRows | SupersededBars]) -> NoReturn:
    for piece in pieces:
        for name in ("open", "high", "low", "close", "volume"):
            if not np.isfinite(getattr(piece.bars, name)).all():
                msg = f"{piece.symbol}: {name} of a {piece.interval} bar is no number"
                raise ValueError(msg)
    msg = "a bar holds what is no number"
    raise ValueError(msg)


def _newest(rows: Iterable[Row]) -> list[Row]:
    newest: dict[Row, Row] = {}
    for row in rows:
        if row[-1] >= newest.setdefault(row[:3], row)[-1]:
            newest[row[:3]] = row
    return list(newest.values())


def scan_rows(results: Iterable[ScanRow]) -> list[Row]:
    """Write scan results as rows.  Raises ValueError or TypeError for what is no JSON, NaN and infinity among it."""
    return [
        (
            *(r.symbol, r.strategy, r.direction, r.at_ns, r.session_date, r.ordinal, r.plan_id, r.actionable),
            *(
                r.confidence,
                canonical_of_many(r.profile),
                canonical_of_many(r.features),
                canonical_of_many(r.conditions),
            ),
        )
        for r in results
    ]
