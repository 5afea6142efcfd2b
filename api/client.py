"""The client: `Client` for requests over HTTP, `stream` for plan events as they happen."""

from collections.abc import Iterator, Mapping
from typing import Any, Self, TypeVar

import httpx2
from pydantic import ValidationError

from api.following import GapError
from api.heard import Event, Heartbeat, Price, Reset, Snapshot
from api.plan_stream import HERE, PlanStream, RefusedError, authorization, stream
from api.problems import ProblemOut
from api.relay.wire import Place
from api.shapes.market import MarketEventList, MarketEventOut
from api.shapes.plans import (
    CommandAnswer,
    EventList,
    EventOut,
    Explanation,
    PlanDetail,
    PlanList,
    PlanOut,
    StructuredAnswer,
)
from api.shapes.session import Answer, SessionAnswer

__all__ = [
    "ApiError",
    "Client",
    "Event",
    "GapError",
    "Heartbeat",
    "Place",
    "PlanStream",
    "Price",
    "RefusedError",
    "Reset",
    "Snapshot",
    "stream",
]

_SHAPE = TypeVar("_SHAPE", bound=Answer)


class ApiError(RuntimeError):
    """The server said no: `status`, and `problem` with the fields that are wrong, if it said so much."""

    def __init__(self, status: int, text: str, problem: ProblemOut | None) -> None:
        super().__init__(f"{status}: {text}")
        self.status, self.problem = status, problem


class Client:
    """Requests over HTTP; to be closed, or used with `with`.  Answers are the API's own shapes.

    Instants are RFC 3339 with an offset, or ns since 1970 UTC.  Raises ApiError for what the server refuses, and
    httpx2's errors when it cannot be reached within `timeout_s`.
    """

    def __init__(self, url: str = HERE, *, key: str | None = None, timeout_s: float = 15.0) -> None:
        self._http = httpx2.Client(base_url=url, headers=authorization(key), timeout=timeout_s)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let go of its connections."""
        self._http.close()

    def plans(self, *, as_of: str | int | None = None, page: int = 500, **wanted: str) -> Iterator[PlanOut]:
        """Plans in order of plan_id, page by page.

        `wanted`: symbol, style, direction, phase, strategy, updated_since.
        """
        more: str | None = None
        while True:
            found = self.get("/api/v1/plans", PlanList, as_of=as_of, limit=page, cursor=more, **wanted)
            yield from found.plans
            more = found.next_cursor
            if more is None:
                return

    def plan(self, plan_id: str, *, as_of: str | int | None = None) -> PlanDetail:
        """One plan and its versions."""
        return self.get(f"/api/v1/plans/{plan_id}", PlanDetail, as_of=as_of)

    def events(
        self, plan_id: str, *, after: int = 0, as_of: str | int | None = None, page: int = 500
    ) -> Iterator[EventOut]:
        """What happened to a plan, in order of seq, page by page."""
        more: int | None = after
        while more is not None:
            path = f"/api/v1/plans/{plan_id}/events"
            found = self.get(path, EventList, after=more, as_of=as_of, limit=page)
            yield from found.events
            more = found.next_after

    def structured(self, plan_id: str, *, as_of: str | int | None = None) -> StructuredAnswer:
        """The scanner's plan, whole."""
        return self.get(f"/api/v1/plans/{plan_id}/structured", StructuredAnswer, as_of=as_of)

    def explain(self, plan_id: str, *, at: str | int | None = None) -> Explanation:
        """What a plan waits for, and why nothing happened."""
        return self.get(f"/api/v1/plans/{plan_id}/explain", Explanation, at=at)

    def session(self, *, at: str | int | None = None) -> SessionAnswer:
        """The market's clock."""
        return self.get("/api/v1/session", SessionAnswer, at=at)

    def market_events(self, *, as_of: str | int | None = None, page: int = 500, **wanted: str) -> list[MarketEventOut]:
        """The market events that were known; `wanted`: symbol."""
        found: list[MarketEventOut] = []
        more: str | None = None
        while True:
            answer = self.get("/api/v1/events", MarketEventList, as_of=as_of, limit=page, cursor=more, **wanted)
            found += answer.events
            more = answer.next_cursor
            if more is None:
                return found

    def register(self, plan: Mapping[str, Any], *, wait_ms: int = 0, once: str | None = None) -> CommandAnswer:
        """Ask the flow to watch a plan; `once`: an idempotency key, so that asking again asks nothing new.

        With `wait_ms` the answer holds where the plan stands, if the flow takes the command within that time.
        """
        return self.ask("POST", "/api/v1/plans", CommandAnswer, plan, once, wait=wait_ms)

    def replace(
        self, plan_id: str, plan: Mapping[str, Any], *, wait_ms: int = 0, once: str | None = None
    ) -> CommandAnswer:
        """Ask the flow to watch another version; see `register`."""
        return self.ask("PUT", f"/api/v1/plans/{plan_id}", CommandAnswer, plan, once, wait=wait_ms)

    def cancel(self, plan_id: str, *, wait_ms: int = 0, once: str | None = None) -> CommandAnswer:
        """Ask the flow to stop watching a plan; see `register`."""
        return self.ask("DELETE", f"/api/v1/plans/{plan_id}", CommandAnswer, None, once, wait=wait_ms)

    def watch(self, symbol: str, *, wait_ms: int = 0, once: str | None = None) -> CommandAnswer:
        """Ask the flow to follow and scan one more symbol; see `register`."""
        return self.ask("POST", "/api/v1/universe", CommandAnswer, {"symbol": symbol}, once, wait=wait_ms)

    def command(self, number: int) -> CommandAnswer:
        """What became of a command."""
        return self.get(f"/api/v1/commands/{number}", CommandAnswer)

    def get(self, path: str, shape: type[_SHAPE], **query: str | int | None) -> _SHAPE:
        """Read whatever has a shape; a query's None is left out."""
        return self.ask("GET", path, shape, None, None, **query)

    def ask(
        self,
        method: str,
        path: str,
        shape: type[_SHAPE],
        body: Mapping[str, Any] | None,
        once: str | None,
        **query: str | int | None,
    ) -> _SHAPE:
        """Send a request and read its answer."""
        given = {name: value for name, value in query.items() if value is not None}
        headers = {} if once is None else {"Idempotency-Key": once}
        response = self._http.request(method, path, params=given, json=body, headers=headers)
        if not response.is_success:
            raise _refusal(response)
        return shape.model_validate_json(response.content)


def _refusal(response: httpx2.Response) -> ApiError:
    try:
        problem = ProblemOut.model_validate_json(response.content)
    except ValidationError:  # not our server, or a proxy before it
        return ApiError(response.status_code, response.text[:200], None)
    return ApiError(response.status_code, problem.detail, problem)
