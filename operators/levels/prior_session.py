"""What the prior session's minutes leave: its volume profile, and sums anchored at its high and low.

Rule: regular bars only.  An anchor is the first minute that reached the extreme, that minute included.
"""

from collections.abc import Iterator
from typing import Final

from operators.bars.columns import Bars
from operators.levels.history import traded
from operators.levels.level import LevelKind, Mark
from operators.levels.value_area import value_area
from operators.levels.volume_profile import VolumeProfile, profile_rows
from operators.levels.volume_sums import Sums, VolumeSums

Anchor = tuple[LevelKind, int, Sums]
"""Kind, start of the anchor's bar in ns UTC, and the sums from there to the prior close."""

_PROFILE_KINDS: Final = (LevelKind.POC, LevelKind.VAH, LevelKind.VAL)


def profile_marks(minutes: Bars, tick: float) -> Iterator[Mark]:
    """Return point of control and value area of a session's regular minutes, known at its last bar's end."""
    profile = VolumeProfile(tick)
    profile.extend(profile_rows(traded(minutes)))
    area = value_area(profile)
    if area is not None:
        for kind, price in zip(_PROFILE_KINDS, area, strict=True):
            yield price, kind, int(minutes.start_ns[0]), int(minutes.end_ns[-1])


def anchors(minutes: Bars) -> tuple[Anchor, ...]:
    """Return the sums from the prior session's high and from its low; none without minutes or volume."""
    if not len(minutes):
        return ()
    tops = (
        (LevelKind.AVWAP_PRIOR_HIGH, int(minutes.high.argmax())),
        (LevelKind.AVWAP_PRIOR_LOW, int(minutes.low.argmin())),
    )
    found = ((kind, first, sums_of(minutes.take(slice(first, None)))) for kind, first in tops)
    return tuple((kind, int(minutes.start_ns[first]), sums) for kind, first, sums in found if sums is not None)


def sums_of(bars: Bars) -> Sums | None:
    """Return the sums over all bars."""
    running = VolumeSums()
    running.extend(traded(bars))
    return running.at(int(bars.end_ns[-1]))
