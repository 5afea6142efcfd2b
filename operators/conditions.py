"""Sale conditions: which print may touch which statistic.  Data from the vendor's consolidated update rules, versioned.

A print may update a field only if all its conditions allow it; none means regular, all allowed.  An id that the
table does not know allows nothing, and the print is marked so that it can be counted.
"""

from collections.abc import Iterable, Mapping
from enum import IntFlag
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import polars as pl

from operators import ticks
from operators.times import DEFAULT_LATE_NS

TABLE_VERSION: Final = "2026-11"

LATE_MARK: Final = 1
CORRECTED_MARK: Final = 2

ODD_LOT: Final = 37
FORM_T: Final = 12


class Flag(IntFlag):
    """What a print may do.  The `LAST_IF_…` bits hold for plans or runs that count odd lots or extended hours."""

    LAST = 1
    HIGH_LOW = 2
    VOLUME = 4
    LATE = 8
    LAST_IF_ODD_LOTS = 16
    LAST_IF_EXTENDED = 32
    LAST_IF_BOTH = 64
    UNKNOWN_CONDITION = 128


CORRECTED: Final = Flag.LATE | Flag.LAST_IF_ODD_LOTS
"""What a corrected or cancelled print has instead of its flags.  It may touch nothing, as late prints without rights;
no rule gives these two alone: whoever may set the last price if odd lots count may do so if both count."""

ANY_LAST: Final = Flag.LAST | Flag.LAST_IF_ODD_LOTS | Flag.LAST_IF_EXTENDED | Flag.LAST_IF_BOTH

_LAST_HIGH_LOW_VOLUME: Final = frozenset(
    (1, 3, 4, 6, 8, 9, 11, 14, 18, 19, 23, 24, 25, 27, 28, 30, 31, 34, 35, 36, 41, 55)
)
_HIGH_LOW_VOLUME: Final = frozenset((5, 10, 17, 22, 32, 33))
_VOLUME: Final = frozenset((2, 7, 12, 13, 20, 21, 29, 37, 52, 53))
_LAST_HIGH_LOW: Final = frozenset((38,))
_NOTHING: Final = frozenset((15, 16))

UPDATE_RULES: Final[Mapping[int, Flag]] = MappingProxyType(
    {
        **dict.fromkeys(_LAST_HIGH_LOW_VOLUME, Flag.LAST | Flag.HIGH_LOW | Flag.VOLUME),
        **dict.fromkeys(_HIGH_LOW_VOLUME, Flag.HIGH_LOW | Flag.VOLUME),
        **dict.fromkeys(_VOLUME, Flag.VOLUME),
        **dict.fromkeys(_LAST_HIGH_LOW, Flag.LAST | Flag.HIGH_LOW),
        **dict.fromkeys(_NOTHING, Flag(0)),
    }
)
"""Sale condition id to what it allows, for consolidated statistics of regular trade prints."""


def flags_of(ids: Iterable[int]) -> Flag:
    """Combine the rules of a print's conditions.

    >>> flags_of([]) == Flag.LAST | Flag.HIGH_LOW | Flag.VOLUME | ANY_LAST
    True
    >>> flags_of([12, 37]) == Flag.VOLUME | Flag.LAST_IF_BOTH
    True
    >>> flags_of([999])
    <Flag.UNKNOWN_CONDITION: 128>
    """
    given = frozenset(ids)
    if not given <= UPDATE_RULES.keys():
        return Flag.UNKNOWN_CONDITION
    allowed = Flag.LAST | Flag.HIGH_LOW | Flag.VOLUME
    for each in given:
        allowed &= UPDATE_RULES[each]
    for bit, ignored in (
        (Flag.LAST_IF_ODD_LOTS, {ODD_LOT}),
        (Flag.LAST_IF_EXTENDED, {FORM_T}),
        (Flag.LAST_IF_BOTH, {ODD_LOT, FORM_T}),
    ):
        if all(Flag.LAST in UPDATE_RULES[each] for each in given - ignored):
            allowed |= bit
    return allowed


@lru_cache(maxsize=65_536)
def flags_of_text(conditions: str | None) -> int:
    """Flags of a vendor's condition list ("12,37"; None or empty when regular); unreadable text is unknown.

    >>> flags_of_text("14,41") == flags_of_text(None) == flags_of_text("")
    True
    """
    text = (conditions or "").strip(" []")
    try:
        return int(flags_of(int(part) for part in text.split(",") if part.strip()))
    except ValueError:
        return int(Flag.UNKNOWN_CONDITION)


@lru_cache(maxsize=4)
def marks(late_ns: int = DEFAULT_LATE_NS) -> pl.Expr:
    """Return what bars each row whatever its conditions: 0, `LATE_MARK`, or `CORRECTED_MARK` (uint32, never null).

    Late: the SIP time is more than `late_ns` after the participant's or the TRF's time, where those are known.
    Corrected: the correction is not 0; such a row may touch nothing, late or not.
    """
    late = _behind(ticks.PARTICIPANT_NS, late_ns) | _behind(ticks.TRF_NS, late_ns)
    corrected = pl.col(ticks.CORRECTION).fill_null(0) != 0
    mark = pl.when(corrected).then(CORRECTED_MARK).when(late).then(LATE_MARK).otherwise(0)
    return mark.cast(pl.UInt32)


def mark_of(sip_ns: int, participant_ns: int | None, trf_ns: int | None, correction: int | None, late_ns: int) -> int:
    """Return what `marks` gives for one row.  Times in ns UTC, None or 0 where unknown."""
    if correction:
        return CORRECTED_MARK
    if participant_ns is not None and 0 < participant_ns < sip_ns - late_ns:
        return LATE_MARK
    return LATE_MARK if trf_ns is not None and 0 < trf_ns < sip_ns - late_ns else 0


def _behind(column: str, late_ns: int) -> pl.Expr:
    known = pl.col(column).fill_null(0)
    return (known > 0) & (pl.col(ticks.SIP_NS) - known > late_ns)
