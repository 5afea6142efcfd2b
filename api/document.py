"""The OpenAPI document: what FastAPI makes of the routes, with what holds for all of them said once, here.

Every failure is an RFC 9457 problem; reads carry an entity tag; every answer, parameter and body has an example.
"""

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from api.examples import example_of
from api.problems import MEDIA_TYPE
from api.shapes.plan_schema import plan_schemas

Json = dict[str, Any]

BODY_PROBLEMS: Final = {
    "400": "A body that is no JSON.",
    "408": "A body that did not come in time.",
    "413": "A body that is too long.",
}
UNCHANGED: Final = {"description": "If-None-Match names the tag of the answer: the client has it already."}
TAG: Final = {
    "description": "The tag of the answer, weak: it leaves out the clock.",
    "schema": {"type": "string"},
    "example": 'W/"0123456789abcdef0123456789abcdef"',
}
IF_NONE_MATCH: Final = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "Tags of answers that the client has.",
    "schema": {"type": "string"},
    "example": 'W/"0123456789abcdef0123456789abcdef"',
}
RETRY_AFTER: Final = {"description": "Seconds to wait.", "schema": {"type": "integer"}, "example": 1}
LATER: Final = (429, 503)
UNTAGGED: Final = ("/healthz", "/readyz", "/metrics", "/sse/plans")


def name_of(route: APIRoute) -> str:
    """The name of an operation: that of its function."""
    return route.name


def document_of(app: FastAPI) -> Json:
    """Write the document of an application; it is made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
        )
        document["components"]["schemas"] |= plan_schemas()
        for path, method, operation in operations_of(document):
            _amend(document, path, method, operation)
        app.openapi_schema = document
    return app.openapi_schema


def text_of(document: Json) -> str:
    """Write the document as a file holds it."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def operations_of(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Every operation with its path and method."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield path, method, operation


def _amend(document: Json, path: str, method: str, operation: Json) -> None:
    responses: Json = operation["responses"]
    if "requestBody" in operation:
        responses |= {status: {"description": text} for status, text in BODY_PROBLEMS.items()}
        for content in operation["requestBody"]["content"].values():
            content.setdefault("example", example_of(document, content["schema"]))
    for status, response in list(responses.items()):
        if status >= "400":
            responses[status] = _shared(document, int(status), response["description"])
            continue
        for content in response.get("content", {}).values():
            if "schema" in content:  # an event stream has a schema of each event, and its own example
                content.setdefault("example", example_of(document, content["schema"]))
    if method == "get" and path not in UNTAGGED:
        operation.setdefault("parameters", []).append(IF_NONE_MATCH)
        responses["200"].setdefault("headers", {})["ETag"] = TAG
        responses["304"] = UNCHANGED
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _not_null(parameter["schema"])
        if "example" not in parameter and "examples" not in parameter:
            parameter["example"] = example_of(document, parameter["schema"])
    operation["responses"] = dict(sorted(responses.items()))


def _not_null(schema: Json) -> Json:
    """What a parameter may be: it is left out, or there; null is no text of a URL."""
    choices = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(choices) != 1:
        return schema
    return {**choices[0], **{name: each for name, each in schema.items() if name != "anyOf"}}


def _shared(document: Json, status: int, description: str) -> Json:
    """Write a problem once, whoever answers with it; return a reference to it."""
    kept = document["components"].setdefault("responses", {})
    name = f"Problem{status}"
    while kept.get(name, {}).get("description", description) != description:
        name += "b"
    kept[name] = _problem(document, status, description)
    return {"$ref": f"#/components/responses/{name}"}


def _problem(document: Json, status: int, description: str) -> Json:
    schema = {"$ref": "#/components/schemas/ProblemOut"}
    title = HTTPStatus(status).phrase
    kind = title.lower().replace(" ", "-")
    told = {"type": f"urn:fancy-trader:problem:{kind}", "title": title, "status": status}
    shown = {**example_of(document, schema), **told, "detail": description}
    if status != HTTPStatus.UNPROCESSABLE_ENTITY:
        shown["errors"] = []
    content = {MEDIA_TYPE: {"schema": schema, "example": shown}}
    headers = {"headers": {"Retry-After": RETRY_AFTER}} if status in LATER else {}
    return {"description": description, **headers, "content": content}
