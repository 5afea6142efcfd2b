"""A tape that begins within a session: the scan looks at whole sessions, so at later ones, which somebody must say."""

from collections.abc import Sequence

from flows.tape.beginning import begins_at
from flows.tape.files import TapeFile
from operators.explanation import clock
from operators.nyse import nyse_calendar
from operators.scan.whole_sessions import whole_from_ns
from operators.sessions import new_york


def begins_ns(files: Sequence[TapeFile], from_ns: int | None) -> int | None:
    """Return when what is read begins within a day, ns UTC; None: with the first day, or nobody knows."""
    found = [begins_at(file) for file in files]
    known = [each for each in found if each is not None]
    recorded = min(known) if len(known) == len(found) else None
    return max((each for each in (recorded, from_ns) if each is not None), default=None)


def scan_from(begins_ns: int | None) -> int:
    """Return since when a scan knows bars of whole sessions, ns UTC; 0: of all.  Raises SessionRangeError."""
    return 0 if begins_ns is None else whole_from_ns(nyse_calendar(), begins_ns)


def begun_within_notes(begins_ns: int | None) -> list[str]:
    """Say from when on the scan looks, where that is not the beginning.  Raises SessionRangeError."""
    since_ns = scan_from(begins_ns)
    if begins_ns is None or not since_ns:
        return []
    part = "pre-market" if new_york(since_ns).date() == new_york(begins_ns).date() else "session"
    text = f"of a {part} that is known in part it tells nothing"
    return [f"the tape begins at {clock(begins_ns)}, and the scan looks from {clock(since_ns)} on: {text}"]
