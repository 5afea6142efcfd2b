"""Plans from JSON that are refused: the error names the field, the value and what is allowed."""

import json
from math import inf, nan
from typing import Any

import pytest

from operators.plan_reading import PlanDefaults, read_plain_plans, read_plan
from operators.plans import Plan, PlanError
from operators.sessions import SessionCalendar
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
MISSING = "leave the field out"


def read(calendar: SessionCalendar, **changes: Any) -> Plan:
    """The plan above with changes, read at the pre-market open of 2013-10-08."""
    data = {name: value for name, value in {**GIVEN, **changes}.items() if value is not MISSING}
    return read_plan(data, PlanDefaults(PRE_OPEN_NS, calendar.close_after))


PHASES = "must be one of pre, regular, post"
NUMBER = "must be a number"
WHOLE = "must be a whole number"

REFUSED: list[tuple[dict[str, Any], str, list[str]]] = [
    *(({name: MISSING}, name, ["is missing"]) for name in GIVEN),
    ({"colour": "red"}, "colour", ["is not a field here", "plan_id", "extended_hours"]),
    ({"line\nbreak": 1}, "'line\\nbreak'", ["is not a field here"]),
    ({"\ud800": 1}, "'\\ud800'", ["must be text of whole characters"]),
    ({"plan_id": 5}, "plan_id", ["got 5", "must be text"]),
    ({"plan_id": "a b"}, "plan_id", ["got 'a b'", "A-Z a-z 0-9 . _ : -"]),
    ({"symbol": None}, "symbol", ["got None", "must be text"]),
    ({"symbol": ""}, "symbol", ["got ''", "must be a ticker"]),
    ({"symbol": "*"}, "symbol", ["got '*'", "without spaces, commas and stars"]),
    ({"symbol": "SPY "}, "symbol", ["got 'SPY '", "without spaces, commas and stars"]),
    ({"symbol": "SPY\N{ZERO WIDTH SPACE}"}, "symbol", ["ASCII"]),
    ({"style": "hodl"}, "style", ["got 'hodl'", "must be one of scalp, intraday, swing, leap"]),
    ({"style": 1}, "style", ["got 1", "must be one of scalp, intraday, swing, leap"]),
    ({"style": "\ud800"}, "style", ["got '\\ud800'", "must be text of whole characters"]),
    ({"sessions": ["\ud800"]}, "sessions", ["got '\\ud800'", "must be text of whole characters"]),
    ({"entry": {"type": "\ud800"}}, "entry", ["got '\\ud800'", "must be text of whole characters"]),
    ({"direction": "up"}, "direction", ["got 'up'", "must be one of long, short"]),
    ({"direction": "LONG"}, "direction", ["got 'LONG'", "must be one of long, short"]),
    ({"version": "1"}, "version", ["got '1'", WHOLE]),
    ({"version": 1.5}, "version", ["got 1.5", WHOLE]),
    ({"version": True}, "version", ["got True", WHOLE]),
    ({"version": 0}, "version", ["got 0", "must be 1 to"]),
    ({"entry": None}, "entry", ["got None", NUMBER]),
    ({"entry": True}, "entry", ["got True", NUMBER]),
    ({"entry": "soon"}, "entry", ["got 'soon'", "market, limit or stop"]),
    ({"entry": "limit"}, "entry.price", ["is missing", "limit entry needs one"]),
    ({"entry": {"type": "stop"}}, "entry.price", ["is missing", "stop entry needs one"]),
    ({"entry": {"price": 100}}, "entry.type", ["is missing"]),
    ({"entry": {"type": "pullback", "price": 1}}, "entry.type", ["got 'pullback'", "one of market, limit, stop"]),
    ({"entry": {"type": "stop", "price": "1"}}, "entry.price", ["got '1'", NUMBER]),
    ({"entry": {"type": "stop", "price": 100, "size": 5}}, "entry.size", ["is not a field here"]),
    ({"entry": nan}, "entry", ["got nan", "must be dollars above 0"]),
    ({"entry": inf}, "entry", ["got inf", "must be dollars above 0"]),
    ({"entry": 0}, "entry", ["got 0.0", "must be dollars above 0"]),
    ({"stop": "99"}, "stop", ["got '99'", NUMBER]),
    ({"stop": None}, "stop", ["got None", NUMBER]),
    ({"stop": True}, "stop", ["got True", NUMBER]),
    ({"stop": nan}, "stop", ["got nan", "must be dollars above 0"]),
    ({"stop": -inf}, "stop", ["got -inf", "must be dollars above 0"]),
    ({"stop": 10**400}, "stop", ["got 1000"]),
    ({"stop": 100}, "stop", ["got 100.00", "for a long must be below entry 100.00"]),
    ({"direction": "short"}, "stop", ["got 99.00", "for a short must be above entry 100.00"]),
    ({"targets": None}, "targets", ["got None", "must be"]),
    ({"targets": "101"}, "targets", ["got '101'", "must be"]),
    ({"targets": []}, "targets", ["got 0", "must be 1 to 5"]),
    ({"targets": [101, 102, 103, 104, 105, 106]}, "targets", ["got 6", "must be 1 to 5"]),
    ({"targets": [101, None]}, "targets[2]", ["got None", NUMBER]),
    ({"targets": [101, "102"]}, "targets[2]", ["got '102'", NUMBER]),
    ({"targets": [101, "regular"]}, "targets[2]", ["got 'regular'", NUMBER]),
    ({"targets": [101, {"price": "x"}]}, "targets[2].price", ["got 'x'", NUMBER]),
    ({"targets": [{"price": 101}, {"price": 102, "fraction": "x"}]}, "targets[2].fraction", ["got 'x'", NUMBER]),
    ({"targets": [101, nan]}, "targets[2]", ["got nan", "must be dollars above 0"]),
    ({"targets": [101, 101]}, "targets[2]", ["got 101.00", "for a long must be above targets[1] 101.00"]),
    ({"targets": [{"price": 101, "fraction": 0.5}, 102]}, "targets", ["1 of 2 have a fraction", "all or none"]),
    ({"targets": [{"price": 101, "fraction": 0}]}, "targets[1].fraction", ["got 0.0", "above 0, at most 1"]),
    ({"targets": [{"price": 101, "fraction": 1.5}]}, "targets[1].fraction", ["got 1.5", "above 0, at most 1"]),
    ({"targets": [{"price": 101, "fraction": nan}]}, "targets[1].fraction", ["got nan", "above 0, at most 1"]),
    (
        {"targets": [{"price": 101, "fraction": 0.7}, {"price": 102, "fraction": 0.7}]},
        "targets",
        ["fractions sum to 1.4", "must be at most 1"],
    ),
    ({"valid_from": "2013-10-08"}, "valid_from", ["got '2013-10-08'", "RFC 3339 with an offset"]),
    ({"valid_from": 1_381_239_000}, "valid_from", ["got 1381239000", "must lie in 1993 to 2099"]),
    ({"valid_from": True}, "valid_from", ["got True", WHOLE]),
    ({"valid_from": 1.5}, "valid_from", ["got 1.5", WHOLE]),
    ({"expires_at": "soon"}, "expires_at", ["got 'soon'", "RFC 3339 with an offset"]),
    ({"expires_at": PRE_OPEN_NS}, "expires_at", ["must be later than valid_from"]),
    ({"sessions": []}, "sessions", ["got nothing", "one or more of pre, regular, post"]),
    ({"sessions": ["pre", "pre"]}, "sessions", ["got pre, pre", "each once"]),
    ({"sessions": ["closed"]}, "sessions", ["got closed", "one or more of pre, regular, post"]),
    ({"sessions": ["pre", "noon"]}, "sessions[2]", ["got 'noon'", PHASES]),
    ({"sessions": ["regular", 5]}, "sessions[2]", ["got 5", PHASES]),
    ({"sessions": "pre"}, "sessions", ["got 'pre'"]),
    ({"breakeven_after": 6}, "breakeven_after", ["got 6", "0 (never) to 5"]),
    ({"breakeven_after": "1"}, "breakeven_after", ["got '1'", WHOLE]),
    ({"trail": 0.5}, "trail", ["got 0.5", "must be"]),
    ({"trail": {"distance": 1}}, "trail.step", ["is missing"]),
    ({"trail": {"step": 1}}, "trail.distance", ["is missing"]),
    ({"trail": {"distance": 0, "step": 1}}, "trail.distance", ["got 0.0", "must be dollars above 0"]),
    ({"trail": {"distance": 1, "step": -1}}, "trail.step", ["got -1.0", "must be dollars above 0"]),
    ({"trail": {"distance": 1, "step": 1, "after": 0}}, "trail.after", ["got 0", "1 to 5"]),
    ({"trail": {"distance": 1, "step": 1, "after": 1.5}}, "trail.after", ["got 1.5", WHOLE]),
    ({"at_risk_buffer": -0.2}, "at_risk_buffer", ["got -0.2", "0 or more"]),
    ({"at_risk_buffer": nan}, "at_risk_buffer", ["got nan", "0 or more"]),
    ({"at_risk_buffer": "0.2"}, "at_risk_buffer", ["got '0.2'", NUMBER]),
    ({"on_event": "allow"}, "on_event", ["got 'allow'", "defined_risk or suppress"]),
    ({"on_event": "halt"}, "on_event", ["got 'halt'", "must be one of defined_risk, suppress"]),
    ({"odd_lots": 1}, "odd_lots", ["got 1", "must be true or false"]),
    ({"extended_hours": "yes"}, "extended_hours", ["got 'yes'", "must be true or false"]),
]


@pytest.mark.parametrize(("changes", "field", "words"), REFUSED, ids=lambda value: str(value)[:50])
def test_a_refusal_names_field_value_and_what_is_allowed(
    calendar: SessionCalendar, changes: dict[str, Any], field: str, words: list[str]
) -> None:
    """In one line; targets and sessions are counted from 1."""
    with pytest.raises(PlanError) as refused:
        read(calendar, **changes)
    assert refused.value.field == field
    assert [word for word in words if word not in refused.value.message] == []
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("changes", [changes for changes, _, _ in REFUSED], ids=lambda value: str(value)[:50])
def test_among_many_at_once_none_of_them_passes(calendar: SessionCalendar, changes: dict[str, Any]) -> None:
    """The quick way knows a good file when it sees one; of any other it says nothing at all."""
    data = {name: value for name, value in {**GIVEN, **changes}.items() if value is not MISSING}
    text = json.dumps([GIVEN, data], default=str).encode()
    assert read_plain_plans(text, PlanDefaults(PRE_OPEN_NS, calendar.close_after)) is None


@pytest.mark.parametrize("data", [None, [], [GIVEN], "plan", 5, True])
def test_what_is_no_object_is_no_plan(calendar: SessionCalendar, data: object) -> None:
    with pytest.raises(PlanError, match=r"plan: got .*; must be object"):
        read_plan(data, PlanDefaults(PRE_OPEN_NS, calendar.close_after))


def test_a_symbol_that_is_too_long_is_told_how_long_it_may_be(calendar: SessionCalendar) -> None:
    """It is text already; what is wrong is its length."""
    with pytest.raises(PlanError, match=r"symbol: got 'A{33}'; must be .*32"):
        read(calendar, symbol="A" * 33)


@pytest.mark.parametrize(
    ("target", "field"), [({"price": 102, "size": 5}, "targets[2].size"), ({"fraction": 0.5}, "targets[2].price")]
)
def test_a_field_of_a_target_is_counted_from_one_too(
    calendar: SessionCalendar, target: dict[str, Any], field: str
) -> None:
    """The second target is targets[2], whatever is wrong with it."""
    with pytest.raises(PlanError) as refused:
        read(calendar, targets=[101, target])
    assert refused.value.field == field


@pytest.mark.parametrize("version", [2**63, 10**30])
def test_a_version_that_no_table_can_hold_is_refused(calendar: SessionCalendar, version: int) -> None:
    """Better at the door than when the event is written."""
    with pytest.raises(PlanError, match=rf"version: got {version}; must be"):
        read(calendar, version=version)
