"""Folding the bars of many symbols at once.  Law: to the last bit what each symbol's folder makes of them one by one.

Sums run in order of time, as a folder's do: `bincount` adds up strictly in order, `add.reduceat` would not.
"""

from collections.abc import Sequence
from typing import Final, Self

import msgspec
import numpy as np

from operators.bars.columns import Bars, Bytes, Floats, Interval, Ints
from operators.bars.fold import REGULAR, SPANS_NS, Folder, Row, span_of
from operators.bars.ladder import RUNGS, FoldLadder
from operators.sessions import SessionCalendar

FEW: Final = 64
"""Minutes that are folded sooner one by one."""

OPEN, HIGH, LOW, CLOSE, VOLUME, NOTIONAL = range(6)

Folded = list[dict[Interval, Bars]]


class Rows(msgspec.Struct, frozen=True, eq=False, gc=False):
    """Bars of many owners, an owner's in order of time: as `fold.Row`, in columns; `values`, shape (6, rows)."""

    owner: Ints
    start_ns: Ints
    end_ns: Ints
    values: Floats
    trades: Ints
    phase: Bytes

    def __len__(self) -> int:
        return len(self.owner)

    @classmethod
    def of_minutes(cls, minutes: Sequence[Bars]) -> Self:
        """Join each owner's minutes; a notional takes the place of the vwap."""
        bars = Bars.concat(minutes)
        owner = np.arange(len(minutes)).repeat([len(each) for each in minutes])
        notional = np.where(bars.volume > 0, bars.vwap * bars.volume, 0.0)
        values = np.stack((bars.open, bars.high, bars.low, bars.close, bars.volume, notional))
        return cls(owner, bars.start_ns, bars.end_ns, values, bars.trades, bars.phase)

    @classmethod
    def of_held(cls, held: Sequence[tuple[int, Row]]) -> Self:
        """Return what owners hold of longer bars."""
        owner = np.array([number for number, _ in held], dtype=np.int64)
        start_ns, end_ns, *values, trades, phase = zip(*(row for _, row in held), strict=True)
        start, end = np.array((start_ns, end_ns), dtype=np.int64)
        return cls(
            owner, start, end, np.array(values), np.array(trades, dtype=np.int64), np.array(phase, dtype=np.uint8)
        )

    def take(self, which: Ints) -> Self:
        """Return the rows at some positions."""
        values, trades, phase = self.values[:, which], self.trades[which], self.phase[which]
        return type(self)(self.owner[which], self.start_ns[which], self.end_ns[which], values, trades, phase)

    def after(self, held: Self) -> Self:
        """Return the rows with those of `held` before them, owner by owner."""
        rows = type(self)(
            np.concatenate((held.owner, self.owner)),
            np.concatenate((held.start_ns, self.start_ns)),
            np.concatenate((held.end_ns, self.end_ns)),
            np.concatenate((held.values, self.values), axis=1),
            np.concatenate((held.trades, self.trades)),
            np.concatenate((held.phase, self.phase)),
        )
        return rows.take(np.argsort(rows.owner, kind="stable"))

    def row(self, index: int) -> Row:
        """Return one row as plain numbers."""
        open_, high, low, close, volume, notional = self.values[:, index].tolist()
        times = self.start_ns.item(index), self.end_ns.item(index)
        return (*times, open_, high, low, close, volume, notional, self.trades.item(index), self.phase.item(index))

    def bars(self, owners: int) -> list[Bars]:
        """Return each owner's rows as bars of revision 0."""
        volume = self.values[VOLUME]
        vwap = np.divide(self.values[NOTIONAL], volume, out=np.full(len(self), np.nan), where=volume != 0)
        open_, high, low, close = self.values[:VOLUME]
        revision = np.zeros(len(self), dtype=np.int64)
        prices = open_, high, low, close
        whole = Bars(self.start_ns, self.end_ns, *prices, volume, vwap, self.trades, self.phase, revision)
        return whole.parts(self.owner.searchsorted(np.arange(owners + 1)).tolist())


def extend_ladders(
    ladders: Sequence[FoldLadder], minutes: Sequence[Bars], now_ns: Sequence[int], calendar: SessionCalendar
) -> Folded:
    """Return what `FoldLadder.extend` of each would: the longer bars that became known by each `now_ns`, ns UTC."""
    if sum(map(len, minutes)) <= FEW:
        return [own.extend(bars, now) for own, bars, now in zip(ladders, minutes, now_ns, strict=True)]
    rows, found = Rows.of_minutes(minutes), Folded({} for _ in ladders)
    now = np.array(now_ns, dtype=np.int64)
    for interval in RUNGS:
        if interval is Interval.W1:
            break
        rows = _fold([own.folders[interval] for own in ladders], interval, rows, now, calendar)
        for own_found, bars in zip(found, rows.bars(len(ladders)), strict=True):
            own_found[interval] = bars
    for own, own_found, own_now in zip(ladders, found, now_ns, strict=True):
        own_found[Interval.W1] = own.extend_weeks(own_found[Interval.D1], own_now)
    return found


def _fold(folders: Sequence[Folder], interval: Interval, rows: Rows, now_ns: Ints, calendar: SessionCalendar) -> Rows:
    """Fold rows with what folders hold; give what is known by now, and let them hold the rest."""
    if interval not in SPANS_NS:
        rows = rows.take((rows.phase == REGULAR).nonzero()[0])
    rows = _spanned(rows, interval, calendar)
    held = [(number, own.held) for number, own in enumerate(folders) if own.held is not None]
    if held:
        rows = rows.after(Rows.of_held(held))
    if not len(rows):
        return rows
    longer = _longer(rows)
    last = np.append(longer.owner[1:] != longer.owner[:-1], True)
    open_ = last & (longer.end_ns > now_ns[longer.owner])
    for number, _ in held:
        folders[number].held = None
    for index in open_.nonzero()[0].tolist():
        folders[longer.owner.item(index)].held = longer.row(index)
    return longer.take((~open_).nonzero()[0])


def _spanned(rows: Rows, interval: Interval, calendar: SessionCalendar) -> Rows:
    """Return rows with the times of the longer bars that they are part of.  Raises SessionRangeError as `span_of`."""
    if not len(rows):
        return rows
    for extreme in (rows.start_ns.min(), rows.start_ns.max()):
        span_of(calendar, interval, int(extreme))
    if interval in SPANS_NS:
        edge = calendar.edges_ns.searchsorted(rows.start_ns, side="right")
        anchor_ns, until_ns = calendar.edges_ns[edge - 1], calendar.edges_ns[edge]
        start_ns = rows.start_ns - (rows.start_ns - anchor_ns) % SPANS_NS[interval]
        end_ns = np.minimum(start_ns + SPANS_NS[interval], until_ns)
    else:
        spans = {at_ns: span_of(calendar, interval, at_ns) for at_ns in np.unique(rows.start_ns).tolist()}
        start_ns, end_ns = np.array([spans[at_ns] for at_ns in rows.start_ns.tolist()], dtype=np.int64).T
    return Rows(rows.owner, start_ns, end_ns, rows.values, rows.trades, rows.phase)


def _longer(rows: Rows) -> Rows:
    """Return one row for all that are of one owner and one longer bar."""
    changes = (rows.owner[1:] != rows.owner[:-1]) | (rows.start_ns[1:] != rows.start_ns[:-1])
    first = np.concatenate(((0,), changes.nonzero()[0] + 1))
    bar = np.concatenate(((0,), changes.cumsum()))
    last = np.append(first[1:], len(rows)) - 1
    parts = rows.values
    values = np.stack(
        (
            parts[OPEN, first],
            np.maximum.reduceat(parts[HIGH], first),
            np.minimum.reduceat(parts[LOW], first),
            parts[CLOSE, last],
            np.bincount(bar, parts[VOLUME]),
            np.bincount(bar, parts[NOTIONAL]),
        )
    )
    known = np.logical_and.reduceat((rows.trades > 0) | (parts[VOLUME] == 0), first)
    trades = np.where(known, np.add.reduceat(rows.trades, first), 0)
    return Rows(rows.owner[first], rows.start_ns[first], rows.end_ns[first], values, trades, rows.phase[first])
