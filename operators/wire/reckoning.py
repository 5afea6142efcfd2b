"""How far a tape's time has come, when a clock mark says what its writer's clock showed.

A print is known at its SIP time and on the tape a little later, so the clock runs ahead of the prints.  Rules: while
prints come, time is as far as the newest of them, less what symbols may lie apart.  When none came for a while, it is
the clock less that while.  While a gap is open, prints from before may still be fetched, and time stands still.
"""

from typing import Any, Final

from operators.times import SECOND_NS

APART_NS: Final = SECOND_NS // 4
"""How much older than the newest print of all symbols another symbol's next one may be."""
QUIET_NS: Final = 5 * SECOND_NS
"""When nothing came for as long, nothing is on its way."""


class Reckoning:
    """Follows prints, gaps and clock marks in the order of the tape.  All times in ns UTC.

    `reached_ns`: how far time has come by clock marks; 0 before the first.
    """

    def __init__(self) -> None:
        self._newest_ns = 0
        self._heard_ns = 0
        self.reached_ns = 0
        self._open: set[str] = set()

    def heard(self, newest_sip_ns: int, receive_ns: int) -> None:
        """Note that prints came, the newest of them at `newest_sip_ns`."""
        if newest_sip_ns > self._newest_ns:
            self._newest_ns = newest_sip_ns
        if receive_ns > self._heard_ns:
            self._heard_ns = receive_ns

    def no_sooner(self, at_ns: int) -> int:
        """Return when something can have been known that came at `at_ns` by its writer's clock, which may be slow."""
        return max(at_ns, self._newest_ns, self.reached_ns)

    def gap(self, name: str, *, opened: bool) -> None:
        """Note that a gap opened, or that nothing more will be fetched for it."""
        if opened:
            self._open.add(name)
        else:
            self._open.discard(name)

    def reached(self, clock_ns: int) -> int | None:
        """Return how far time has come when the clock shows `clock_ns`; None when no further than before."""
        if self._open:
            return None
        quiet = clock_ns - self._heard_ns >= QUIET_NS
        now_ns = max(clock_ns - QUIET_NS, self._newest_ns - APART_NS) if quiet else self._newest_ns - APART_NS
        if now_ns <= self.reached_ns:
            return None
        self.reached_ns = now_ns
        return now_ns

    def to_plain(self) -> tuple[Any, ...]:
        """Write everything as plain values."""
        return self._newest_ns, self._heard_ns, self.reached_ns, tuple(sorted(self._open))

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> "Reckoning":
        """Undo `to_plain`."""
        own = cls()
        own._newest_ns, own._heard_ns, own.reached_ns, open_gaps = plain
        own._open = set(open_gaps)
        return own
