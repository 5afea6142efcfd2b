"""Plans from JSON: short forms, defaults, and the normal form that is read back as the same plan."""

import json
from typing import Any

import pytest
from hypothesis import given, settings

from operators.plan_json import plan_to_json
from operators.plan_reading import NO_DEFAULTS, PlanDefaults, read_plain_plans, read_plan
from operators.plans import Entry, EntryType, Gate, Plan, SessionPhase, Style, Target, Trail
from operators.sessions import SessionCalendar
from tests.operators.scenarios import any_plans
from tests.oracle.times import new_york_ns

PRE_OPEN_NS = new_york_ns("2013-10-08", "04:00")
GIVEN: dict[str, Any] = {
    "plan_id": "p",
    "symbol": "TEST",
    "style": "intraday",
    "direction": "long",
    "entry": 100.0,
    "stop": 99.0,
    "targets": [101, 102],
}
MISSING = object()


def read(calendar: SessionCalendar, **changes: Any) -> Plan:
    """The plan above with changes, read at the pre-market open of 2013-10-08; among many at once it reads the same."""
    data = {name: value for name, value in {**GIVEN, **changes}.items() if value is not MISSING}
    defaults = PlanDefaults(PRE_OPEN_NS, calendar.close_after)
    plan = read_plan(data, defaults)
    assert read_plain_plans(json.dumps([GIVEN, data]).encode(), defaults) == [read_plan(GIVEN, defaults), plan]
    return plan


def test_a_silent_plan_gets_the_defaults_of_the_design(calendar: SessionCalendar) -> None:
    """Valid from the day's pre-market open, version 1, equal fractions, and everything else by itself."""
    plan = read(calendar)
    assert (plan.version, plan.valid_from_ns, plan.sessions) == (1, PRE_OPEN_NS, (SessionPhase.REGULAR,))
    assert plan.expires_at_ns == new_york_ns("2013-10-08", "16:00")
    assert plan.entry == Entry(EntryType.LIMIT, 100.0)
    assert plan.targets == (Target(101.0, 0.5), Target(102.0, 0.5))
    assert (plan.breakeven_after, plan.trail, plan.at_risk_buffer) == (1, None, 0.2)
    assert (plan.on_event, plan.odd_lots, plan.extended_hours) == (Gate.DEFINED_RISK, False, False)


@pytest.mark.parametrize("name", ["valid_from", "expires_at", "trail", "odd_lots", "extended_hours"])
def test_null_is_silence(calendar: SessionCalendar, name: str) -> None:
    assert read(calendar, **{name: None}) == read(calendar)


@pytest.mark.parametrize(
    ("style", "valid_from", "expires"),
    [
        ("scalp", "2013-10-08 04:00", "2013-10-08 16:00"),
        ("intraday", "2013-10-08 15:59:59.999999999", "2013-10-08 16:00"),
        ("intraday", "2013-10-08 16:00", "2013-10-09 16:00"),  # the close itself is the next session's
        ("scalp", "2013-10-11 21:00", "2013-10-14 16:00"),  # Friday night
        ("intraday", "2013-11-28 12:00", "2013-11-29 13:00"),  # Thanksgiving, then a half day
        ("scalp", "2015-12-24 13:00", "2015-12-28 16:00"),
        ("intraday", "2012-10-29 09:30", "2012-10-31 16:00"),  # the storm
        ("swing", "2013-10-08 04:00", None),
        ("leap", "2013-10-08 04:00", None),
    ],
)
def test_the_default_deadline_is_the_close_of_the_session_or_none(
    calendar: SessionCalendar, style: str, valid_from: str, expires: str | None
) -> None:
    """Scalp and intraday end with the session that holds valid_from, or with the next one."""
    plan = read(calendar, style=style, valid_from=new_york_ns(*valid_from.split()))
    assert plan.expires_at_ns == (None if expires is None else new_york_ns(*expires.split()))


def test_a_given_deadline_stands(calendar: SessionCalendar) -> None:
    """As RFC 3339 or ns; a scalp may outlive its session when it says so."""
    for expires in ("2013-10-10T20:00:00Z", "2013-10-10T16:00:00-04:00", 1_381_435_200_000_000_000):
        assert read(calendar, style="scalp", expires_at=expires).expires_at_ns == 1_381_435_200_000_000_000


@pytest.mark.parametrize(
    ("entry", "read_as"),
    [
        (100, Entry(EntryType.LIMIT, 100.0)),
        (100.25, Entry(EntryType.LIMIT, 100.25)),
        ("market", Entry(EntryType.MARKET, None)),
        ({"type": "market"}, Entry(EntryType.MARKET, None)),
        ({"type": "market", "price": 55}, Entry(EntryType.MARKET, 55.0)),
        ({"type": "stop", "price": 100}, Entry(EntryType.STOP, 100.0)),
        ({"type": "limit", "price": 100}, Entry(EntryType.LIMIT, 100.0)),
    ],
)
def test_an_entry_may_be_short(calendar: SessionCalendar, entry: Any, read_as: Entry) -> None:
    assert read(calendar, entry=entry).entry == read_as


@pytest.mark.parametrize(
    ("targets", "read_as"),
    [
        ([101], [(101.0, 1.0)]),
        ([101, 102.5], [(101.0, 0.5), (102.5, 0.5)]),
        ([101, {"price": 102}], [(101.0, 0.5), (102.0, 0.5)]),
        ([{"price": 101, "fraction": 0.25}, {"price": 102, "fraction": 0.5}], [(101.0, 0.25), (102.0, 0.5)]),
        ([{"price": 101, "fraction": 1}], [(101.0, 1.0)]),
        ([101, 102, 103], [(101.0, 1 / 3), (102.0, 1 / 3), (103.0, 1 / 3)]),
    ],
)
def test_targets_may_be_short(calendar: SessionCalendar, targets: Any, read_as: list[tuple[float, float]]) -> None:
    """Bare prices share equally; what is given is kept."""
    assert [(each.price, each.fraction) for each in read(calendar, targets=targets).targets] == read_as


def test_options_of_the_run_hold_for_plans_that_are_silent(calendar: SessionCalendar) -> None:
    """A plan that says false is not silent."""
    defaults = PlanDefaults(PRE_OPEN_NS, calendar.close_after, odd_lots=True, extended_hours=True)
    silent, denying = read_plan(GIVEN, defaults), read_plan({**GIVEN, "odd_lots": False}, defaults)
    assert (silent.odd_lots, silent.extended_hours) == (True, True)
    assert (denying.odd_lots, denying.extended_hours) == (False, True)


def test_a_trail_starts_after_the_first_target_unless_told(calendar: SessionCalendar) -> None:
    assert read(calendar, trail={"distance": 0.5, "step": 0.1}).trail == Trail(0.5, 0.1, 1)
    assert read(calendar, trail={"distance": 1, "step": 1, "after": 2}).trail == Trail(1.0, 1.0, 2)


def test_the_last_plan_of_the_last_session_can_be_stored(calendar: SessionCalendar) -> None:
    """After the close of 2027-12-31 the default deadline is the close of 2028-01-03; snapshots must hold it."""
    plan = read(calendar, valid_from="2027-12-31T16:00:00-05:00")
    assert plan.expires_at_ns == new_york_ns("2028-01-03", "16:00")
    assert read_plan(plan_to_json(plan), NO_DEFAULTS) == plan


@settings(max_examples=150, deadline=None)
@given(plan=any_plans())
def test_the_normal_form_is_read_back_as_the_same_plan(plan: Plan) -> None:
    """Through JSON text, without any default; a stored plan is silent about nothing."""
    assert read_plan(json.loads(json.dumps(plan_to_json(plan))), NO_DEFAULTS) == plan
    assert read_plain_plans(json.dumps([plan_to_json(plan)]).encode(), NO_DEFAULTS) == [plan]


def test_a_stored_plan_that_is_silent_about_its_end_is_refused() -> None:
    """Rather than given another end than it had."""
    stored = {**plan_to_json(read_plan({**GIVEN, "style": "swing"}, NO_DEFAULTS)), "style": Style.SCALP.value}
    with pytest.raises(ValueError, match="must say when it ends"):
        read_plan(stored, NO_DEFAULTS)
