"""Which print may set what in a bar.  Rule: sale conditions decide, as the vendor's consolidated update rules say.

LAST sets open and close, HIGH_LOW high and low, VOLUME volume, vwap and trades.  Form T prints (condition 12) set
prices in pre- and post-market bars, unless another of their conditions forbids it, and never in regular ones.  A late
print sets no open and no close.  Corrected prints, unknown conditions and prints outside every session set nothing.
"""

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from operators.bars.columns import Bytes, Floats, Ints
from operators.conditions import Flag
from operators.plans import SessionPhase
from operators.sessions import PHASE_CODES

Minutes = npt.NDArray[np.uint16]

LAST_BIT: Final = int(Flag.LAST)
HIGH_LOW_BIT: Final = int(Flag.HIGH_LOW)
VOLUME_BIT: Final = int(Flag.VOLUME)
LATE_BIT: Final = int(Flag.LATE)


class Prints(msgspec.Struct, frozen=True, eq=False, gc=False):
    """Prints in tape order; all columns are of equal length.

    `sip_ns`: ns UTC; `price`: dollars; `size`: shares; `flags`: `conditions.Flag` bits; `phase`: session code of the
    SIP time; `behind`: for late prints, how many minutes before the minute of its SIP time a print happened (0 in the
    same one or when unknown; not looked at for others), None when that is known of no print.
    """

    sip_ns: Ints
    price: Floats
    size: Floats
    flags: Bytes
    phase: Bytes
    behind: Minutes | None = None

    def __len__(self) -> int:
        return len(self.sip_ns)

    def part(self, start: int, end: int) -> "Prints":
        """Return the prints [start, end), not copied."""
        part = slice(start, end)
        behind = None if self.behind is None else self.behind[part]
        return Prints(self.sip_ns[part], self.price[part], self.size[part], self.flags[part], self.phase[part], behind)


def rights(flags: int, phase: SessionPhase) -> int:
    """Return what a print with these flags may set in a bar of a phase: LAST, HIGH_LOW and VOLUME bits.

    >>> rights(Flag.VOLUME | Flag.LAST_IF_EXTENDED, SessionPhase.PRE) == LAST_BIT | HIGH_LOW_BIT | VOLUME_BIT
    True
    """
    if phase is SessionPhase.CLOSED:
        return 0
    decisive = Flag.LAST if phase is SessionPhase.REGULAR else Flag.LAST_IF_EXTENDED
    allowed = flags & (HIGH_LOW_BIT | VOLUME_BIT)
    if flags & decisive:
        allowed |= HIGH_LOW_BIT if flags & LATE_BIT else LAST_BIT | HIGH_LOW_BIT
    return allowed


RIGHTS: Final = np.array([[rights(flags, phase) for flags in range(256)] for phase in PHASE_CODES], dtype=np.uint8)
"""What `rights` says of each (phase code, flags)."""
_RIGHTS_IN_A_ROW: Final = RIGHTS.ravel()


def rights_of(prints: Prints) -> Bytes:
    """Return the rights of each print, as a fresh column."""
    places = prints.phase.astype(np.uint16)
    places <<= 8
    places |= prints.flags
    found: Bytes = _RIGHTS_IN_A_ROW.take(places)
    return found
