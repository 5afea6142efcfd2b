"""Regular-session time, the clock of expected moves: nights, weekends and holidays take no minute of it."""

from bisect import bisect_right

from operators.plans import SessionPhase
from operators.sessions import SessionBlock, SessionCalendar
from operators.times import MINUTE_NS


def trading_minutes(calendar: SessionCalendar, from_ns: int, to_ns: int) -> float:
    """Return the minutes of [from_ns, to_ns) that lie in regular sessions; 0 when they do not ascend.

    Days past the calendar's last session are not covered: their minutes are not counted.
    """
    total, index = 0, bisect_right(calendar.closes_ns, from_ns)
    if to_ns <= from_ns:
        return 0.0
    while index < len(calendar.opens_ns) and calendar.opens_ns[index] < to_ns:
        total += min(calendar.closes_ns[index], to_ns) - max(calendar.opens_ns[index], from_ns)
        index += 1
    return total / MINUTE_NS


def session_minutes_left(block: SessionBlock) -> float:
    """Return the minutes to the regular close while open, else all of the coming regular session's minutes."""
    if block.phase is SessionPhase.REGULAR:
        return (block.next_close_ns - block.as_of_ns) / MINUTE_NS
    return (block.next_close_ns - block.next_open_ns) / MINUTE_NS
