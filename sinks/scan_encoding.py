"""Bars and scan results as rows of plain strings and numbers, in the order of their table's columns."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Final, NoReturn

import numpy as np

from operators.bars.columns import Bars, Ints
from operators.rows import BarRows, ScanRow, SupersededBars
from operators.sessions import PHASE_CODES
from operators.times import SECOND_NS
from sinks.canonical import canonical_of_many
from sinks.copying import Row

_PHASES: Final = tuple(str(phase) for phase in PHASE_CODES)
_SECONDS_BITS: Final = 40
"""Seconds since the epoch have room in them; every bar starts with a whole one."""


def bar_columns(pieces: Sequence[BarRows]) -> list[list[Any]]:
    """Write bars column by column, the newest revision of each only.

    All pieces are written at once: a step per piece would cost more than its bars.
    Raises ValueError naming the symbol for NaN, infinity.
    """
    bars, owner = _joined(pieces)
    if bars.revision.max(initial=0) > 0:
        newest = _newest(pieces, bars, owner)
        bars, owner = bars.take(newest), owner[newest]
    return _columns(pieces, bars, owner)


def superseded_rows(pieces: Sequence[SupersededBars]) -> list[Row]:
    """Write bars as they stood, each with the instant until which it did; all of them, whatever came of them."""
    if not pieces:
        return []
    until_ns = list(chain.from_iterable(piece.until_ns.tolist() for piece in pieces))
    return list(zip(*_columns(pieces, *_joined(pieces)), until_ns, strict=True))


def _joined(pieces: Sequence[BarRows | SupersededBars]) -> tuple[Bars, Ints]:
    """Return all bars, and of each the number of its piece."""
    bars = Bars.concat([piece.bars for piece in pieces])
    numbers = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    if not all(np.isfinite(column).all() for column in numbers):
        _refuse(pieces)
    return bars, np.arange(len(pieces)).repeat([len(piece.bars) for piece in pieces])


def _columns(pieces: Sequence[BarRows | SupersededBars], bars: Bars, owner: Ints) -> list[list[Any]]:
    *before, vwap, trades, phase, revision = (column.tolist() for column in bars.columns())
    if np.isnan(bars.vwap).any():
        vwap = [value if value == value else None for value in vwap]
    owners = owner.tolist()
    symbols = list(map([piece.symbol for piece in pieces].__getitem__, owners))
    intervals = list(map([str(piece.interval) for piece in pieces].__getitem__, owners))
    return [symbols, intervals, *before, vwap, trades, list(map(_PHASES.__getitem__, phase)), revision]


def _newest(pieces: Sequence[BarRows], bars: Bars, owner: Ints) -> Ints:
    """Return the positions of the bars to write: those told once, then the last word on each that is told again."""
    numbers: dict[tuple[str, str], int] = {}
    number = [numbers.setdefault((piece.symbol, piece.interval), len(numbers)) for piece in pieces]
    keys = (bars.start_ns // SECOND_NS) + (np.array(number)[owner] << _SECONDS_BITS)
    revised = np.unique(keys[bars.revision > 0])
    again = revised[np.minimum(revised.searchsorted(keys), len(revised) - 1)] == keys
    several = again.nonzero()[0]
    order = several[np.lexsort((bars.revision[several], keys[several]))]
    starts = keys[order].searchsorted(revised)
    first, last = np.minimum.reduceat(order, starts), order[np.append(starts[1:], len(order)) - 1]
    return np.concatenate(((~again).nonzero()[0], last[first.argsort()]))


def _refuse(pieces: Iterable[BarRows | SupersededBars]) -> NoReturn:
    for piece in pieces:
        for name in ("open", "high", "low", "close", "volume"):
            if not np.isfinite(getattr(piece.bars, name)).all():
                msg = f"{piece.symbol}: {name} of a {piece.interval} bar is no number"
                raise ValueError(msg)
    msg = "a bar holds what is no number"
    raise ValueError(msg)


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
