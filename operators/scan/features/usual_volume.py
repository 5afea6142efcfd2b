"""Relative volume, kept on five-minute slots and read at any bar's end.  Rule: as of the last five minutes that ended.

Minutes read it too: a history by minute would be five times as large and say no more.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Self

import numpy as np

from operators.bars.columns import Bars, Floats, Ints
from operators.indicators.relative_volume import RelativeVolume
from operators.scan.features.as_of import AsOf
from operators.scan.features.clock import Run
from operators.scan.features.rounds import RegularBars, Round
from operators.times import MINUTE_NS

SLOT_NS: Final = 5 * MINUTE_NS
SESSIONS: Final = 10
"""Sessions that the usual volume is taken over: two weeks."""


class UsualVolume:
    """Shares so far over the usual ones; remembers the last value so far, and when it ended."""

    __slots__ = ("_relative", "ends_ns", "values")

    def __init__(self) -> None:
        self._relative = RelativeVolume(SESSIONS)
        self.ends_ns: Ints = np.zeros(1, dtype=np.int64)
        self.values: Floats = np.full(1, np.nan)

    @staticmethod
    def extend(owners: "Sequence[UsualVolume]", fives: RegularBars) -> "UsualVolumes":
        """Take the owners' next five-minute bars."""
        ends, values, start = list[Ints](), list[Floats](), 0
        for own, size, runs in zip(owners, fives.sizes, fives.runs, strict=True):
            stop = start + size
            ends += own.ends_ns, fives.bars.end_ns[start:stop]
            found = [own.of_run(fives.bars, start, run) for run in runs]
            values += own.values, *found
            if size:
                own.ends_ns, own.values = ends[-1][-1:].copy(), values[-1][-1:].copy()
            start = stop
        as_of, joined = AsOf.of(ends, [size + 1 for size in fives.sizes]), np.concatenate(values)
        own_rows = np.arange(len(joined) - len(owners)) + 1 + np.arange(len(owners)).repeat(fives.sizes)
        return UsualVolumes(as_of, joined, joined[own_rows])

    def of_run(self, bars: Bars, offset: int, run: Run) -> Floats:
        """Return the values of one session's five-minute bars; `offset`: where the owner's begin."""
        part = slice(offset + run.start, offset + run.stop)
        slot = (bars.start_ns[part] - run.open_ns) // SLOT_NS
        slots = -(-(run.close_ns - run.open_ns) // SLOT_NS)
        return self._relative.in_session(run.session, slot, bars.volume[part], slots)

    def to_plain(self) -> tuple[Any, ...]:
        """Write the state."""
        return self._relative.to_plain(), self.ends_ns.item(), self.values.tobytes()

    @classmethod
    def from_plain(cls, plain: Sequence[Any]) -> Self:
        """Undo `to_plain`."""
        own = cls()
        relative, end_ns, value = plain
        own._relative = RelativeVolume.from_plain(relative)
        own.ends_ns, own.values = np.array([end_ns]), np.frombuffer(value)
        return own


class UsualVolumes(NamedTuple):
    """A piece's values, each owner's with the one before; `at_fives`: those of the piece's own five-minute bars."""

    as_of: AsOf
    values: Floats
    at_fives: Floats

    def at(self, round_: Round) -> Floats:
        """Return it at the ends of a round's bars; NaN before the session's first five minutes ended."""
        return self.as_of.read(self.values, round_)
