"""Failures as RFC 9457 problem details.  Rule: one line of what went wrong and what is allowed, never a traceback."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from api.methods import methods_at
from api.shapes.session import SessionOut
from operators.times import iso

MEDIA_TYPE: Final = "application/problem+json"


class FieldError(BaseModel):
    """What is wrong with one field."""

    field: str = Field(examples=["targets[1].price"])
    message: str = Field(examples=["got 99.0; for a long must be above entry 100.00"])


class ProblemOut(BaseModel):
    """Problem details (RFC 9457), with the session block of the instant of the request."""

    type: str = Field("about:blank", examples=["urn:fancy-trader:problem:not-found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["no plan P1"])
    instance: str = Field(examples=["/api/v1/plans/P1"])
    errors: list[FieldError] = Field(default_factory=list)
    session: SessionOut | None = None


class ProblemError(Exception):
    """A request that cannot be answered as asked."""

    def __init__(
        self, status: int, kind: str, detail: str, errors: Sequence[tuple[str, str]] = (), **headers: str
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail, self.errors, self.headers = status, kind, detail, errors, headers


def not_found(*words: str) -> ProblemError:
    """Nothing of that name was known at that instant; the words make the sentence."""
    return ProblemError(HTTPStatus.NOT_FOUND, "not-found", " ".join(filter(None, words)))


def no_plan(plan_id: str, as_of_ns: int | None = None, *words: str) -> ProblemError:
    """No plan of that id was registered by then."""
    return not_found("no plan", plan_id, "" if as_of_ns is None else f"at {iso(as_of_ns)}", *words)


def invalid(field: str, message: str) -> ProblemError:
    """One field cannot be read."""
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", f"{field}: {message}", [(field, message)])


def respond(request: HTTPConnection, problem: ProblemError) -> Response:
    """Write a problem as a response, and count it."""
    state = request.app.state
    state.metrics.problems.labels(problem.kind).inc()
    body = ProblemOut(
        type=f"urn:fancy-trader:problem:{problem.kind}",
        title=HTTPStatus(problem.status).phrase,
        status=problem.status,
        detail=" ".join(problem.detail.split()),
        instance=request.url.path,
        errors=[FieldError(field=field, message=message) for field, message in problem.errors],
        session=state.clockwork.session_or_none(state.settings.clock()),
    )
    text = body.model_dump_json()
    return Response(text, problem.status, media_type=MEDIA_TYPE, headers=dict(problem.headers))


async def on_problem(request: Request, error: Exception) -> Response:
    """Answer a ProblemError."""
    return respond(request, error) if isinstance(error, ProblemError) else await on_defect(request, error)


async def on_database(request: Request, error: Exception) -> Response:
    """Answer a database that cannot be used: try again, nothing is lost."""
    problem = ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "database", str(error))
    problem.headers = {"Retry-After": "1"}
    return respond(request, problem)


async def on_http(request: Request, error: Exception) -> Response:
    """Answer what the framework refuses: an unknown path, a method that is not there."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = str(error.detail) if isinstance(error, HTTPException) else ""
    problem = ProblemError(status, HTTPStatus(status).phrase.lower().replace(" ", "-"), detail)
    problem.headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        methods = methods_at(request.app.openapi(), request.url.path)
        problem.headers |= {"Allow": ", ".join(methods)} if methods else {}
    return respond(request, problem)


async def on_validation(request: Request, error: Exception) -> Response:
    """Answer a request whose parts do not have the documented shape, naming each field."""
    found: Sequence[Any] = error.errors() if isinstance(error, RequestValidationError) else ()
    errors = [(_field(each["loc"]), f"{each['msg']}{_given(each)}") for each in found]
    detail = "; ".join(f"{field}: {message}" for field, message in errors[:3])
    return respond(request, ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail, errors))


async def on_defect(request: Request, _error: Exception) -> Response:
    """Answer a defect of ours: the log has the traceback, the client does not."""
    return respond(request, ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "defect", "the server made a mistake"))


def _field(location: Sequence[Any]) -> str:
    parts = [part for part in location if part not in ("body", "query", "path", "header")]
    return ".".join(map(str, parts)) or "body"


def _given(error: Any) -> str:
    value = error.get("input")
    return f", got {value!r}" if isinstance(value, str | int | float) and len(repr(value)) <= 80 else ""


ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": ProblemOut, "description": text, "content": {MEDIA_TYPE: {}}}
    for status, text in (
        (401, "No key, or an unknown one."),
        (403, "The key does not allow this."),
        (404, "Not known at that instant."),
        (422, "A field that cannot be read; `errors` names it."),
        (429, "Too often; `Retry-After` says when to try again."),
        (500, "A defect of the server."),
        (503, "The database cannot be used now, or too many requests are under way; `Retry-After` says when."),
    )
}
