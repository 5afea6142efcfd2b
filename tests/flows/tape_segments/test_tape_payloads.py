"""Payloads come back as they were given, and what is none is refused."""

import pytest

from flows.tape.segments.payloads import (
    GapMark,
    PlanCommand,
    clock,
    command,
    frame,
    gap,
    market_events,
    read_command,
    read_events,
    read_gap,
    read_repair,
    repair,
    standing_gaps,
)
from flows.tape.segments.record import Kind, Record
from operators.market_events import MarketEvent, Severity
from tests.flows.tape_segments.made_records import MORNING


def test_payloads_come_back() -> None:
    asked = PlanCommand("commands:7", "register", plan={"plan_id": "P1", "symbol": "BRK.A"})
    event = MarketEvent("FED", "*", "fomc", Severity.HIGH, MORNING, MORNING - 5, "minutes")
    mark = GapMark("g1", "lost", MORNING, MORNING + 1, ("A", "B"), "no entitlement")
    assert read_command(command(asked, MORNING).payload) == asked
    assert read_events(market_events([event], MORNING).payload) == (event,)
    assert read_gap(gap(mark, MORNING, feed=2).payload) == mark
    assert read_repair(repair("BRK.A", b'{"results":[]}\n', MORNING).payload) == ("BRK.A", b'{"results":[]}\n')
    assert frame(b"[]", MORNING, 3) == Record(Kind.FRAME, MORNING, b"[]", 3)
    assert clock(MORNING) == Record(Kind.CLOCK, MORNING)


@pytest.mark.parametrize("payload", [b"", b"{", b'{"id":1}', b'{"id":"x","kind":"buy"}', b"[]"])
def test_what_is_no_command_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_command(payload)


def test_gaps_stand_until_they_are_mended() -> None:
    def mark(name: str, state: str) -> Record:
        return gap(GapMark(name, state, MORNING), MORNING)  # type: ignore[arg-type]

    records = [mark("1", "open"), clock(MORNING), mark("2", "open"), mark("3", "open"), mark("1", "close")]
    records += [mark("2", "lost")]
    assert {name: each.state for name, each in standing_gaps(records).items()} == {"2": "lost", "3": "open"}
