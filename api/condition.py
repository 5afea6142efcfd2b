"""What is held of a symbol at an instant: last price, levels, bars, tapes, plans.  Read, never computed anew."""

import numpy as np
import sqlalchemy as sa

from api.series import Hours, series_of
from api.shapes.symbol import HeldOut, LevelsOut, SessionHeldOut, StreamOut
from api.standing import page
from operators.bars.columns import Interval
from operators.rows import ScanRow
from operators.sessions import PHASE_CODES, SessionCalendar
from operators.times import MINUTE_NS, iso
from sinks.plan_reader import PlanFilter
from sinks.reader import progress_of
from sinks.scan_reader import bars_of, scan_results_of

PLANS = 100_000
SESSIONS = 5


def last_price(connection: sa.Connection, symbol: str, as_of_ns: int | None) -> tuple[float, int] | None:
    """The close of the newest minute bar by then, and that bar's end in ns UTC."""
    bars = bars_of(connection, symbol, Interval.M1, as_of_ns=as_of_ns, limit=1)
    return (float(bars.close[-1]), int(bars.end_ns[-1])) if len(bars) else None


def newest_scan(connection: sa.Connection, symbol: str, as_of_ns: int | None) -> ScanRow | None:
    """The newest candidate of a symbol by then."""
    found = scan_results_of(connection, symbol=symbol, as_of_ns=as_of_ns)
    return found[-1] if found else None


def key_levels(connection: sa.Connection, symbol: str, as_of_ns: int | None) -> LevelsOut:
    """The levels that the engine drew at the newest candidate."""
    scan = newest_scan(connection, symbol, as_of_ns)
    if scan is None:
        return LevelsOut(at=None, at_ns=None, levels=[])
    return LevelsOut(at=iso(scan.at_ns), at_ns=scan.at_ns, levels=list(scan.profile["layers"]["levels"]))


def streams_by(connection: sa.Connection, symbol: str, as_of_ns: int | None) -> list[StreamOut]:
    """How far each tape has come; tapes that have moved on past the instant are left out."""
    return [
        StreamOut(
            stream=name,
            tape=iso(row.tape_ns),
            tape_ns=row.tape_ns,
            records=row.records,
            eligible=row.eligible,
            late=row.late,
            corrected=row.corrected,
            unknown_condition=row.unknown_condition,
        )
        for name, row in progress_of(connection, symbol).items()
        if as_of_ns is None or row.tape_ns <= as_of_ns
    ]


def bars_held(connection: sa.Connection, symbol: str, as_of_ns: int | None, calendar: SessionCalendar) -> list[HeldOut]:
    """How many bars there are of each interval."""
    held = []
    for interval in Interval:
        bars = series_of(connection, symbol, interval, Hours.ALL, as_of_ns)
        if not len(bars):
            continue
        gaps = minutes_missing(connection, symbol, as_of_ns, calendar) if interval is Interval.M1 else None
        first, last = int(bars.start_ns[0]), int(bars.end_ns[-1])
        held.append(HeldOut(interval=str(interval), count=len(bars), first_start_ns=first, last_end_ns=last, gaps=gaps))
    return held


def sessions_held(
    connection: sa.Connection, symbol: str, as_of_ns: int | None, calendar: SessionCalendar
) -> list[SessionHeldOut]:
    """Of which sessions there are minute bars, and how many in each phase, the newest first."""
    bars = series_of(connection, symbol, Interval.M1, Hours.ALL, as_of_ns)
    day_of = np.searchsorted([day.pre_ns for day in calendar.days], bars.start_ns, side="right") - 1
    held = []
    for day in sorted(set(day_of.tolist()), reverse=True)[:SESSIONS]:
        phases, counts = np.unique(bars.phase[day_of == day], return_counts=True)
        minutes = {str(PHASE_CODES[code]): int(count) for code, count in zip(phases, counts, strict=True)}
        held.append(SessionHeldOut(session_date=calendar.days[day].date.isoformat(), minutes=minutes))
    return held


def minutes_missing(
    connection: sa.Connection, symbol: str, as_of_ns: int | None, calendar: SessionCalendar
) -> int | None:
    """Minutes from the newest session's regular open to its newest regular bar that have no bar."""
    bars = series_of(connection, symbol, Interval.M1, Hours.REGULAR, as_of_ns)
    if not len(bars):
        return None
    last_ns = int(bars.start_ns[-1])
    open_ns = max(each for each in calendar.opens_ns if each <= last_ns)
    here = int((bars.start_ns >= open_ns).sum())
    return (last_ns - open_ns) // MINUTE_NS + 1 - here


def plans_by_phase(connection: sa.Connection, symbol: str, as_of_ns: int | None) -> dict[str, int]:
    """How many plans of a symbol are in each phase."""
    counts: dict[str, int] = {}
    for plan in page(connection, PlanFilter(symbol=symbol), as_of_ns, None, PLANS):
        counts[plan.phase] = counts.get(plan.phase, 0) + 1
    return dict(sorted(counts.items()))
