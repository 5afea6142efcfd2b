"""Examples of values that a JSON schema allows, put together from the examples of their fields."""

from typing import Any

Json = dict[str, Any]


def example_of(document: Json, schema: Json) -> Any:
    """Return a value that the schema allows, with references looked up in the document.

    >>> example_of({}, {"type": "object", "properties": {"a": {"type": "string", "examples": ["x"]}}})
    {'a': 'x'}
    >>> example_of({}, {"anyOf": [{"type": "integer", "minimum": 3}, {"type": "null"}]})
    3
    """
    if "$ref" in schema:
        return example_of(document, resolved(document, schema["$ref"]))
    for given in (schema.get("examples"), schema.get("enum")):
        if given:
            return given[0]
    for key in ("const", "default"):
        if schema.get(key) is not None:
            return schema[key]
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return example_of(document, schema[key][0])
    return _of_type(document, schema)


def resolved(document: Json, reference: str) -> Json:
    """Look a reference up."""
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    schema: Json = found
    return schema


def _of_type(document: Json, schema: Json) -> Any:
    match schema.get("type"):
        case "object":
            return {name: example_of(document, each) for name, each in schema.get("properties", {}).items()}
        case "array":
            return [example_of(document, schema["items"])] if "items" in schema else []
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return "text"
