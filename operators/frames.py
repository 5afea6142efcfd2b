"""A frame: a run of the tape in columns, for the symbols that somebody watches, and its cutting into symbols."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from operators.columnar import Floats, Ints
from operators.conditions import ANY_LAST, Flag
from operators.eligibility import SymbolSlice
from operators.sessions import SessionCalendar

Codes = npt.NDArray[np.uint16]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class TickFrame:
    """Prints of the watched symbols in tape order.

    `code` (uint16) indexes `symbols`; `sip_ns` int64 UTC; `price` dollars; `flags` as `conditions.Flag`; `phase` the
    session code, None until tagged.
    """

    symbols: tuple[str, ...]
    code: Codes
    sip_ns: Ints
    price: Floats
    flags: Bytes
    phase: Bytes | None = None


def tag(frame: TickFrame, calendar: SessionCalendar) -> TickFrame:
    """Give every print its session phase."""
    phase = calendar.phase_codes(frame.sip_ns)
    return TickFrame(frame.symbols, frame.code, frame.sip_ns, frame.price, frame.flags, phase)


def by_symbol(frame: TickFrame, usable: Flag = ANY_LAST) -> Iterator[tuple[str, SymbolSlice]]:
    """Cut a tagged frame into one slice per symbol, in the order of `symbols`, tape order within.

    Prints that could set no plan's last price (none of the `usable` bits, or late) are counted and left out.
    """
    if frame.phase is None:
        msg = "a frame is cut into symbols after its prints have their session phase"
        raise ValueError(msg)
    count = len(frame.symbols)
    ends = np.zeros(count, dtype=np.int64)
    ends[frame.code] = frame.sip_ns  # of equal indices the last stands
    tallies = _tallies(frame, count)
    kept = np.flatnonzero(((frame.flags & usable) != 0) & ((frame.flags & Flag.LATE) == 0))
    code = frame.code[kept]
    if len(code) and np.any(code[1:] < code[:-1]):
        order = np.argsort(code, kind="stable")
        kept, code = kept[order], code[order]
    sip_ns, price, flags, phase = frame.sip_ns[kept], frame.price[kept], frame.flags[kept], frame.phase[kept]
    edges = np.searchsorted(code, np.arange(count + 1))
    for index in map(int, np.flatnonzero(tallies[0])):
        part = slice(int(edges[index]), int(edges[index + 1]))
        counts = tuple(int(tally[index]) for tally in tallies)
        columns = sip_ns[part], price[part], flags[part], phase[part]
        yield frame.symbols[index], SymbolSlice(*columns, int(ends[index]), counts)


def _tallies(frame: TickFrame, count: int) -> tuple[Ints, ...]:
    """Count per symbol: records, eligible for plans without options, late, corrected, unknown condition."""
    flags = frame.flags
    late = (flags & Flag.LATE) != 0
    groups = (
        ((flags & Flag.LAST) != 0) & ~late,
        late,
        flags == 0,
        (flags & Flag.UNKNOWN_CONDITION) != 0,
    )
    everything = np.bincount(frame.code, minlength=count)
    return (everything, *(np.bincount(frame.code[group], minlength=count) for group in groups))
