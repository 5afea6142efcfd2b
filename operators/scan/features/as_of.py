"""Reading one interval's values at another's ends.  Rule: the last that ended by then, of the same session."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, Self

import numpy as np

from operators.bars.columns import Floats, Ints
from operators.scan.features.rounds import Round


class AsOf(NamedTuple):
    """When values ended, ns UTC, one owner's after another's.  `starts`: where each owner's begin; all have some."""

    ends_ns: Ints
    starts: Sequence[int]

    @classmethod
    def of(cls, ends_ns: Sequence[Ints], sizes: Sequence[int]) -> Self:
        """Join pieces; `sizes`: how many values each owner has."""
        return cls(np.concatenate(ends_ns), [0, *np.cumsum(sizes).tolist()])

    def read(self, values: Floats, round_: Round) -> Floats:
        """Return values, by last axis, at the ends of a round's bars; NaN where none of the session had ended.

        The round's owners are numbered like the owners of the values.
        """
        ends_ns, last = round_.bars.end_ns, np.empty(len(round_.bars), dtype=np.int64)
        for owner, (start, stop) in zip(round_.owners, pairwise(round_.ragged.starts.tolist()), strict=True):
            first, after = self.starts[owner], self.starts[owner + 1]
            last[start:stop] = self.ends_ns[first:after].searchsorted(ends_ns[start:stop], side="right") + (first - 1)
        found = values[..., last]
        before = self.ends_ns[last] <= round_.ragged.each([run.open_ns for run in round_.runs])
        if before.any():
            found[..., before] = np.nan
        return found
