"""Prints that say they were known well after they had been received.  Nothing can be made of them.

Rule: the record alone decides, so that live and replay agree: a print's SIP time against the time at which its record
was received.  A single one that counted would take all symbols' time along, and shut out whatever comes after it.
"""

from collections.abc import Sequence
from typing import Final

from operators.times import MINUTE_NS, iso
from operators.wire.rows import WireRow

AHEAD_NS: Final = 10 * MINUTE_NS
"""How much later than its receipt a print may say it was known: a machine's clock may be some minutes slow."""


def is_ahead(sip_ns: int, receive_ns: int) -> bool:
    """Whether a print of this SIP time cannot have been received then.  Times in ns UTC.

    >>> is_ahead(AHEAD_NS, 0), is_ahead(AHEAD_NS + 1, 0)
    (False, True)
    """
    return sip_ns > receive_ns + AHEAD_NS


def believed(rows: Sequence[WireRow], receive_ns: int) -> list[WireRow]:
    """Return the prints of a record that was received then (ns UTC), without those that are ahead of it."""
    return [row for row in rows if not is_ahead(row.sip_ns, receive_ns)]


def why_ahead(row: WireRow, receive_ns: int) -> str:
    """Say of a print that is ahead why it is none."""
    minutes = AHEAD_NS // MINUTE_NS
    return f"got {iso(row.sip_ns)}; more than {minutes} minutes after its receipt at {iso(receive_ns)}"
