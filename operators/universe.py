"""The universe: the symbols that are scanned.  Commands add to it; each symbol counts from its command's time on.

Rule: a ticker travels in lists and subscriptions (`T.AAPL,T.MSFT`, `T.*`), so what means something there is none.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from operators.columnar import Ints
from operators.frames import TickFrame
from operators.plans import SYMBOL_LENGTH

TICKER: Final = rf"[\x21-\x29\x2b\x2d-\x7e]{{1,{SYMBOL_LENGTH}}}"
"""A regular expression for the whole of a ticker: ASCII that can be seen, but neither a comma nor a star."""

_TICKER: Final = re.compile(TICKER)


def is_ticker(text: str) -> bool:
    """Whether a text can name one symbol of the universe.

    >>> [is_ticker(each) for each in ("BRK.A", "BACpL", "", "A,B", "*", "A B")]
    [True, True, False, False, False, False]
    """
    return _TICKER.fullmatch(text) is not None


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
