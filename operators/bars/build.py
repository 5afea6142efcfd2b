"""One-minute bars of one symbol from its prints.  Law: however the tape is cut, the bars are byte-equal.

A minute closes when the symbol's tape time reaches its end: with the first print or clock mark at or past it.  Every
print counts in the minute of its SIP time; a late one counts in the minute in which it happened, where that is known,
and a print that comes after its minute closed revises it.  Minutes in which no print may set a price have no bar,
and what was traded in them is in none.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import numpy as np

from operators.bars.columns import NO_BARS, Bars, Floats
from operators.bars.revising import NO_REVISIONS, REMEMBERED_NS, ClosedMinutes, Revisions, Straggler
from operators.bars.summing import SummedPrints, sum_prints
from operators.bars.sums import NO_SUMS, Sum, Sums, bars_of, joined, priced, sums_of
from operators.times import MINUTE_NS

FEW: Final = 24
"""Prints of one piece that are added up sooner without numpy."""


class Built(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What a piece of tape gave: the bars that it closed, ascending, and those that late prints on it revised."""

    closed: Bars = NO_BARS
    revised: Revisions = NO_REVISIONS


class MinuteBuilder:
    """Builds the one-minute bars of a symbol.  `now_ns`: its tape time, ns UTC; it never goes back.

    `held`: the minute that goes on; `closed`: those that prints may still revise, which is up to `remembered_ns` after
    they started.
    """

    def __init__(self, remembered_ns: int = REMEMBERED_NS) -> None:
        self.now_ns = 0
        self.held: Sum | None = None
        self.closed = ClosedMinutes(remembered_ns)

    def extend(self, piece: SummedPrints) -> Built:
        """Take the symbol's next prints, as `summing.sum_prints` gives them."""
        piece, before_ns = floored(piece, self.now_ns), self.now_ns
        self.now_ns = max(before_ns, int(piece.prints.sip_ns.max()))
        closed = self._close(self._advanced(piece), before_ns)
        if not len(piece.displaced):
            return Built(closed)
        return Built(closed, self.closed.revise(stragglers(piece, before_ns)))

    def close_until(self, now_ns: int) -> Bars:
        """Let the tape time reach `now_ns` without a print; return the bar that this closed, if any."""
        self.now_ns = max(self.now_ns, now_ns)
        if self.held is None or self.held[0] + MINUTE_NS > self.now_ns:
            return NO_BARS
        sums, self.held = sums_of([self.held]), None
        return self._close(sums, self.now_ns)

    def advance(self, piece: SummedPrints | None, now_ns: int) -> Built:
        """Take the symbol's next prints, if any, and let its tape time reach `now_ns`."""
        built = Built() if piece is None else self.extend(piece)
        last = self.close_until(now_ns)
        if not len(last):
            return built
        return Built(Bars.concat([built.closed, last]) if len(built.closed) else last, built.revised)

    def to_plain(self) -> tuple[Any, ...]:
        """Write everything as plain values, the same whatever pieces the tape came in."""
        return self.now_ns, self.held, self.closed.to_plain(self.now_ns)

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> "MinuteBuilder":
        """Undo `to_plain`."""
        builder = cls()
        builder.now_ns, held, closed = plain
        builder.held = None if held is None else tuple(held)
        builder.closed = ClosedMinutes.from_plain(closed)
        return builder

    def _advanced(self, piece: SummedPrints) -> Sums:
        """Hold the piece's last minute; return those that it closed, priced or not."""
        sums, held = piece.sums, self.held
        first = sums.row(0)
        goes_on = held is not None and held[0] == first[0]
        if held is not None and goes_on:
            first = _gone_on(held, first, piece.head)
        before = [] if held is None or goes_on else [sums_of([held])]
        if len(sums) == 1:
            self.held = first
            return before[0] if before else NO_SUMS
        self.held = sums.row(-1)
        closed = sums.take(slice(0, -1))
        closed.values[:, 0], closed.trades[0], closed.phase[0] = first[1:7], first[7], first[8]
        return joined([*before, closed]) if before else closed

    def _close(self, sums: Sums, since_ns: int) -> Bars:
        """Close minutes; those that prints since an instant can still revise are remembered."""
        if not len(sums):
            return NO_BARS
        sums = priced(sums)
        self.closed.add(sums, since_ns)
        return bars_of(sums)


def _gone_on(held: Sum, since: Sum, head: Floats) -> Sum:
    """Return what was held of a minute with what came since; `head`: what each print since adds."""
    start_ns, open_, high, low, close, volume, notional, trades, phase = held
    volume, notional = _added(volume, notional, head)
    _, new_open, new_high, new_low, new_close, _, _, new_trades, new_phase = since
    if open_ != open_:
        open_, phase = new_open, new_phase
    if new_close == new_close:
        close = new_close
    trades += new_trades
    return start_ns, open_, max(high, new_high), min(low, new_low), close, volume, notional, trades, phase


def _added(volume: float, notional: float, head: Floats) -> tuple[float, float]:
    """Add up what each print adds, strictly in order: of a few sooner one by one."""
    if head.shape[1] <= FEW:
        volumes, notionals = head.tolist()
        for more in volumes:
            volume += more
        for more in notionals:
            notional += more
        return volume, notional
    added = head.copy()
    added[0, 0] += volume
    added[1, 0] += notional
    volume, notional = added.cumsum(axis=1)[:, -1].tolist()
    return volume, notional


def floored(piece: SummedPrints, now_ns: int) -> SummedPrints:
    """Return prints as they count for a symbol whose tape time is `now_ns`, ns UTC: none in a minute before it."""
    minute = now_ns // MINUTE_NS
    if piece.sums.start_ns.item(0) >= minute * MINUTE_NS:
        return piece
    pieces = sum_prints(piece.prints, np.zeros(len(piece.prints), dtype=np.uint16), minute)
    return next(each for _, each in pieces)


def stragglers(piece: SummedPrints, before_ns: int) -> Iterator[Straggler]:
    """Return the displaced prints, one or more, each known when the tape reached it."""
    prints, where = piece.prints, piece.displaced
    since_the_last = np.maximum.reduceat(prints.sip_ns[: where[-1] + 1], np.concatenate(((0,), where[:-1] + 1)))
    at_ns = np.maximum(np.maximum.accumulate(since_the_last), before_ns)
    columns = at_ns, piece.own * MINUTE_NS, prints.price[where], prints.size[where], prints.flags[where]
    return map(Straggler, *(column.tolist() for column in columns))
