"""What the prints of a small frame leave if nothing happens at them, found for all of its symbols at once.

Live, a slice has a print or two and there are hundreds in a piece of tape: to look at each by itself costs most of all.
"""

from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from operators.columnar import Floats, Ints
from operators.eligibility import Profile, admission_table
from operators.state import Quiet

MOST_PRINTS: Final = 20_000
"""Of a larger frame each symbol is better looked at when somebody asks."""
_quiet: Final = partial(tuple.__new__, Quiet)
"""Makes one of all its values, in half the time of calling its class."""


class Glimpses:
    """Of a frame whose prints are sorted by symbol and all of phase `phase_code`; symbol k's begin at `starts[k]`."""

    def __init__(
        self, sip_ns: Ints, price: Floats, flags: npt.NDArray[np.uint8], starts: Ints, phase_code: int
    ) -> None:
        self._sip_ns, self._price, self._flags, self._starts = sip_ns, price, flags, starts
        self._phase_code = phase_code
        self._found: dict[Profile, list[Quiet | None]] = {}

    def of(self, symbol: int, profile: Profile) -> Quiet | None:
        """Return what the ticks of a symbol leave that a profile admits; None when it admits none."""
        found = self._found.get(profile)
        if found is None:
            found = self._found[profile] = self._all(profile)
        return found[symbol]

    def _all(self, profile: Profile) -> list[Quiet | None]:
        sip_ns, price, starts = self._sip_ns, self._price, self._starts
        admitted = admission_table(profile)[self._phase_code][self._flags]
        if not admitted.all():
            starts = np.concatenate(([0], admitted.cumsum()))[starts]
            sip_ns, price = sip_ns[admitted], price[admitted]
        found: list[Quiet | None] = [None] * (len(starts) - 1)
        held = np.flatnonzero(starts[:-1] < starts[1:])
        if not len(held):
            return found
        first, last, watched = starts[held], starts[held + 1] - 1, price[: starts[-1]]
        extremes = np.maximum.reduceat(watched, first), np.minimum.reduceat(watched, first)
        columns = (column.tolist() for column in (sip_ns[last], price[last], *extremes))
        for symbol, quiet in zip(held.tolist(), map(_quiet, zip(*columns, strict=True)), strict=True):
            found[symbol] = quiet
        return found
