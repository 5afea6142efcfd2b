"""A tape as a busy session leaves it."""

from pathlib import Path
from typing import Any

from flows.tape.segments.payloads import GapMark, gap, market_events
from operators.market_events import MarketEvent, Severity
from operators.times import SECOND_NS
from tests.flows.made import OPEN_NS, plans_around, write_tape
from tests.flows.made_tape import (
    as_csv,
    as_frames,
    as_pages,
    cancelling,
    in_order,
    market_prints,
    registering,
    with_clock,
)


def recorded(folder: Path) -> tuple[list[Any], list[dict[str, Any]]]:
    """A live tape on which everything happens."""
    prints = market_prints(("AAA", "BBB", "NA"), 1_000, seed=3, seconds=6_000)
    plans = plans_around(write_tape(folder, as_csv(prints)), 40, seed=5)
    lost, back = OPEN_NS + 2_000 * SECOND_NS, OPEN_NS + 2_600 * SECOND_NS

    def between(low: int, high: int) -> list[dict[str, str]]:
        return [each for each in prints if low <= int(each["sip_timestamp"]) < high]

    overlap = 8 * SECOND_NS
    pages = as_pages(between(lost - overlap, back + overlap), back + SECOND_NS)
    opened, closed = gap(GapMark("1", "open", lost), back), gap(GapMark("1", "close", lost, back), back + SECOND_NS)
    repaired = [opened, *pages, closed]
    frames = [*with_clock(as_frames(between(0, lost))), *repaired, *with_clock(as_frames(between(back, 1 << 62)))]
    commands = [registering(plan, OPEN_NS + number * 120 * SECOND_NS + 7) for number, plan in enumerate(plans)]
    commands += [cancelling(plan["plan_id"], OPEN_NS + 5_000 * SECOND_NS) for plan in plans[::7]]
    known = OPEN_NS + 900 * SECOND_NS
    fed = MarketEvent("FED", "*", "fomc", Severity.HIGH, OPEN_NS + 5_400 * SECOND_NS, known, "minutes")
    before = [each for each in frames if each.receive_ns < known]
    records = [*before, market_events([fed], known), *frames[len(before) :]]
    found, rest = [], iter(in_order(commands))
    due = next(rest, None)
    for record in records:
        while due is not None and due.receive_ns <= record.receive_ns:
            found.append(due)
            due = next(rest, None)
        found.append(record)
    return found, plans
