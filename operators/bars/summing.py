"""Summing prints up per minute, for all symbols of a frame at once.  Rule: sums run strictly in tape order.

Floats do not add up to the same in another order, so a minute that goes on from an earlier piece cannot simply take
what this one adds: its prints are kept, and added one after the other by whoever knows where the sum had come to.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from operators.bars.columns import Bytes, Floats, Ints
from operators.bars.prints import HIGH_LOW_BIT, LAST_BIT, LATE_BIT, VOLUME_BIT, Prints, rights_of
from operators.bars.sums import CLOSE, HIGH, LOW, NOTIONAL, OPEN, VOLUME, Sums
from operators.times import MINUTE_NS

Codes = npt.NDArray[np.integer[Any]]

_CODE_SHIFT: Final = 32
_MINUTE_MASK: Final = (1 << _CODE_SHIFT) - 1
_TO_LOWEST: Final = np.array([0.0 if may & HIGH_LOW_BIT else -np.inf for may in range(8)])
"""Added to a price, makes it one that is never the highest, unless it may be."""
_NO_PHASE: Final = np.uint8(0)
_NOWHERE: Final[Ints] = np.empty(0, dtype=np.int64)


class SummedPrints(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One symbol's prints in one frame, summed up per minute.

    `sums`: the minutes, each from zero on; `head`, shape (2, prints of the first minute): what each print adds to
    volume and to notional; `displaced`: positions of the prints that belong to a minute before the tape's; `own`:
    that minute's number since the epoch.
    """

    prints: Prints
    sums: Sums
    head: Floats
    displaced: Ints
    own: Ints


def sum_prints(prints: Prints, code: Codes, floor_minute: int = 0) -> Iterator[tuple[int, SummedPrints]]:
    """Sum up the prints of a frame, sorted by symbol and in tape order within; yield each symbol's code and sums.

    `code`: number of each print's symbol, ascending.  A print of a minute before `floor_minute`, or before that of
    an earlier print, is displaced.  All prints belong here, also those that may set nothing: they are tape time.
    """
    if not len(prints):
        return
    keys, displaced, own = _placed(prints, code.astype(np.int64) << _CODE_SHIFT, floor_minute)
    may = rights_of(prints)
    may[displaced] = 0
    starts = _run_starts(keys)
    added = _added(prints, may)
    sums = _sums(prints, keys[starts], starts, may, added)
    runs = [*_run_starts(keys[starts] >> _CODE_SHIFT).tolist(), len(starts)]
    edges = [*starts.tolist(), len(prints)]
    for first, after in pairwise(runs):
        left, right = edges[first], edges[after]
        head = added[:, left : edges[first + 1]]
        part = slice(*displaced.searchsorted((left, right))) if len(displaced) else slice(0)
        where, minutes = displaced[part] - left, own[part]
        yield int(code[left]), SummedPrints(prints.part(left, right), sums.part(first, after), head, where, minutes)


def _placed(prints: Prints, places: Ints, floor_minute: int) -> tuple[Ints, Ints, Ints]:
    """Return the key (symbol, then tape minute) of each print, which ones are displaced, and the minutes of those."""
    own = prints.sip_ns // MINUTE_NS + places
    keys = own
    if floor_minute or (own[1:] < own[:-1]).any():
        keys = np.maximum.accumulate(np.maximum(own, places + floor_minute))
    late = _NOWHERE if prints.behind is None else ((prints.flags & LATE_BIT) != 0).nonzero()[0]
    if prints.behind is not None and len(late):
        own = own.copy()
        own[late] -= prints.behind[late]
    displaced = _NOWHERE if own is keys else (own < keys).nonzero()[0]
    return keys, displaced, own[displaced] & _MINUTE_MASK


def _run_starts(keys: Ints) -> Ints:
    return np.concatenate(([0], (keys[1:] != keys[:-1]).nonzero()[0] + 1))


def _added(prints: Prints, may: Bytes) -> Floats:
    """Return what each print adds to volume and to notional, shape (2, prints)."""
    added = np.empty((2, len(may)))
    counted = (may & VOLUME_BIT).astype(np.bool_)
    np.multiply(prints.size, counted, out=added[0])
    np.multiply(prints.price, added[0], out=added[1])
    return added


def _sums(prints: Prints, heads: Ints, starts: Ints, may: Bytes, added: Floats) -> Sums:
    """Return the sums of each run of prints; `heads`: the runs' keys."""
    runs = len(starts)
    run = np.arange(runs).repeat(np.diff(starts, append=len(may)))
    to_lowest = _TO_LOWEST[may]
    first, last = _setting(starts, may)
    there = first >= 0
    values = np.empty((6, runs))
    values[OPEN] = np.where(there, prints.price[first], np.nan)
    values[HIGH] = np.maximum.reduceat(prints.price + to_lowest, starts)
    values[LOW] = np.minimum.reduceat(prints.price - to_lowest, starts)
    values[CLOSE] = np.where(there, prints.price[last], np.nan)
    values[VOLUME] = np.bincount(run, added[0], runs)
    values[NOTIONAL] = np.bincount(run, added[1], runs)
    return Sums(
        start_ns=(heads & _MINUTE_MASK) * MINUTE_NS,
        values=values,
        trades=np.add.reduceat((may & VOLUME_BIT).astype(np.bool_), starts, dtype=np.int64),
        phase=np.where(there, prints.phase[first], _NO_PHASE),
    )


def _setting(starts: Ints, may: Bytes) -> tuple[Ints, Ints]:
    """Return the positions of the first and of the last print of each run that may set open and close, -1 for none."""
    setting = np.append((may & LAST_BIT).astype(np.bool_).nonzero()[0], -1)
    first = setting[:-1].searchsorted(starts)
    after = np.append(first[1:], len(setting) - 1)
    there = after > first
    return np.where(there, setting[first], -1), np.where(there, setting[after - 1], -1)
