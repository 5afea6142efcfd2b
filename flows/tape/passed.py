"""How far the prints that were given have taken each symbol, and so to whom a clock mark still says something.

Rule: a mark says nothing to a symbol that a print has taken as far, unless the symbol was told something since that
only the next record brings about, as a command is.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from operators.columnar import Ints
from operators.frames import TickFrame


class Passed:
    """Of the symbols of one reader.  `known_ns`: how far they had come before, ns UTC."""

    def __init__(self, symbols: Sequence[str], known_ns: Mapping[str, int]) -> None:
        self._symbols = tuple(symbols)
        self._newest_ns: Ints = np.array([known_ns.get(each, 0) for each in (*symbols, "")], np.int64)
        self._waiting = set(symbols)  # nobody knows what those that go on from before were told

    def gave(self, frame: TickFrame) -> None:
        """Take note of a frame; its symbols are those known, and perhaps some more behind them."""
        more = len(frame.symbols) + 1 - len(self._newest_ns)
        if more > 0:
            self._newest_ns = np.concatenate((self._newest_ns[:-1], np.zeros(more + 1, np.int64)))
        self._symbols = frame.symbols
        self._newest_ns[frame.code] = frame.sip_ns
        if self._waiting:
            self._waiting.difference_update((*frame.symbols, "")[code] for code in np.unique(frame.code).tolist())

    def told(self, symbols: Iterable[str]) -> None:
        """Take note that symbols were told something."""
        self._waiting.update(symbols)

    def marked(self, symbols: Sequence[str], at_ns: int) -> tuple[str, ...]:
        """Return those of `symbols` that a mark of that time is for; they are given it."""
        ahead = zip(self._symbols, (self._newest_ns >= at_ns).tolist(), strict=False)
        passed = {symbol for symbol, is_ahead in ahead if is_ahead} - self._waiting
        marked = tuple(symbol for symbol in symbols if symbol not in passed)
        self._waiting.difference_update(marked)
        return marked

    def times_ns(self) -> dict[str, int]:
        """Return the newest time of each symbol, ns UTC; 0 before its first print."""
        return dict(zip(self._symbols, self._newest_ns.tolist(), strict=False))
