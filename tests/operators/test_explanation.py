"""What `explain` says in the situations that people ask about; every line is written down by hand."""

from typing import Any

import pytest

from operators.events import PlanEvent
from operators.explanation import Circumstances, clock, explain
from operators.gating import NO_GATES, GateSettings, GateTimeline, gate_timeline
from operators.market_events import MarketEvent, Severity
from operators.plans import Direction, Entry, EntryType, Gate, Plan, SessionPhase, Trail
from operators.records import GateEdge
from operators.rows import ProgressRow
from operators.sessions import SessionCalendar
from operators.state import PlanState
from tests.operators.builders import LIMIT, MARKET, SECOND_NS, START_NS, STOP, live, make_plan, targets, tick, ticks
from tests.oracle.times import new_york_ns

LONG, SHORT = Direction.LONG, Direction.SHORT
AT_NS = new_york_ns("2013-10-08", "09:30:30")
SEEN = ProgressRow("TEST", AT_NS, records=1_234, eligible=1_000, late=30, corrected=3, unknown_condition=1)
PRINTS = (
    "prints: 1,234 so far, 1,000 eligible; 30 late, 3 corrected, 1 with an unknown condition, "
    "200 that may not set the last price (odd lots, extended hours, out of sequence)"
)
WHO = "p v1, long TEST (swing)"


def told(
    calendar: SessionCalendar,
    plan: Plan,
    lived: tuple[PlanState, list[PlanEvent]] | None,
    at_ns: int = AT_NS,
    prints: ProgressRow | None = SEEN,
    gates: GateTimeline = NO_GATES,
) -> list[str]:
    """The lines for a plan at an instant."""
    state, events = lived or (None, [])
    last = events[-1] if events else None
    return explain(Circumstances(plan, state, last, at_ns, calendar.block(at_ns), gates, prints))


def lines(calendar: SessionCalendar, plan: Plan, *prices: float, **circumstances: Any) -> list[str]:
    """The lines for a plan that heard these prices."""
    return told(calendar, plan, live(plan, ticks(plan, prices)), **circumstances)


def test_a_plan_that_is_not_registered_says_when_it_starts(calendar: SessionCalendar) -> None:
    plan = make_plan(valid_from_ns=new_york_ns("2013-10-08", "10:00"))
    assert told(calendar, plan, None) == [
        f"{WHO}: not registered at 2013-10-08 09:30:30 ET; it starts at 2013-10-08 10:00:00 ET"
    ]


def test_a_limit_that_heard_nothing_says_what_it_waits_for(calendar: SessionCalendar) -> None:
    assert lines(calendar, make_plan(), prints=None) == [
        f"{WHO}: waiting as of 2013-10-08 09:30:30 ET",
        "last event: registered at 2013-10-08 09:30:00 ET: long TEST limit 100.00, stop 99.00, targets 101.00, 102.00",
        "waits for a price at or below 100.00 (limit entry); no eligible price so far",
        "prints: none of TEST on the tape so far",
    ]


def test_a_limit_that_is_not_reached_says_how_far_away_it_is(calendar: SessionCalendar) -> None:
    """And what else could happen before the entry."""
    assert lines(calendar, make_plan(), 100.9, 100.37)[2:] == [
        "waits for a price at or below 100.00 (limit entry); last eligible 100.37 at 2013-10-08 09:30:01 ET, 0.37 away",
        "would be invalidated at 99.00",
        PRINTS,
    ]


def test_the_time_of_an_event_without_a_price_is_not_told_as_that_of_the_last_price(calendar: SessionCalendar) -> None:
    """A gate that opened or closed moved the plan last; a print after it has a time again."""
    plan, edge = make_plan(), GateEdge(START_NS + 5 * SECOND_NS, Gate.DEFINED_RISK, ())
    line = "waits for a price at or below 100.00 (limit entry); last eligible"
    assert told(calendar, plan, live(plan, [tick(100.37), edge]))[2] == f"{line} 100.37, 0.37 away"
    found = told(calendar, plan, live(plan, [tick(100.37), edge, tick(100.45, 9)]))[2]
    assert found == f"{line} 100.45 at 2013-10-08 09:30:09 ET, 0.45 away"


@pytest.mark.parametrize(
    ("side", "kind", "waits"),
    [
        (LONG, LIMIT, "waits for a price at or below 100.00 (limit entry)"),
        (LONG, STOP, "waits for a price at or above 100.00 (stop entry)"),
        (SHORT, LIMIT, "waits for a price at or above 100.00 (limit entry)"),
        (SHORT, STOP, "waits for a price at or below 100.00 (stop entry)"),
    ],
)
def test_the_side_that_a_plan_waits_for_is_named(
    calendar: SessionCalendar, side: Direction, kind: EntryType, waits: str
) -> None:
    assert lines(calendar, make_plan(side, entry=Entry(kind, 100.0)))[2] == f"{waits}; no eligible price so far"


@pytest.mark.parametrize("price", [None, 100.0])
def test_a_market_entry_waits_for_any_print(calendar: SessionCalendar, price: float | None) -> None:
    assert lines(calendar, make_plan(entry=Entry(MARKET, price)))[2] == (
        "waits for the first eligible print, to enter at market"
    )


def test_an_open_plan_says_what_it_holds_and_how_far_everything_is(calendar: SessionCalendar) -> None:
    assert lines(calendar, make_plan(), 99.5, 100.25) == [
        f"{WHO}: open as of 2013-10-08 09:30:30 ET",
        "last event: entered at 2013-10-08 09:30:00 ET: last 99.50 at or below the limit entry 100.00",
        "in at 99.50, 1 of the position left",
        "last eligible 100.25; stop 99.00 is 1.25 away",
        "target 1 at 101.00 is 0.75 away",
        PRINTS,
    ]


@pytest.mark.parametrize(
    ("changes", "prices", "holds"),
    [
        (
            {},
            [100.0, 101.0, 100.75],
            [
                "in at 100.00, 0.5 of the position left",
                "last eligible 100.75; breakeven 100.00 is 0.75 away",
                "target 2 at 102.00 is 1.25 away",
            ],
        ),
        (
            {"trail": Trail(0.5, 0.1), "targets": targets(101.0, fractions=[0.25])},
            [100.0, 101.0, 101.4],
            ["in at 100.00, 0.75 of the position left", "last eligible 101.40; trail 100.90 is 0.50 away"],
        ),
    ],
)
def test_the_level_that_binds_is_named(
    calendar: SessionCalendar, changes: dict[str, Any], prices: list[float], holds: list[str]
) -> None:
    """Without a target left there is none to name."""
    assert lines(calendar, make_plan(**changes), *prices)[2:-1] == holds


def test_a_finished_plan_says_how_it_ended_and_no_more(calendar: SessionCalendar) -> None:
    assert lines(calendar, make_plan(), 98.9) == [
        f"{WHO}: invalidated as of 2013-10-08 09:30:30 ET",
        "last event: invalidated at 2013-10-08 09:30:00 ET: last 98.90 at or below the stop 99.00 before any entry",
        "finished: nothing can happen to this version any more",
    ]


def seen(records: int, eligible: int, silent_seconds: int = 0, **counts: int) -> ProgressRow:
    """What was on the symbol's tape, and since when there has been nothing."""
    other = {"late": 0, "corrected": 0, "unknown_condition": 0, **counts}
    return ProgressRow("TEST", AT_NS - silent_seconds * SECOND_NS, records, eligible, **other)


PRE, REGULAR, POST = SessionPhase.PRE, SessionPhase.REGULAR, SessionPhase.POST
ONLY = "the plan counts prints of"


@pytest.mark.parametrize(
    ("sessions", "extended", "at", "line"),
    [
        ((REGULAR,), False, "09:30:30", None),
        ((REGULAR,), False, "08:00", f"pre; {ONLY} regular only (Pre-market, opens 09:30 ET)"),
        ((REGULAR,), True, "16:00", f"post; {ONLY} regular only (After hours, closed 16:00 ET)"),
        (
            (PRE, REGULAR),
            True,
            "21:00",
            f"closed; {ONLY} pre, regular only (Market closed, opens Wed 2013-10-09 09:30 ET)",
        ),
        ((PRE, REGULAR), False, "08:00", "pre; extended_hours is off, so Form T prints do not move it"),
        ((PRE, REGULAR), True, "08:00", None),
        ((POST,), False, "17:00", "post; extended_hours is off, so Form T prints do not move it"),
    ],
)
def test_a_session_that_keeps_prints_from_a_plan_is_named(
    calendar: SessionCalendar, sessions: tuple[SessionPhase, ...], extended: bool, at: str, line: str | None
) -> None:
    plan = make_plan(sessions=sessions, extended_hours=extended)
    found = lines(calendar, plan, at_ns=new_york_ns("2013-10-08", at), prints=None)
    assert [each for each in found if each.startswith("session")] == ([] if line is None else [f"session: {line}"])


@pytest.mark.parametrize(
    ("action", "effect"),
    [(Gate.SUPPRESS, "no entry is taken"), (Gate.DEFINED_RISK, "entries are taken with defined risk")],
)
def test_a_gate_says_until_when_and_because_of_what(calendar: SessionCalendar, action: Gate, effect: str) -> None:
    """The end of the window, and the event that ends it."""
    fomc = MarketEvent("fomc-1", "*", "fomc", Severity.HIGH, new_york_ns("2013-10-08", "10:30"), START_NS - 1, "rates")
    gates = gate_timeline("TEST", [fomc], GateSettings())
    plan = make_plan(on_event=action)
    edge = GateEdge(START_NS, action, gates.windows[0].opened_by)
    found = told(calendar, plan, live(plan, [edge]), gates=gates)
    assert found[-2] == f"gate: {action} until 2013-10-08 10:45:00 ET (fomc fomc-1): {effect}"


@pytest.mark.parametrize(
    ("prints", "said"),
    [
        (seen(0, 0), ["none of TEST on the tape so far"]),
        (seen(7, 7), ["7 so far, 7 eligible; none held back"]),
        (seen(9, 7, late=2), ["9 so far, 7 eligible; 2 late"]),
        (
            seen(9, 7, corrected=1, unknown_condition=1),
            ["9 so far, 7 eligible; 1 corrected, 1 with an unknown condition"],
        ),
        (
            seen(7, 7, silent_seconds=60),
            ["7 so far, 7 eligible; none held back", "no print of TEST since 2013-10-08 09:29:30 ET"],
        ),
    ],
)
def test_prints_that_moved_nothing_are_accounted_for(
    calendar: SessionCalendar, prints: ProgressRow, said: list[str]
) -> None:
    """What was held back and why, and since when there has been silence."""
    first, *rest = said
    assert lines(calendar, make_plan(), prints=prints)[3:] == [f"prints: {first}", *rest]


def test_a_deadline_is_named_and_one_that_nobody_has_seen_pass_too(calendar: SessionCalendar) -> None:
    plan = make_plan(expires_at_ns=AT_NS)
    assert lines(calendar, plan, at_ns=AT_NS - 1, prints=None)[-1] == "expires at 2013-10-08 09:30:30 ET"
    assert lines(calendar, plan, at_ns=AT_NS, prints=None)[-2:] == [
        "expires at 2013-10-08 09:30:30 ET",
        "its time is up, but no record of its symbol has shown that yet (replay with --to to say so)",
    ]


def test_times_are_those_of_new_york() -> None:
    """Five hours behind in winter, to the second."""
    assert clock(new_york_ns("2013-12-24", "12:59:59.999999999")) == "2013-12-24 12:59:59 ET"
