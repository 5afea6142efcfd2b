"""A frame: a run of the tape in columns, for the symbols that somebody watches, and its cutting into symbols."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from operators.bars.prints import Prints
from operators.bars.summing import SummedPrints, sum_prints
from operators.by_code import ByCode
from operators.columnar import Floats, Ints
from operators.conditions import ANY_LAST, CORRECTED, Flag
from operators.eligibility import LONGEST_PHASE_NS, SymbolSlice
from operators.glimpses import MOST_PRINTS, Glimpses
from operators.sessions import SessionCalendar

Codes = npt.NDArray[np.uint16]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class TickFrame:
    """Prints of the watched symbols in tape order.

    `code` (uint16) indexes `symbols`; one beyond the last means a symbol that nobody watches.  `sip_ns` int64 UTC;
    `price` dollars; `flags` as `conditions.Flag`; `size` shares and `behind` (uint16) the minutes by which a late
    print's own minute lies before that of its SIP time, None where nobody builds bars; `phase` the session code, None
    until tagged.
    """

    symbols: tuple[str, ...]
    code: Codes
    sip_ns: Ints
    price: Floats
    flags: Bytes
    size: Floats | None = None
    behind: Codes | None = None
    phase: Bytes | None = None

    def take(self, rows: slice | Ints | npt.NDArray[np.bool_]) -> "TickFrame":
        """Return the prints of a slice, of positions or of a mask."""
        if isinstance(rows, slice) or rows.dtype == np.bool_:
            return replace(self, **{name: column[rows] for name, column in self.columns().items()})
        return replace(self, **{name: column.take(rows) for name, column in self.columns().items()})  # the quicker way

    def put(self, rows: ByCode) -> "TickFrame":
        """Return the prints in the order of their codes."""
        moved: dict[str, Any] = {name: rows.put(column) for name, column in self.columns().items()}
        return replace(self, **moved)

    def columns(self) -> dict[str, Any]:
        """Return the columns that are there, numpy arrays of one length, by name."""
        found = {name: getattr(self, name) for name in COLUMNS}
        return {name: column for name, column in found.items() if column is not None}


COLUMNS: Final = ("code", "sip_ns", "price", "flags", "size", "behind", "phase")


def tag(frame: TickFrame, calendar: SessionCalendar) -> TickFrame:
    """Give every print its session phase."""
    return replace(frame, phase=calendar.phase_codes(frame.sip_ns))


def by_symbol(frame: TickFrame, usable: Flag = ANY_LAST) -> Iterator[tuple[str, SymbolSlice]]:
    """Cut a tagged frame into one slice per symbol, in the order of `symbols`, tape order within.

    Prints that could set no plan's last price (none of the `usable` bits, or late) are counted and left out.
    """
    if frame.phase is None:
        msg = "a frame is cut into symbols after its prints have their session phase"
        raise ValueError(msg)
    count = len(frame.symbols)
    ends = np.zeros(count + 1, dtype=np.int64)
    ends[frame.code] = frame.sip_ns  # of equal indices the last stands
    tallies = _tallies(frame, count + 1)[:count]
    summed: dict[int, SummedPrints] = {}
    if frame.size is not None:
        rows = ByCode.of(frame.code)
        frame = frame if rows is None else frame.put(rows)
        summed = _summed(frame)
    code, sip_ns, price, flags, phase = _sorted_useful(frame, usable)
    starts = np.searchsorted(code, np.arange(count + 1))
    edges = starts.tolist()  # unwatched prints come after the last edge
    bands = _bands(price, starts)
    one_phase = int(phase[0]) if len(phase) and phase.min() == phase.max() and _is_short(frame.sip_ns) else None
    glimpses = None
    if one_phase is not None and len(price) <= MOST_PRINTS:
        glimpses = Glimpses(sip_ns, price, flags, starts, one_phase)
    for index, counts in enumerate(tallies.tolist()):
        if counts[0]:
            part = slice(edges[index], edges[index + 1])
            parts = sip_ns[part], price[part], flags[part], phase[part]
            end_ns, sums = int(ends[index]), summed.get(index)
            told = bands[index], one_phase, None if glimpses is None else partial(glimpses.of, index)
            yield frame.symbols[index], SymbolSlice(*parts, end_ns, usable, tuple(counts), sums, *told)


def _sorted_useful(frame: TickFrame, usable: Flag) -> list[Any]:
    """Return code, time, price, flags and phase of the prints worth keeping, in the order of the codes."""
    kept = np.flatnonzero(_useful(usable)[frame.flags])
    whole: list[Any] = [frame.code, frame.sip_ns, frame.price, frame.flags, frame.phase]
    columns = [column.take(kept) for column in whole]
    rows = ByCode.of(columns[0])
    return columns if rows is None else [rows.put(column) for column in columns]


def _bands(price: Floats, starts: Ints) -> list[tuple[float, float] | None]:
    """Return the lowest and highest price of each symbol, whose prints lie between two `starts`; None without any."""
    held = np.flatnonzero(starts[:-1] < starts[1:])
    found: list[tuple[float, float] | None] = [None] * (len(starts) - 1)
    if len(held):
        watched = price[: starts[-1]]
        low, high = (extreme.reduceat(watched, starts[held]).tolist() for extreme in (np.minimum, np.maximum))
        for index, *band in zip(held.tolist(), low, high, strict=True):
            found[index] = (band[0], band[1])
    return found


def _is_short(sip_ns: Ints) -> bool:
    """Whether all prints of one phase are of one session."""
    return bool(sip_ns.max() - sip_ns.min() <= LONGEST_PHASE_NS)


def _summed(frame: TickFrame) -> dict[int, SummedPrints]:
    """Sum up the prints of each watched symbol of a sorted frame per minute."""
    watched = slice(0, int(frame.code.searchsorted(len(frame.symbols))))
    rows = frame if watched.stop == len(frame.code) else frame.take(watched)
    if rows.phase is None or rows.size is None:
        return {}
    prints = Prints(rows.sip_ns, rows.price, rows.size, rows.flags, rows.phase, rows.behind)
    return dict(sum_prints(prints, rows.code))


@lru_cache(maxsize=16)
def _useful(usable: Flag) -> npt.NDArray[np.bool_]:
    """Whether a print with each of the 256 flags is worth keeping."""
    return np.array([bool(flags & usable) and not flags & Flag.LATE for flags in range(256)])


_ELIGIBLE, _LATE, _CORRECTED, _UNKNOWN, _OTHER = range(5)


def _class_of(flags: int) -> int:
    if flags == CORRECTED:
        return _CORRECTED
    if flags & Flag.LATE:
        return _LATE
    if flags & Flag.UNKNOWN_CONDITION:
        return _UNKNOWN
    return _ELIGIBLE if flags & Flag.LAST else _OTHER


_CLASSES: Final = np.array([_class_of(flags) for flags in range(256)], dtype=np.uint8)
_CLASS_BITS: Final = 3


def _tallies(frame: TickFrame, count: int) -> Ints:
    """Count per symbol what `eligibility.COUNTED` names; shape (symbols, 5)."""
    cells = frame.code.astype(np.intp)
    cells <<= _CLASS_BITS
    cells |= _CLASSES[frame.flags]
    found = np.bincount(cells, minlength=count << _CLASS_BITS).reshape(count, 1 << _CLASS_BITS)
    everything = found.sum(axis=1)
    return np.stack((everything, *(found[:, each] for each in (_ELIGIBLE, _LATE, _CORRECTED, _UNKNOWN))), axis=1)
