"""Reads that are asked for often: FastAPI's document, parameters and refusals, without its layers and its solving.

FastAPI looks at each dependency anew for all that one could be, and that takes as long as the read itself.  Here that
is looked at once, when the route is made; `ShortWay` asks these routes before FastAPI does.  Rule: a request that is
not plainly right goes the usual way, so that what it is told is FastAPI's own.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, Final

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.datastructures import State
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import ProblemError, on_database, on_problem
from api.turns import Turns
from sinks.errors import DatabaseError

Values = dict[str, Any]
FEW: Final = 100
"""Rows that are written within a moment."""


@dataclass(frozen=True, slots=True)
class _Field:
    """A parameter.  `default` is shared by all requests: those of these routes cannot be changed."""

    name: str
    alias: str
    required: bool
    default: Any
    validate: Any

    def read(self, given: Mapping[str, str], values: Values) -> bool:
        """Read it; False when it is not right."""
        text = given.get(self.alias)
        if text is None:
            values[self.name] = self.default
            return not self.required
        values[self.name], errors = self.validate(text, values, loc=(self.alias,))
        return not errors


@dataclass(frozen=True, slots=True)
class _Need:
    """Something to call with parameters.  What it tells goes to the need at `place`, under `name`, if it has one."""

    call: Any
    path: tuple[_Field, ...]
    query: tuple[_Field, ...]
    requests: tuple[str, ...]
    place: int
    name: str | None

    def read(self, request: Request, query: Mapping[str, str]) -> Values | None:
        """Its parameters; None when one is not right."""
        values: Values = dict.fromkeys(self.requests, request)
        for given, fields in ((request.path_params, self.path), (query, self.query)):
            for field in fields:
                if not field.read(given, values):
                    return None
        return values


class QuickRoute(APIRoute):
    """A GET whose parameters are single values of path and query, and whose dependencies are coroutines.

    It may be begun anew, and so does nothing but read.

    Raises TypeError for a route that asks for more than these can.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._needs = tuple(_needs(self.dependant))

    async def quickly(self, request: Request) -> Response | None:
        """Answer in a turn to read; None when the request is not plainly right.  All is read before any is called."""
        values: list[Values] = []
        query = dict(request.query_params)
        for need in self._needs:
            read = need.read(request, query)
            if read is None:
                return None
            values.append(read)
        *needs, asked = self._needs
        for need, known in zip(needs, values, strict=False):
            told = await need.call(**known)
            if need.name is not None:
                values[need.place][need.name] = told
        response: Response = await _read(request.app.state, partial(asked.call, **values[-1]))
        return response


async def _read(state: State, read: partial[Any]) -> Any:
    """Read in a turn, and at once where few rows of an open SQLite file will do."""
    turns: Turns = state.turns
    few = state.store.can_be_brief and read.keywords.get("limit", 0) <= FEW
    return await turns.take(read, state.store.briefly(state.settings.at_once_s) if few else None)


def _needs(dependant: Dependant, place: int = 0, before: int = 0) -> Iterator[_Need]:
    """Each dependency behind its own, as they are called; `before`: how many there are already."""
    sizes = [_size(each) for each in dependant.dependencies]
    own = before + sum(sizes)
    for each, size in zip(dependant.dependencies, sizes, strict=True):
        call: Any = each.call
        if not (iscoroutinefunction(call) or iscoroutinefunction(type(call).__call__)):
            msg = f"{call}: a dependency of a quick route must be a coroutine"
            raise TypeError(msg)
        yield from _needs(each, own, before)
        before += size
    if dependant.header_params or dependant.cookie_params or dependant.body_params:
        msg = f"{dependant.call}: a quick route takes nothing but path and query"
        raise TypeError(msg)
    requests = filter(None, (dependant.request_param_name, dependant.http_connection_param_name))
    path, query = _fields(dependant.path_params), _fields(dependant.query_params)
    yield _Need(dependant.call, path, query, tuple(requests), place, dependant.name)


def _size(dependant: Dependant) -> int:
    return 1 + sum(map(_size, dependant.dependencies))


def _fields(params: Iterable[Any]) -> tuple[_Field, ...]:
    return tuple(
        _Field(each.name, each.alias, each.field_info.is_required(), each.default, each.validate) for each in params
    )


class ShortWay:
    """Asks quick routes first, before the layers that FastAPI needs for all the others."""

    def __init__(self, app: ASGIApp, routes: Iterable[Any]) -> None:
        self.app, self._routes = app, [route for route in routes if isinstance(route, QuickRoute)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        asked = scope["type"] == "http" and scope["method"] == "GET" and not scope.get("root_path")
        response = await self._answer(scope) if asked else None
        await (response or self.app)(scope, receive, send)

    async def _answer(self, scope: Scope) -> Response | None:
        for route in self._routes:
            found = route.path_regex.match(scope["path"])
            if found is not None:
                scope["route"], scope["path_params"] = route, found.groupdict()
                request = Request(scope)
                try:
                    return await route.quickly(request)
                except ProblemError as error:
                    return await on_problem(request, error)
                except DatabaseError as error:
                    return await on_database(request, error)
        return None
