"""The universe: the symbols that are scanned.  Commands add to it; each symbol counts from its command's time on."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from operators.columnar import Ints
from operators.frames import TickFrame


def floors_of(symbols: Sequence[str], since_ns: Mapping[str, int]) -> Ints:
    """Return by code of `symbols` from which time on (ns UTC) prints count, and last, for all others, 0."""
    return np.array([*(since_ns.get(symbol, 0) for symbol in symbols), 0], dtype=np.int64)


def without_earlier(frame: TickFrame, floors: Ints) -> TickFrame:
    """Return a frame in which prints that are older than their symbol's floor are those of no watched symbol."""
    early = frame.sip_ns < floors[frame.code]
    if not early.any():
        return frame
    code = frame.code.copy()
    code[early] = len(frame.symbols)
    return replace(frame, code=code)
