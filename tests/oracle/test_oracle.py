"""The oracle itself, on tiny tapes whose answer is plain from the design's rules."""

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from tests.oracle.loop import run_plan
from tests.oracle.prints import prepare
from tests.oracle.random_plans import first_open_ns, market_of, random_market_events, random_plans
from tests.oracle.times import MINUTE_NS, SECOND_NS, new_york_ns
from tests.oracle.track import Event, State

DAY = "2013-10-08"
TERMINAL = {"completed", "stopped", "invalidated", "missed", "expired", "replaced"}
ALWAYS_KNOWN = "2013-10-01T00:00:00Z"

Told = tuple[Any, ...]


def at(clock: str) -> int:
    return new_york_ns(DAY, clock)


def row(clock: str, price: float, conditions: str = "", **columns: Any) -> dict[str, Any]:
    """A print on the day, seen the moment that it happened."""
    sip_ns = at(clock)
    plain = {"correction": 0, "participant_timestamp": sip_ns, "trf_timestamp": 0, "size": 100}
    return {**plain, "sip_timestamp": sip_ns, "price": price, "conditions": conditions, **columns}


def ticks(*prices: float) -> list[dict[str, Any]]:
    """One regular print a minute from 10:00 on."""
    return [row(f"10:{minute:02d}", price) for minute, price in enumerate(prices)]


def plan(**fields: Any) -> dict[str, Any]:
    """A long limit plan at 100, stop 99, targets 101 and 102."""
    return {
        "plan_id": "p",
        "symbol": "TEST",
        "style": "intraday",
        "direction": "long",
        "entry": 100.0,
        "stop": 99.0,
        "targets": [101.0, 102.0],
        **fields,
    }


def calendar_event(at_clock: str, known_at: str = ALWAYS_KNOWN, **fields: str) -> dict[str, str]:
    plain = {"id": "e", "symbol": "TEST", "kind": "earnings", "severity": "high", "label": "results"}
    return {**plain, "at": str(at(at_clock)), "known_at": known_at, **fields}


def run(
    plans: Any, rows: Sequence[dict[str, Any]], market_events: Any = (), **options: Any
) -> tuple[list[Event], State]:
    """Run from 04:00 on; the sequence numbers must be contiguous and the registration first."""
    events, state = run_plan(plans, rows, market_events, at("04:00"), **options)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["kind"] == "registered"
    assert state is not None
    return events, state


def told(events: Sequence[Event], *fields: str) -> list[Told]:
    """What happened after the registration: kind, and the fields asked for."""
    named: list[dict[str, Any]] = [dict(event) for event in events[1:]]
    return [tuple(event[field] for field in ("kind", *fields)) for event in named]


def kinds(events: Sequence[Event]) -> list[str]:
    return [event["kind"] for event in events[1:]]


def test_a_plan_is_registered_when_it_becomes_valid() -> None:
    """By default at 04:00 of the first day; as a record of its own, even after the symbol's last print."""
    events, state = run(plan(), ticks(105.0))
    assert (events[0]["at_ns"], events[0]["price"], state["phase"]) == (at("04:00"), None, "waiting")
    late = plan(valid_from="2013-10-08T19:00:00Z")
    assert run_plan(late, ticks(105.0), (), at("04:00")) == ([], None)
    events, _ = run(late, ticks(105.0), tape_end_ns=at("15:00"))
    assert [event["at_ns"] for event in events] == [at("15:00")]


def test_a_tick_that_enters_does_nothing_else() -> None:
    """It fills at its own price and is neither a risk nor an excursion."""
    events, state = run(plan(at_risk_buffer=1.0), ticks(100.01, 99.5))
    assert told(events, "at_ns", "price") == [("entered", at("10:01"), 99.5)]
    assert (state["phase"], state["fill"], state["last_price"]) == ("open", 99.5, 99.5)
    assert (state["mfe_r"], state["mae_r"], state["open_r"]) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("entry", "price", "happened"),
    [
        (100.0, 99.0, "invalidated"),
        (100.0, 100.0, "entered"),
        ({"type": "stop", "price": 100.0}, 99.99, None),
        ({"type": "stop", "price": 100.0}, 100.0, "entered"),
        ({"type": "stop", "price": 100.0}, 101.0, "missed"),
        ({"type": "market"}, 100.99, "entered"),
        ({"type": "market"}, 101.0, "missed"),
        ({"type": "market"}, 99.0, "invalidated"),
    ],
)
def test_the_first_tick_enters_misses_invalidates_or_waits(entry: Any, price: float, happened: str | None) -> None:
    """Every comparison includes the level itself."""
    events, _ = run(plan(entry=entry), ticks(price))
    assert kinds(events) == ([] if happened is None else [happened])


def test_a_gap_hits_several_targets_at_the_price_of_the_tick() -> None:
    """Both halves go at 103, 3 R above the fill; the plan is over and hears no more."""
    events, state = run(plan(), ticks(100.0, 103.0, 98.0))
    assert told(events, "price", "level", "index") == [
        ("entered", 100.0, None, None),
        ("target_hit", 103.0, 101.0, 1),
        ("target_hit", 103.0, 102.0, 2),
        ("completed", 103.0, None, None),
    ]
    assert (state["phase"], state["realized_r"], state["remaining"], state["open_r"]) == (
        "completed",
        3.0,
        0.0,
        0.0,
    )
    assert (state["mfe_r"], state["last_price"]) == (3.0, 103.0)


def test_after_the_first_target_the_stop_is_at_the_fill() -> None:
    """Half goes at +1 R, half a cent below the fill; the excursion includes the exit."""
    events, state = run(plan(), ticks(100.0, 101.0, 99.99))
    assert told(events, "price", "level", "reason") == [
        ("entered", 100.0, None, None),
        ("target_hit", 101.0, 101.0, None),
        ("stopped", 99.99, 100.0, "breakeven"),
    ]
    assert (state["realized_r"], state["mae_r"], state["effective_stop"]) == (0.495, -0.01, 100.0)


def test_without_break_even_the_first_stop_holds() -> None:
    """0 means never; a gap through the stop costs what the tick says."""
    events, state = run(plan(breakeven_after=0), ticks(100.0, 101.0, 98.5))
    assert told(events[-2:], "price", "level", "reason") == [("stopped", 98.5, 99.0, "stop")]
    assert (state["realized_r"], state["targets_hit"]) == (-0.25, 1)


def test_fractions_below_one_let_the_rest_run_on() -> None:
    """Every target is hit, nothing completes; the rest leaves at the last eligible price of the deadline."""
    targets = [{"price": 101.0, "fraction": 0.2}, {"price": 102.0, "fraction": 0.3}]
    rows = [*ticks(100.0, 101.0, 102.0, 104.0), row("16:00", 90.0)]
    events, state = run(plan(targets=targets), rows)
    assert kinds(events) == ["entered", "target_hit", "target_hit", "expired"]
    assert (events[-1]["at_ns"], events[-1]["price"]) == (at("16:00"), 104.0)
    assert (state["realized_r"], state["remaining"], state["last_price"]) == (2.8, 0.0, 104.0)


def test_a_trail_follows_the_best_price_and_never_falls() -> None:
    """It starts with its target, is announced at once and then by steps, and binds between them too."""
    trail = {"distance": 0.5, "step": 0.2}
    targets = [{"price": 101.0, "fraction": 0.5}, {"price": 110.0, "fraction": 0.5}]
    rows = ticks(100.0, 101.1, 101.25, 101.29, 101.3, 101.35, 100.86, 100.85)
    events, state = run(plan(targets=targets, trail=trail, at_risk_buffer=0.0), rows)
    assert told(events, "price", "level", "reason") == [
        ("entered", 100.0, None, None),
        ("target_hit", 101.1, 101.0, None),
        ("trail_raised", 101.1, 100.6, None),
        ("trail_raised", 101.3, 100.8, None),
        ("stopped", 100.85, 100.85, "trail"),
    ]
    assert (state["best"], state["trail_stop"], state["realized_r"]) == (101.35, 100.85, 0.975)


def test_a_trail_waits_for_its_target_and_binds_only_above_the_fill() -> None:
    """Started by the second of three, so wide that break-even stays the higher stop."""
    fields = {"targets": [101.0, 102.0, 110.0], "trail": {"distance": 5.0, "step": 0.01, "after": 2}}
    events, state = run(plan(**fields), ticks(100.0, 101.0, 102.0, 100.0))
    assert told(events[2:], "price", "level", "reason") == [
        ("target_hit", 102.0, 102.0, None),
        ("trail_raised", 102.0, 97.0, None),
        ("stopped", 100.0, 100.0, "breakeven"),
    ]
    assert state["effective_stop"] == 100.0


def test_a_plan_that_completes_announces_no_trail() -> None:
    events, state = run(plan(trail={"distance": 0.1, "step": 0.01, "after": 2}), ticks(100.0, 102.0))
    assert kinds(events) == ["entered", "target_hit", "target_hit", "completed"]
    assert (state["best"], state["trail_stop"]) == (102.0, None)


def test_health_turns_at_the_buffer_and_back_beyond_one_and_a_half_of_it() -> None:
    """Risk 1, buffer 0.2: at risk from 99.20 down, recovered above 99.30; each is said once."""
    events, state = run(plan(), ticks(100.0, 99.21, 99.2, 99.1, 99.3, 99.31, 99.15))
    assert told(events[1:], "price") == [("at_risk", 99.2), ("recovered", 99.31), ("at_risk", 99.15)]
    assert (state["health"], state["mae_r"], state["open_r"]) == ("at_risk", -0.9, -0.85)


def test_health_is_judged_against_the_stop_that_the_tick_has_moved() -> None:
    """The first target lifts the stop to the fill, 1 below: within a buffer of one whole risk."""
    events, _ = run(plan(at_risk_buffer=1.0), ticks(100.0, 101.0))
    assert told(events, "at_ns")[1:] == [("target_hit", at("10:01")), ("at_risk", at("10:01"))]


def test_a_deadline_comes_before_the_tick_of_its_instant() -> None:
    """The print at 10:01 would have entered; any print, heard or not, brings the deadline."""
    waiting = plan(expires_at=at("10:01"))
    events, state = run(waiting, ticks(100.5, 100.0))
    assert told(events, "at_ns", "price") == [("expired", at("10:01"), None)]
    assert (state["phase"], state["last_price"], state["remaining"]) == ("expired", 100.5, 1.0)
    events, _ = run(waiting, [row("10:00", 100.5), row("10:05", 50.0, "37")])
    assert told(events, "at_ns") == [("expired", at("10:01"))]


def test_nothing_fires_after_the_last_record_without_a_clock_mark() -> None:
    """The mark counts as a record: what is due at its own instant is done."""
    assert kinds(run(plan(), ticks(100.0))[0]) == ["entered"]
    assert kinds(run(plan(), ticks(100.0), clock_mark_ns=at("16:00") - 1)[0]) == ["entered"]
    assert kinds(run(plan(), ticks(100.0), clock_mark_ns=at("16:00"))[0]) == ["entered", "expired"]
    assert kinds(run(plan(style="swing"), ticks(100.0), clock_mark_ns=at("16:00"))[0]) == ["entered"]


@pytest.mark.parametrize(
    ("deaf", "option"),
    [
        (row("10:00", 100.0, "12"), {"extended_hours": True}),
        (row("10:00", 100.0, "15"), {}),
        (row("10:00", 100.0, "14,999"), {}),
        (row("10:00", 100.0, correction=1), {}),
        (row("10:00", 100.0, participant_timestamp=at("09:59:58.999999999")), {}),
        (row("10:00", 100.0, trf_timestamp=at("09:59")), {}),
        (row("09:29:59", 100.0), {}),
        (row("16:00", 100.0), {"style": "swing"}),
        (row("10:00", 100.0, "37,12"), {"odd_lots": True, "extended_hours": True}),
        (row("08:00", 100.0, "12"), {"sessions": ["pre"]}),
        (row("10:00", 100.0), {"valid_from": at("10:00") + 1}),
    ],
)
def test_a_print_that_is_not_eligible_is_not_heard(deaf: dict[str, Any], option: dict[str, Any]) -> None:
    """Neither as a tick nor as the last price."""
    events, state = run(plan(**option), [deaf], clock_mark_ns=at("10:01"))
    assert (kinds(events), state["last_price"]) == ([], None)


@pytest.mark.parametrize(
    ("heard", "option"),
    [
        (row("10:00", 100.0, "14,41"), {}),
        (row("10:00", 100.0, participant_timestamp=at("09:59:59")), {}),
        (row("10:00", 100.0, correction=""), {}),
        (row("10:00", 100.0, "37"), {"odd_lots": True}),
        (row("08:00", 100.0, "12"), {"sessions": ["pre"], "extended_hours": True}),
        (row("16:00", 100.0, "12,37"), {"sessions": ["post"], "extended_hours": True, "odd_lots": True}),
    ],
)
def test_a_print_that_is_eligible_is_heard(heard: dict[str, Any], option: dict[str, Any]) -> None:
    """A swing plan, so that the prints after the close count as well."""
    assert kinds(run(plan(style="swing", **option), [heard])[0]) == ["entered"]


def test_a_gate_shuts_and_opens_at_the_edges_of_its_window() -> None:
    """12:00 is closed from 10:30 to 12:15; under suppress the tick of the first edge does not enter."""
    rows = [row(clock, 100.0) for clock in ("10:30", "12:14:59", "12:16")]
    events, state = run(plan(on_event="suppress"), rows, [calendar_event("12:00")])
    assert told(events, "at_ns", "price") == [
        ("gated", at("10:30"), None),
        ("ungated", at("12:15"), None),
        ("entered", at("12:16"), 100.0),
    ]
    assert state["gate"] == "allow"
    events, state = run(plan(), rows[:2], [calendar_event("12:00")])
    assert (kinds(events), state["gate"]) == (["gated", "entered"], "defined_risk")


def test_under_suppress_nothing_is_missed_but_a_plan_is_still_invalidated() -> None:
    rows = ticks(101.0, 99.0)
    gated = plan(entry={"type": "market"}, on_event="suppress")
    events, _ = run(gated, rows, [calendar_event("10:00")])
    assert told(events, "at_ns") == [("gated", at("08:30")), ("invalidated", at("10:01"))]


@pytest.mark.parametrize(
    ("market_events", "edges"),
    [
        ([calendar_event("12:00", severity="low")], []),
        ([calendar_event("12:00", symbol="OTHER")], []),
        ([calendar_event("12:00", symbol="*")], ["10:30", "12:15"]),
        ([calendar_event("12:00", known_at=str(at("12:05")))], ["12:05", "12:15"]),
        ([calendar_event("12:00", known_at=str(at("12:15")))], []),
        ([calendar_event("13:45"), calendar_event("12:00")], ["10:30", "14:00"]),
        ([calendar_event("12:00"), calendar_event("13:45:01")], ["10:30", "12:15", "12:15:01", "14:00:01"]),
    ],
)
def test_gate_windows_count_from_when_they_are_known_and_merge(
    market_events: list[dict[str, str]], edges: list[str]
) -> None:
    events, _ = run(plan(), [row("15:00", 105.0)], market_events)
    assert [event["at_ns"] for event in events[1:]] == [at(edge) for edge in edges]
    assert kinds(events) == ["gated", "ungated"] * (len(edges) // 2)


def test_a_higher_version_replaces_a_living_one_and_is_gated_at_once() -> None:
    """The sequence goes on; the second version starts from nothing, with the tick of its own instant."""
    second = plan(version=2, entry=100.0, stop=98.0, valid_from=at("10:31"))
    rows = [row("10:00", 100.0), row("10:31", 99.5), row("10:32", 98.0)]
    events, state = run([plan(), second], rows, [calendar_event("12:00")])
    assert told(events, "version", "at_ns") == [
        ("entered", 1, at("10:00")),
        ("gated", 1, at("10:30")),
        ("replaced", 1, at("10:31")),
        ("registered", 2, at("10:31")),
        ("gated", 2, at("10:31")),
        ("entered", 2, at("10:31")),
        ("stopped", 2, at("10:32")),
    ]
    assert (state["version"], state["fill"], state["realized_r"]) == (2, 99.5, -1.0)


@pytest.mark.parametrize(
    ("valid_from", "edges"),
    [("10:30", [("gated", "10:30"), ("ungated", "12:15")]), ("12:15", [])],
)
def test_a_plan_registered_at_an_edge_is_gated_once_or_not_at_all(
    valid_from: str, edges: list[tuple[str, str]]
) -> None:
    """A window is half-open, as everything else."""
    events, _ = run(plan(valid_from=at(valid_from)), [row("15:00", 105.0)], [calendar_event("12:00")])
    assert told(events, "at_ns") == [(kind, at(edge)) for kind, edge in edges]


def test_a_print_older_than_the_plan_is_not_heard_wherever_it_stands_on_the_tape() -> None:
    """Tape order is the order; a print that the SIP stamped before valid_from is still none of the plan's."""
    rows = [row("10:01", 100.5), row("10:00:59", 100.0), row("10:02", 99.9)]
    events, _ = run(plan(valid_from=at("10:01")), rows)
    assert told(events, "at_ns", "price") == [("entered", at("10:02"), 99.9)]


def test_a_higher_version_of_an_ended_plan_just_registers() -> None:
    """Ended by its deadline at the very instant: expiry comes first."""
    second = plan(version=3, valid_from=at("10:01"))
    events, _ = run([plan(expires_at=at("10:01")), second], ticks(100.5, 100.2))
    assert told(events, "version") == [("expired", 1), ("registered", 3)]


def test_a_short_plan_is_the_mirror_of_a_long_one() -> None:
    """Prices mirrored around 100, with entries, targets, trail, health and stop."""
    prices = (100.5, 100.0, 99.1, 101.4, 101.2, 102.0, 101.7, 101.2)
    levels = {"targets": [101.0, 103.0], "trail": {"distance": 0.5, "step": 0.1}}
    long_events, long_state = run(plan(**levels), ticks(*prices))
    mirrored = plan(direction="short", stop=101.0, targets=[99.0, 97.0], trail=levels["trail"])
    short_events, short_state = run(mirrored, ticks(*(round(200 - price, 2) for price in prices)))
    assert len(long_events) > 6
    assert long_events == [mirrored_event(event) for event in short_events]
    assert long_state["realized_r"] == short_state["realized_r"]


def mirrored_event(event: Event) -> Event:
    price, level = (None if p is None else round(200 - p, 2) for p in (event["price"], event["level"]))
    return {**event, "price": price, "level": level}


def random_walk(rng: Random, steps: int) -> list[dict[str, Any]]:
    """A print every ten seconds or so from 09:00 on, in cents, now and then an odd lot or Form T."""
    sip_ns, cents, rows = at("09:00"), 10_000, []
    for _ in range(steps):
        sip_ns += rng.choice((0, SECOND_NS, 20 * SECOND_NS))
        cents += rng.choice((-2, -1, 0, 1, 2))
        conditions = rng.choice(("", "", "14", "37", "12"))
        rows.append({"sip_timestamp": sip_ns, "price": cents / 100, "conditions": conditions, "size": 1})
    return rows


def test_random_plans_on_a_random_walk_reach_every_end_and_end_once() -> None:
    rng = Random(8)
    tape = prepare(random_walk(rng, 4_000))
    market = market_of("WALK", tape)
    begins_ns = first_open_ns([market])
    assert begins_ns == at("04:00")
    plans = random_plans(rng, [market], 400, begins_ns)
    market_events = random_market_events(rng, [market], 3)
    seen: Counter[str] = Counter()
    for plan_id in {each["plan_id"] for each in plans}:
        versions = [each for each in plans if each["plan_id"] == plan_id]
        events, _ = run_plan(versions, tape, market_events, begins_ns, at("16:00") + MINUTE_NS)
        happened = [event["kind"] for event in events]
        assert all(kind not in TERMINAL or after in ("registered", None) for kind, after in pairs(happened))
        seen.update(happened)
    assert min(seen[kind] for kind in (*TERMINAL, "gated", "ungated", "trail_raised", "recovered")) > 3


def pairs(kinds_in_order: list[str]) -> list[tuple[str, str | None]]:
    return list(zip(kinds_in_order, [*kinds_in_order[1:], None], strict=True))
