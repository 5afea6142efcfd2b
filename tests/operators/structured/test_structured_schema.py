"""The exported JSON schema: draft 2020-12, closed, and true of every document."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings

from operators.engine.evaluation import evaluate
from operators.engine.inputs import EngineInput
from operators.structured.build import encode, structured_plan
from operators.structured.schema import json_schema
from tests.operators.engine.engine_cases import questions
from tests.operators.structured.plan_cases import CONDITIONS, IDENTITY, SESSION, make_document

SCHEMA = json_schema()
IS_A: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}
BOUNDS: dict[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda value, bound: value >= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "maximum": lambda value, bound: value <= bound,
    "pattern": lambda value, bound: re.search(bound, value) is not None,
    "enum": lambda value, bound: value in bound,
}
UNDERSTOOD = {"$ref", "anyOf", "type", "properties", "required", "additionalProperties", "items", *BOUNDS}
SAYS_NOTHING = {"title", "description"}


def faults(schema: dict[str, Any], value: Any, where: str = "") -> Iterator[str]:
    """Validate as draft 2020-12 does, for the keywords that the schema uses."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    assert schema.keys() <= UNDERSTOOD | SAYS_NOTHING, where
    if "anyOf" in schema and all(list(faults(each, value, where)) for each in schema["anyOf"]):
        yield f"{where}: none of the alternatives"
    if "type" in schema and not IS_A[schema["type"]](value):
        yield f"{where}: no {schema['type']}"
        return
    for keyword, holds in BOUNDS.items():
        if keyword in schema and not holds(value, schema[keyword]):
            yield f"{where}: {keyword}"
    if schema.get("type") == "object":
        yield from missing_or_more(schema, value, where)
        for name in value.keys() & schema["properties"].keys():
            yield from faults(schema["properties"][name], value[name], f"{where}.{name}")
    if schema.get("type") == "array":
        for index, each in enumerate(value):
            yield from faults(schema["items"], each, f"{where}[{index}]")


def missing_or_more(schema: dict[str, Any], value: dict[str, Any], where: str) -> Iterator[str]:
    """Fields that are required and not there, or there and not allowed."""
    assert schema["additionalProperties"] is False, where
    for name in sorted(set(schema["required"]) ^ value.keys()):
        yield f"{where}: {name}"


def test_it_says_which_draft_it_is_and_describes_one_object() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["$ref"] == "#/$defs/StructuredPlan"
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


def test_every_part_is_closed_and_every_field_required() -> None:
    """A field that may be absent would be one more thing to guess."""
    parts = {name: part for name, part in SCHEMA["$defs"].items() if part.get("type") == "object"}
    assert len(parts) > 12
    for name, part in parts.items():
        assert part["additionalProperties"] is False, name
        assert set(part["required"]) == set(part["properties"]), name


def test_the_words_of_the_schema_are_those_of_the_rules() -> None:
    words = {name: part["enum"] for name, part in SCHEMA["$defs"].items() if "enum" in part}
    assert set(words["Style"]) == {"scalp", "intraday", "swing", "leap"}
    assert set(words["Verdict"]) >= {"TAKEN", "RR_FLOOR", "BEYOND_EM", "TOO_CLOSE", "WRONG_SIDE", "WEAKER"}


@settings(max_examples=40, deadline=None)
@given(asked=questions())
def test_every_document_fits_the_schema(asked: EngineInput) -> None:
    told = encode(structured_plan(evaluate(asked), IDENTITY, SESSION, CONDITIONS))
    assert list(faults(SCHEMA["$defs"]["StructuredPlan"], json.loads(told))) == []


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("version", 0, ".version: minimum"),
        ("plan_id", "with space", ".plan_id: pattern"),
        ("direction", "up", ".direction: enum"),
        ("stop", -1.0, ".stop: none of the alternatives"),
        ("options", {}, ".options: no null"),
        ("colour", "green", ": colour"),
    ],
)
def test_a_document_with_a_wrong_field_does_not_fit(field: str, value: Any, fault: str) -> None:
    """Otherwise the test above would hold of a schema that allows everything."""
    told = json.loads(encode(make_document())) | {field: value}
    assert list(faults(SCHEMA["$defs"]["StructuredPlan"], told)) == [fault]
