"""The structured plan: complete, deterministic, and made of the profile's own numbers."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from operators.engine.evaluation import evaluate
from operators.engine.inputs import EngineInput
from operators.levels.level import LevelKind
from operators.plans import Direction, Gate
from operators.records import GateCause
from operators.structured.build import decode, encode, structured_plan
from operators.structured.conditions import Condition
from tests.operators.engine.engine_cases import AS_OF_NS, ask, level, questions
from tests.operators.structured.plan_cases import CONDITIONS, IDENTITY, SESSION, make_document


def test_the_fields_are_those_that_were_agreed() -> None:
    told = json.loads(encode(make_document()))
    agreed = "plan_id version symbol style direction strategy entry stop targets probabilities runner confluence"
    agreed += " confidence rationale warnings actionable risk_per_share size em_used atr_used snap_trace gate options"
    agreed += " session as_of layers"
    extra = "stop_basis calibration reason reason_text"
    assert set(told) == set(agreed.split()) | set(extra.split())
    assert told["options"] is None
    assert told["entry"] == {"type": "limit", "level": 100.0}


def test_it_says_what_the_engine_decided() -> None:
    profile = evaluate(ask(risk_budget=100.0))
    told = structured_plan(profile, IDENTITY, SESSION, CONDITIONS)
    assert (told.plan_id, told.version, told.strategy) == (IDENTITY.plan_id, 1, "vwap_reclaim")
    assert (told.stop, told.risk_per_share, told.size) == (profile.stop, profile.risk_per_share, profile.size)
    assert [(each.price, each.fraction, each.r) for each in told.targets] == [
        (each.price, each.fraction, each.r) for each in profile.targets
    ]
    assert [each.before_stop for each in told.probabilities] == list(profile.probabilities)
    assert not any(each.calibrated for each in told.probabilities)
    assert told.em_used is not None
    assert (told.em_used.dollars, told.em_used.basis, told.atr_used) == (5.0, "realized_volatility", 1.0)
    assert told.runner is not None
    assert (told.runner.fraction, told.runner.trail.distance, told.runner.trail.after) == (0.1, 1.0, 3)
    assert (told.as_of, told.session.phase) == ("2013-10-08T14:00:00Z", "regular")


def test_the_rationale_is_made_of_the_conditions_heaviest_first() -> None:
    assert make_document().rationale == (
        "long TEST vwap_reclaim: 2 of 3 conditions met (reclaimed_vwap, relative_volume 2.10), not met: trend_5m -0.31"
    )
    assert make_document(conditions=()).rationale == "long TEST vwap_reclaim: 0 of 0 conditions met"


def test_a_long_list_of_conditions_is_counted() -> None:
    many = tuple(Condition(f"c{index}", None, ok=True, weight=1.0, required=False) for index in range(7))
    assert make_document(conditions=many).rationale.endswith("7 of 7 conditions met (c0, c1, c2, c3 and 3 more)")


def test_the_confluence_names_levels_at_the_entry_and_then_conditions_met() -> None:
    """Within 0.20 ATR of 100: the VWAP at 99.90 and the pivot at 100.10; a level of the future agrees with nothing."""
    assert make_document().confluence == ("vwap", "pivot", "relative_volume", "reclaimed_vwap")


def test_the_confluence_counts_a_fact_once() -> None:
    """The session's average is the one anchored at its open, and a first low is the session's and the range's."""
    levels = (
        level(100.1, 0.9, LevelKind.VWAP),
        level(100.1, 0.8, LevelKind.AVWAP_OPEN),
        level(99.9, 0.7, LevelKind.SESSION_LOW),
        level(99.9, 0.6, LevelKind.OPENING_RANGE_5_LOW),
    )
    assert make_document(*levels, conditions=()).confluence == ("vwap", "session_low")


def test_a_chart_draws_what_the_plan_says() -> None:
    layers = make_document().layers
    assert (layers.entry.price, layers.entry.label) == (100.0, "limit entry 100.00")
    assert layers.stop is not None
    assert (layers.stop.price, layers.stop.label) == (99.1, "stop 99.10 (-1 R)")
    assert [line.price for line in layers.targets] == [102.3, 104.0, 105.5]
    assert layers.targets[0].label.startswith("T1 102.30 (2.56 R, ")
    assert [(line.kind, line.rung) for line in layers.levels] == [
        ("session_low", None),
        ("vwap", "stop"),
        ("pivot", None),
        ("prior_day_high", "target_1"),
    ]
    assert [(zone.name, zone.low, zone.high) for zone in layers.zones] == [
        ("risk", 99.1, 100.0),
        ("reward", 100.0, 105.5),
        ("expected_move", 100.0, 105.0),
    ]


def test_a_short_draws_its_zones_the_other_way_round() -> None:
    zones = make_document(direction=Direction.SHORT).layers.zones
    assert [(zone.name, zone.low < zone.high, zone.low) for zone in zones][1:] == [
        ("reward", True, 94.5),
        ("expected_move", True, 95.0),
    ]


@pytest.mark.parametrize("changes", [{"atr": None}, {"em": None}, {"atr": float("nan")}, {"em": 0.0}])
def test_a_watch_plan_without_a_ladder_is_a_document_too(changes: dict[str, Any]) -> None:
    told = make_document(**changes)
    assert (told.actionable, told.stop, told.targets, told.probabilities) == (False, None, (), ())
    assert told.reason_text is not None
    assert told.layers.stop is None
    assert decode(encode(told)) == told


def test_a_gate_names_the_events_that_hold_it() -> None:
    cause = GateCause("fomc-1", "fomc", "high", "minutes", AS_OF_NS)
    told = structured_plan(evaluate(ask()), IDENTITY, SESSION, gate=Gate.SUPPRESS, causes=[cause])
    assert json.loads(encode(told))["gate"] == {
        "state": "suppress",
        "events": [
            {"id": "fomc-1", "kind": "fomc", "severity": "high", "label": "minutes", "at": "2013-10-08T14:00:00Z"}
        ],
    }


@settings(max_examples=60, deadline=None)
@given(asked=questions())
def test_every_document_is_read_back_as_it_was_and_writes_the_same_bytes(asked: EngineInput) -> None:
    told = structured_plan(evaluate(asked), IDENTITY, SESSION, CONDITIONS)
    assert decode(encode(told)) == told
    assert encode(structured_plan(evaluate(asked), IDENTITY, SESSION, CONDITIONS)) == encode(told)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("plan_id", "with space"),
        ("version", 0),
        ("style", "day"),
        ("entry", {"type": "limit", "level": -1.0}),
        ("as_of", "yesterday"),
        ("options", {"legs": []}),
        ("colour", "green"),
    ],
)
def test_a_document_with_a_wrong_field_is_refused_by_name(field: str, value: Any) -> None:
    told = json.loads(encode(make_document())) | {field: value}
    with pytest.raises(msgspec.ValidationError, match=field):
        decode(json.dumps(told))


def test_a_document_that_lacks_a_field_is_refused() -> None:
    told = json.loads(encode(make_document()))
    del told["layers"]
    with pytest.raises(msgspec.ValidationError, match="layers"):
        decode(json.dumps(told))


def test_another_version_is_another_document() -> None:
    profile = evaluate(ask())
    told = structured_plan(profile, replace(IDENTITY, version=2), SESSION)
    assert (told.version, told.confidence.value, told.rationale[:4]) == (2, None, "long")
