"""Relative volume, kept on five-minute slots and read at any bar's end.  Rule: as of the last five minutes that ended.

Minutes read it too: a history by minute would be five times as large and say no more.
"""

from collections.abc import Sequence
from typing import Any, Final, Self

import numpy as np

from operators.bars.columns import Bars, Floats, Ints
from operators.indicators.relative_volume import RelativeVolume
from operators.scan.features.clock import Run, part
from operators.times import MINUTE_NS

SLOT_NS: Final = 5 * MINUTE_NS
SESSIONS: Final = 10
"""Sessions that the usual volume is taken over: two weeks."""


class UsualVolume:
    """Shares so far over the usual ones; remembers the values of a piece, and the last one before."""

    __slots__ = ("_ends_ns", "_relative", "_values")

    def __init__(self) -> None:
        self._relative = RelativeVolume(SESSIONS)
        self._ends_ns: Ints = np.zeros(1, dtype=np.int64)
        self._values: Floats = np.full(1, np.nan)

    def extend(self, bars: Bars, runs: Sequence[Run]) -> Floats:
        """Return the relative volume at the ends of a piece's five-minute bars."""
        pieces = [self._run(part(bars, run), run) for run in runs]
        values = pieces[0] if len(pieces) == 1 else np.concatenate((*pieces, np.empty(0)))
        self._ends_ns = np.concatenate((self._ends_ns[-1:], bars.end_ns))
        self._values = np.concatenate((self._values[-1:], values))
        return values

    def _run(self, bars: Bars, run: Run) -> Floats:
        slot, slots = (bars.start_ns - run.open_ns) // SLOT_NS, -(-(run.close_ns - run.open_ns) // SLOT_NS)
        return self._relative.extend(np.full(len(bars), run.session), slot, bars.volume, slots)

    def at(self, end_ns: Ints, open_ns: int) -> Floats:
        """Return it at instants of a session, ns UTC; NaN before the session's first five minutes ended."""
        last = self._ends_ns.searchsorted(end_ns, side="right") - 1
        values = self._values[last]
        if self._ends_ns[last[0]] <= open_ns:
            values[self._ends_ns[last] <= open_ns] = np.nan
        return values

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state."""
        return self._relative.to_plain(), self._ends_ns[-1:].item(), self._values[-1:].tobytes()

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        own = cls()
        relative, end_ns, value = plain
        own._relative = RelativeVolume.from_plain(relative)
        own._ends_ns, own._values = np.array([end_ns]), np.frombuffer(value)
        return own
