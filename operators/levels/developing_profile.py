"""Today's volume profile, as of any bar's end.  Rule: bars are spread only when somebody asks, each once, in order.

Asking for an earlier instant than before starts over from the beginning, or from the snapshot.
"""

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any, Final, Self

import numpy as np

from operators.bars.columns import Bars, Floats
from operators.levels.level import LevelKind, Mark
from operators.levels.value_area import ValueArea, value_area
from operators.levels.volume_profile import VolumeProfile, profile_rows

_KINDS: Final = (LevelKind.DEVELOPING_POC, LevelKind.DEVELOPING_VAH, LevelKind.DEVELOPING_VAL)


class DevelopingProfile:
    """Bars with volume, and the profile of the first `_spread` of them on top of `base`, known at `base_ns`."""

    __slots__ = ("_area", "_base", "_base_ns", "_known_ns", "_profile", "_rows", "_spread")

    def __init__(self, base: VolumeProfile, base_ns: int = 0) -> None:
        self._base, self._base_ns = base, base_ns
        self._profile, self._spread, self._area = base.copy(), 0, value_area(base)
        self._rows: Floats = np.empty((0, 4))
        self._known_ns: list[int] = []

    def extend(self, bars: Bars) -> None:
        """Remember bars, in time order; all of them must have volume."""
        self._rows = np.concatenate((self._rows, profile_rows(bars)))
        self._known_ns.extend(bars.end_ns.tolist())

    def marks(self, as_of_ns: int, since_ns: int) -> Iterator[Mark]:
        """Return point of control and value area of the bars that ended at or before an instant."""
        known = bisect_right(self._known_ns, as_of_ns)
        area = self._advance(known)
        if area is not None:
            available_at_ns = self._known_ns[known - 1] if known else self._base_ns
            for kind, price in zip(_KINDS, area, strict=True):
                yield price, kind, since_ns, available_at_ns

    def _advance(self, known: int) -> ValueArea | None:
        if known < self._spread:
            self._profile, self._spread = self._base.copy(), 0
            self._area = value_area(self._profile)
        if known > self._spread:
            self._profile.extend(self._rows[self._spread : known])
            self._spread, self._area = known, value_area(self._profile)
        return self._area

    def to_plain(self) -> tuple[Any, ...]:
        """Write the profile of all bars; the bars themselves are forgotten."""
        self._advance(len(self._rows))
        return self._profile.to_plain(), self._known_ns[-1] if self._known_ns else self._base_ns

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> Self:
        """Undo `to_plain`."""
        profile, base_ns = plain
        return cls(VolumeProfile.from_plain(profile), base_ns)
