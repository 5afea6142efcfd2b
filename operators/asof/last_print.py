"""The last price that a plan would have acted on.  Rule: `eligibility.Profile` decides, as it does for plans."""

from typing import Final

import numpy as np

from operators.asof.values import LastPrice
from operators.eligibility import Profile, admission_table
from operators.frames import TickFrame
from operators.plans import SessionPhase
from operators.sessions import PHASE_CODES, SessionCalendar

REGULAR: Final = Profile(frozenset((SessionPhase.REGULAR,)), odd_lots=False, extended_hours=False)
"""What a plan that says nothing else counts."""
EXTENDED: Final = Profile(
    frozenset((SessionPhase.PRE, SessionPhase.REGULAR, SessionPhase.POST)), odd_lots=False, extended_hours=True
)


def last_admitted(frame: TickFrame, profile: Profile, as_of_ns: int) -> LastPrice | None:
    """Return the last print of a frame that a profile admits; None when there is none.

    The frame is tagged, of one symbol, ascending, and holds sizes; nothing in it is later than `as_of_ns`.
    """
    if frame.phase is None or frame.size is None:
        msg = "a last price is looked for in prints that have their session phase and their size"
        raise ValueError(msg)
    admitted = np.flatnonzero(admission_table(profile)[frame.phase, frame.flags] & (frame.code == 0))
    if not len(admitted):
        return None
    last = int(admitted[-1])
    values = int(frame.sip_ns[last]), float(frame.price[last]), float(frame.size[last])
    return LastPrice(frame.symbols[0], as_of_ns, *values)


def newest_admitting_ns(calendar: SessionCalendar, profile: Profile, as_of_ns: int) -> int:
    """Return the last instant at or before `as_of_ns` whose phase a profile admits; 0 when there is none.

    Raises SessionRangeError outside the calendar.
    """
    calendar.phase(as_of_ns)
    edge = int(calendar.edges_ns.searchsorted(as_of_ns, side="right"))
    until_ns = as_of_ns
    while edge > 0:
        if PHASE_CODES[edge % len(PHASE_CODES)] in profile.sessions:
            return until_ns
        edge -= 1
        until_ns = int(calendar.edges_ns[edge]) - 1
    return 0
