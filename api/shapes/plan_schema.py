"""The JSON schema of a plan as people write it, made of the value that the rules read it into, so that both agree.

What no schema can say (a stop beyond the entry, targets in order) the rules say, naming the field.
"""

from typing import Any, Final

import msgspec

from api.names import INSTANT, PLAN
from operators.plan_reading import PlanIn
from operators.plans import MAX_TARGETS
from operators.tickers import TICKER

Json = dict[str, Any]
SCHEMAS: Final = "#/components/schemas/"
EXAMPLE: Final = {
    "plan_id": "aig-dip",
    "symbol": "AIG",
    "style": "intraday",
    "direction": "long",
    "entry": {"type": "limit", "price": 48.9},
    "stop": 48.5,
    "targets": [{"price": 49.5, "fraction": 0.5}, {"price": 50.0, "fraction": 0.5}],
}
NAMES: Final = {"_EntryIn": "PlanEntry", "_TargetIn": "PlanTarget", "_TrailIn": "PlanTrail"}
_ABOUT: Final = "A plan: short forms and defaults as in plans.json.  The rules check it and name the field."
_INSTANT: Final = [
    {"type": "integer", "minimum": 0, "description": "ns since 1970 UTC"},
    {"type": "string", "pattern": INSTANT},
    {"type": "null"},
]
_NARROWER: Final[dict[str, Json]] = {
    "plan_id": {"pattern": PLAN},
    "symbol": {"pattern": f"^{TICKER}$"},
    "targets": {"minItems": 1, "maxItems": MAX_TARGETS},
    "version": {"minimum": 1},
    "valid_from": {"anyOf": _INSTANT},
    "expires_at": {"anyOf": _INSTANT},
    "sessions": {"items": {"type": "string", "enum": ["pre", "regular", "post"]}},
    "breakeven_after": {"minimum": 0},
}


def plan_schemas() -> dict[str, Json]:
    """The schemas by name: `PlanBody` of a new plan, `PlanChange` of another version, and their parts."""
    _, found = msgspec.json.schema_components([PlanIn], ref_template=SCHEMAS + "{name}")
    schemas: dict[str, Json] = _renamed(found)
    body = {**schemas.pop("PlanIn"), "title": "PlanBody", "description": _ABOUT, "examples": [EXAMPLE]}
    body["properties"] = {name: {**each, **_NARROWER.get(name, {})} for name, each in body["properties"].items()}
    body["properties"]["on_event"] = {"type": "string", "enum": ["defined_risk", "suppress"], "default": "defined_risk"}
    body["properties"]["entry"]["anyOf"][1] = {"const": "market"}
    change = {**body, "title": "PlanChange", "required": [name for name in body["required"] if name != "plan_id"]}
    change["examples"] = [{name: each for name, each in EXAMPLE.items() if name != "plan_id"}]
    return {**schemas, "PlanBody": body, "PlanChange": change}


def _renamed(found: Any) -> Any:
    """The same, with names that clients may see."""
    if isinstance(found, dict):
        return {NAMES.get(name, name): _renamed(each) for name, each in found.items()}
    if isinstance(found, list):
        return [_renamed(each) for each in found]
    if isinstance(found, str):
        head, name = (SCHEMAS, found.removeprefix(SCHEMAS)) if found.startswith(SCHEMAS) else ("", found)
        return head + NAMES.get(name, name)
    return found
