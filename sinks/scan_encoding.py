"""Bars and scan results as rows of plain strings and numbers, in the order of their table's columns."""

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Final

import numpy as np

from operators.rows import BarRows, ScanRow
from operators.sessions import PHASE_CODES
from sinks.bulk import Row
from sinks.canonical import canonical

_PHASES: Final = tuple(str(phase) for phase in PHASE_CODES)


def bar_rows(pieces: Sequence[BarRows]) -> list[Row]:
    """Write bars as rows, the newest revision of each only.  Raises ValueError naming the symbol for NaN, infinity."""
    rows: list[Row] = []
    revised: list[Row] = []
    for piece in pieces:
        (revised if piece.bars.revision.any() else rows).extend(_bar_rows(piece))
    if not revised:
        return rows
    newest = _newest(revised)
    again = {row[:3] for row in newest}
    return [row for row in rows if row[:3] not in again] + newest


def _bar_rows(piece: BarRows) -> Iterable[Row]:
    bars = piece.bars
    for name in ("open", "high", "low", "close", "volume"):
        if not np.isfinite(getattr(bars, name)).all():
            msg = f"{piece.symbol}: {name} of a {piece.interval} bar is no number"
            raise ValueError(msg)
    *before, vwap, trades, phase, revision = (column.tolist() for column in bars.columns())
    if np.isnan(bars.vwap).any():
        vwap = [value if value == value else None for value in vwap]
    phases = [_PHASES[code] for code in phase]
    return zip(repeat(piece.symbol), repeat(str(piece.interval)), *before, vwap, trades, phases, revision)


def _newest(rows: list[Row]) -> list[Row]:
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
            *(r.confidence, canonical(r.profile), canonical(r.features), canonical(r.conditions)),
        )
        for r in results
    ]
