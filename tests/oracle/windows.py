"""Gate windows for the oracle, from market events with the columns of events.csv."""

from collections.abc import Iterable, Mapping

from tests.oracle.times import MINUTE_NS, parse_ns

BEFORE_NS = {"low": None, "medium": 90 * MINUTE_NS, "high": 90 * MINUTE_NS, "critical": 90 * MINUTE_NS}
AFTER_NS = 15 * MINUTE_NS


def windows(market_events: Iterable[Mapping[str, object]], symbol: str) -> list[tuple[int, int]]:
    """Return the gate windows of a symbol, half-open, in time order; what overlaps or touches is one."""
    merged: list[tuple[int, int]] = []
    for start_ns, end_ns in sorted(single_windows(market_events, symbol)):
        if merged and start_ns <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end_ns))
        else:
            merged.append((start_ns, end_ns))
    return merged


def single_windows(market_events: Iterable[Mapping[str, object]], symbol: str) -> Iterable[tuple[int, int]]:
    """Yield the window of each event of a symbol or of the whole market; one known too late has none."""
    for event in market_events:
        before_ns = BEFORE_NS[str(event["severity"])]
        if before_ns is None or event["symbol"] not in (symbol, "*"):
            continue
        at_ns = parse_ns(event["at"])
        start_ns = max(at_ns - before_ns, parse_ns(event["known_at"]))
        if start_ns < at_ns + AFTER_NS:
            yield start_ns, at_ns + AFTER_NS
