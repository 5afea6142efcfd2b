"""The time of a frame's last event, found without reading the frame: the last `"t":` and its number.

It serves lag and the edges of gaps, which overlap; nothing else is decided by it.  It is not to be believed without a
look at when the frame was received: any event counts, of whatever channel.
"""

from typing import Final

MARK: Final = b'"t":'
_MS, _US, _NS = 13, 16, 19
_TO_NS: Final = {_MS: 1_000_000, _US: 1_000, _NS: 1}
"""The vendor's channels have different units; the number of digits tells which."""


def newest_ns(frame: bytes) -> int:
    """Return the SIP time of the last event that has one, ns UTC; 0 when none has.

    >>> newest_ns(b'[{"ev":"T","t":1611082428813,"z":3}]')
    1611082428813000000
    """
    at = frame.rfind(MARK)
    if at < 0:
        return 0
    digits = frame[at + len(MARK) : at + len(MARK) + _NS + 2].lstrip()
    count = 0
    while count < len(digits) and 48 <= digits[count] <= 57:
        count += 1
    unit = _TO_NS.get(count)
    return int(digits[:count]) * unit if unit else 0
