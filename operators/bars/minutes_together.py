"""Closing the minutes of many symbols at once.  Law: to the last bit what each symbol's builder makes one by one.

A minute that goes on from an earlier piece adds up print by print: `bincount` adds strictly in order.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from operators.bars.build import Built, MinuteBuilder, floored, stragglers
from operators.bars.columns import Ints
from operators.bars.revising import NO_REVISIONS
from operators.bars.summing import SummedPrints
from operators.bars.sums import CLOSE, HIGH, LOW, NOTIONAL, OPEN, VOLUME, Sums, bars_of, joined, sums_of
from operators.times import MINUTE_NS

News = tuple[SummedPrints | None, int]
"""A symbol's next prints, if any, and the instant that its tape time reaches, ns UTC."""


class _Going(NamedTuple):
    """A symbol with prints: its builder, its prints, and its tape time before them, ns UTC."""

    own: MinuteBuilder
    piece: SummedPrints
    before_ns: int


def minutes_together(builders: Sequence[MinuteBuilder], news: Sequence[News]) -> list[Built]:
    """Return what `MinuteBuilder.advance` of each would give, but sooner where there are several."""
    if len(builders) == 1:
        return [builders[0].advance(*news[0])]
    found, going = list[Built | None](), list[_Going]()
    for own, (summed, now_ns) in zip(builders, news, strict=True):
        if summed is None:
            found.append(own.advance(None, now_ns))
            continue
        found.append(None)
        going.append(_Going(own, floored(summed, own.now_ns), own.now_ns))
        own.now_ns = max(own.now_ns, now_ns, int(going[-1].piece.prints.sip_ns.max()))
    built = iter(_closed(going)) if going else iter(())
    return [next(built) if each is None else each for each in found]


def _closed(going: Sequence[_Going]) -> list[Built]:
    owner, sums = _advanced(going)
    now_ns = np.array([each.own.now_ns for each in going])
    last = np.append(owner[1:] != owner[:-1], True)
    open_ = last & (sums.start_ns + MINUTE_NS > now_ns[owner])
    for each in going:
        each.own.held = None
    for index in open_.nonzero()[0].tolist():
        going[owner.item(index)].own.held = sums.row(index)
    priced = (~open_ & (sums.values[OPEN] == sums.values[OPEN])).nonzero()[0]
    sums, edges = sums.take(priced), owner[priced].searchsorted(np.arange(len(going) + 1)).tolist()
    found = list[Built]()
    for each, bars, (start, stop) in zip(going, bars_of(sums).parts(edges), pairwise(edges), strict=True):
        each.own.closed.add(sums.part(start, stop), each.before_ns)
        late = len(each.piece.displaced) > 0
        revised = each.own.closed.revise(stragglers(each.piece, each.before_ns)) if late else NO_REVISIONS
        found.append(Built(bars, revised))
    return found


def _advanced(going: Sequence[_Going]) -> tuple[Ints, Sums]:
    """Return all minutes, each symbol's in order after the one that it held, and whose they are."""
    sizes = [len(each.piece.sums) for each in going]
    owner, sums = np.arange(len(going)).repeat(sizes), joined([each.piece.sums for each in going])
    holding = [number for number, each in enumerate(going) if each.own.held is not None]
    if not holding:
        return owner, sums
    held, first = sums_of([each.own.held for each in going if each.own.held is not None]), np.cumsum([0, *sizes[:-1]])
    goes_on = held.start_ns == sums.start_ns[first[holding]]
    places = goes_on.nonzero()[0]
    numbers = np.array(holding)
    _go_on(sums, first[numbers[places]], held.take(places), [going[number].piece for number in numbers[places]])
    apart = (~goes_on).nonzero()[0]
    owners = np.concatenate((numbers[apart], owner))
    order = owners.argsort(kind="stable")
    return owners[order], joined([held.take(apart), sums]).take(order)


def _go_on(sums: Sums, places: Ints, held: Sums, pieces: Sequence[SummedPrints]) -> None:
    """Let the minutes at some places go on from what was held of them."""
    new, old = sums.values[:, places], held.values
    unset = np.isnan(old[OPEN])
    new[OPEN] = np.where(unset, new[OPEN], old[OPEN])
    new[HIGH], new[LOW] = np.maximum(old[HIGH], new[HIGH]), np.minimum(old[LOW], new[LOW])
    new[CLOSE] = np.where(np.isnan(new[CLOSE]), old[CLOSE], new[CLOSE])
    minute = np.concatenate((np.arange(len(held)), np.repeat(np.arange(len(held)), [p.head.shape[1] for p in pieces])))
    for row, name in enumerate((VOLUME, NOTIONAL)):
        added = np.concatenate((old[name], *(piece.head[row] for piece in pieces)))
        new[name] = np.bincount(minute, added, len(held))
    sums.values[:, places] = new
    sums.trades[places] += held.trades
    sums.phase[places] = np.where(unset, sums.phase[places], held.phase)
