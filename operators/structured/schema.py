"""The JSON schema of a structured plan, draft 2020-12, made from the types that read and write it."""

from typing import Any, Final

import msgspec

from operators.structured.document import StructuredPlan

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the schema as plain data; `$defs` holds every part."""
    return {"$schema": DIALECT, "title": "Structured plan", **msgspec.json.schema(StructuredPlan)}
