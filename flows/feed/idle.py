"""When silence is suspicious: a connection that is open and says nothing while the market trades.

Silence is measured in wall seconds within one part of the trading day: what was silent before the open says nothing.
"""

from dataclasses import dataclass, field
from typing import Final

from operators.plans import SessionPhase
from operators.sessions import SessionCalendar, SessionRangeError

REGULAR_SECONDS: Final = 30.0
EXTENDED_SECONDS: Final = 600.0


@dataclass(slots=True)
class IdleWatch:
    """`regular`, `extended`: wall seconds of silence that are too long in and around the regular session."""

    calendar: SessionCalendar
    regular: float = REGULAR_SECONDS
    extended: float = EXTENDED_SECONDS
    _phase: SessionPhase = field(default=SessionPhase.CLOSED, init=False)
    _since: float = field(default=0.0, init=False)

    def heard(self, wall: float) -> None:
        """Note that data came, or that the wait for it begins (wall clock that only goes forward, seconds)."""
        self._since = wall

    def too_long(self, market_ns: int, wall: float) -> bool:
        """Whether the silence up to now is too long, given market time (ns UTC)."""
        phase = self._phase_at(market_ns)
        if phase is not self._phase:
            self._phase, self._since = phase, max(self._since, wall)
        limit = {SessionPhase.REGULAR: self.regular, SessionPhase.CLOSED: None}.get(phase, self.extended)
        return limit is not None and wall - self._since > limit

    def _phase_at(self, market_ns: int) -> SessionPhase:
        try:
            return self.calendar.phase(market_ns)
        except SessionRangeError:  # a day that the calendar does not know is watched by nobody
            return SessionPhase.CLOSED
