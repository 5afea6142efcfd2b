"""Instants: ns since the epoch, UTC, in; RFC 3339 text out and back.  No clock is read here."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

SECOND_NS: Final = 1_000_000_000
MINUTE_NS: Final = 60 * SECOND_NS
DEFAULT_LATE_NS: Final = SECOND_NS
"""How long after it happened a print may become known without being late."""
EARLIEST_NS: Final = 725_846_400 * SECOND_NS
"""1993-01-01T00:00:00Z: no instant before it is a market time."""
LATEST_NS: Final = 1_830_297_600 * SECOND_NS
"""2028-01-01T00:00:00Z: no instant from here on is covered by the session data."""
NEVER: Final = 2**63 - 1
"""In the place of an instant that does not come."""

LAST_INSTANT_NS: Final = 4_102_444_800 * SECOND_NS
"""2100-01-01T00:00:00Z: deadlines may lie beyond the session data, not beyond reason."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339: Final = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def parse_instant(value: object) -> int:
    """Read RFC 3339 text with an offset, or whole ns since the epoch, as ns UTC.

    Raises ValueError, in one line, for anything else: naive text, other units, instants outside 1993 to 2099.

    >>> parse_instant("2013-10-08T09:30:00-04:00"), parse_instant(1381239000000000000)
    (1381239000000000000, 1381239000000000000)
    """
    instant = _from_text(value) if isinstance(value, str) else value
    if isinstance(instant, bool) or not isinstance(instant, int):
        msg = f"got {value!r}; must be RFC 3339 with an offset (2013-10-08T09:30:00-04:00) or whole ns since 1970"
        raise ValueError(msg)
    if not EARLIEST_NS <= instant < LAST_INSTANT_NS:
        msg = f"got {value!r}; must lie in 1993 to 2099 (numbers are ns since 1970)"
        raise ValueError(msg)
    return instant


def _from_text(text: str) -> int | None:
    text = text.strip()
    if re.fullmatch(r"[0-9]{1,19}", text):
        return int(text)
    match = _RFC3339.fullmatch(text)
    if not match:
        return None
    date, clock, places, offset = match.groups()
    try:
        whole = datetime.fromisoformat(f"{date}T{clock}{offset.upper().replace('Z', '+00:00')}")
    except ValueError:
        return None
    return ((whole - _EPOCH) // timedelta(seconds=1)) * SECOND_NS + int((places or "0").ljust(9, "0"))


def iso(at_ns: int) -> str:
    """Write an instant as RFC 3339 UTC with as many places as it needs.

    >>> iso(1381239000000000000), iso(1381239000017459617)
    ('2013-10-08T13:30:00Z', '2013-10-08T13:30:00.017459617Z')
    """
    seconds, rest = divmod(at_ns, SECOND_NS)
    text = _whole(seconds)
    return f"{text}.{rest:09d}".rstrip("0") + "Z" if rest else f"{text}Z"


@lru_cache(maxsize=8192)
def _whole(seconds: int) -> str:
    """Write whole seconds; a page of rows tells of many instants within few of them."""
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
